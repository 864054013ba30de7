import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads whose creation is checked.
///
/// At a limit on processes and threads, Foundation's `Thread` says nothing when none is made, and Dispatch tries again
/// once a second for as long as it takes; both look like a hang.
public enum CheckedThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Whether the process has a limit on its address space (`ulimit -v`), in which threads' stacks must find room.
  static let isAddressSpaceLimited: Bool = {
    #if canImport(Glibc)
      var limit = rlimit()
      // No limit is the largest number.
      return getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 && Int(exactly: limit.rlim_cur) != nil
    #else
      return false
    #endif
  }()

  /// Runs `body` on a thread of its own; returns whether there is one.
  public static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = create(body, stackBytes: nil) else { return false }
    pthread_detach(thread)
    return true
  }

  /// How many of `wanted` threads can be made at this moment, beside those that there are.
  ///
  /// They are made and ended again: no other question has a reliable answer, since limits count the threads of all
  /// processes of a user or of a control group. Their stacks are small, unless the address space is limited: then they
  /// are as large as those of the threads that are asked about.
  public static func room(for wanted: Int) -> Int {
    let gate = DispatchSemaphore(value: 0)
    var threads: [pthread_t] = []
    let stackBytes = isAddressSpaceLimited ? nil : 1 << 16
    while threads.count < wanted, let waiter = create({ gate.wait() }, stackBytes: stackBytes) {
      threads.append(waiter)
    }
    for _ in threads { gate.signal() }
    for thread in threads { pthread_join(thread, nil) }
    return threads.count
  }

  private static func create(_ body: @escaping @Sendable () -> Void, stackBytes: Int?) -> pthread_t? {
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
      pthread_attr_destroy(attributes)
      attributes.deallocate()
    }
    if let stackBytes { pthread_attr_setstacksize(attributes, stackBytes) }
    let argument = Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = pthread_create(&thread, attributes, { CheckedThread.enter($0) }, argument)
    #else
      var thread = pthread_t()
      let result = pthread_create(&thread, attributes, { CheckedThread.enter($0) }, argument)
    #endif
    guard result == 0 else {
      Unmanaged<Body>.fromOpaque(argument).release()
      return nil
    }
    return thread
  }

  private static func enter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
}
