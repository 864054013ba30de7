import Foundation
import PEFTBench
import PEFTCore

/// What the process does where it can only end: it says why in one line, and ends with a status of its own.
///
/// Handlers run wherever the process happens to be, so they use nothing that allocates or locks.
enum FatalSignals {
  /// Gives the signals that a full disk, a limit, a missing stream or a broken mapping raise a proper outcome.
  static func install() {
    // A reader that goes away (`peft-bench report DIR | head`) shows as an error of write, which ends quietly.
    signal(SIGPIPE, SIG_IGN)
    // A file that reaches the limit on its size shows as an error of write too.
    signal(SIGXFSZ, SIG_IGN)
    // Ctrl-\ ends the process at once; the language's runtime would take it for a crash, report it and go on.
    signal(SIGQUIT, SIG_DFL)
    // Threads of Dispatch block it, and a program that one of them starts inherits that.
    var quit = sigset_t()
    sigemptyset(&quit)
    sigaddset(&quit, SIGQUIT)
    pthread_sigmask(SIG_UNBLOCK, &quit, nil)
    // The standard library aborts when it gets no memory, after a line that says so. Where address space is short, it may
    // get none for the rest of its report either, and fault in it.
    let isShort = ProcessMemory.addressSpaceLimit != nil
    for number in isShort ? [SIGABRT, SIGSEGV] : [SIGABRT] {
      signal(number) { _ in
        FatalSignals.write("error: the process ended for lack of memory or by a defect, as the line above says; ")
        FatalSignals.end("complete runs stay, and the same command continues")
      }
    }
    #if os(Linux)
      onBusError { _, information, _ in
        FatalSignals.tellOfBus(UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr))
        FatalSignals.end("complete runs stay, and the same command continues")
      }
    #else
      onBusError { _, information, _ in
        FatalSignals.tellOfBus(UInt(bitPattern: information?.pointee.si_addr))
        FatalSignals.end("complete runs stay, and the same command continues")
      }
    #endif
  }

  /// Has this process, which is a worker, end by the signals that a defect or a fault of the machine raises, so that its
  /// parent sees which one it was.
  static func leaveToParent() {
    for number in [SIGABRT, SIGILL, SIGTRAP, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
    #if os(Linux)
      onBusError { number, information, _ in
        FatalSignals.tellOfBus(UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr))
        FatalSignals.endBySignal(number)
      }
    #else
      onBusError { number, information, _ in
        FatalSignals.tellOfBus(UInt(bitPattern: information?.pointee.si_addr))
        FatalSignals.endBySignal(number)
      }
    #endif
  }

  private typealias Handler = @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

  private static func onBusError(_ handler: @escaping Handler) {
    var action = sigaction()
    action.sa_flags = Int32(SA_SIGINFO)
    #if os(Linux)
      action.__sigaction_handler.sa_sigaction = handler
    #else
      action.__sigaction_u.__sa_sigaction = handler
    #endif
    sigaction(SIGBUS, &action, nil)
  }

  /// Opens the standard streams that are closed.
  ///
  /// Otherwise the next file that is opened would take the number of one, and what is printed would be written into it.
  static func occupyStandardStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // For reading only, so that writing fails as it would have. The lowest free number is this one.
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// Keeps the allocator from setting address space aside for every thread where there is little of it.
  static func saveAddressSpace() {
    #if canImport(Glibc)
      guard ProcessMemory.addressSpaceLimit != nil, let place = dlsym(nil, "mallopt") else { return }
      typealias Mallopt = @convention(c) (_ parameter: Int32, _ value: Int32) -> Int32
      let mostArenas: Int32 = -8
      _ = unsafeBitCast(place, to: Mallopt.self)(mostArenas, 1)
    #endif
  }

  /// Names the file whose mapping an address is in, as far as there is one.
  private static func tellOfBus(_ address: UInt) {
    write("error: ")
    guard let path = MappedFiles.path(at: address) else {
      return write("a bus error: a file became shorter while it was read, or memory is damaged; ")
    }
    for place in 0..<strlen(path) {
      // Nothing that a terminal obeys; a name's other bytes may be of any script.
      var byte = UInt8(truncatingIfNeeded: path[place])
      if byte < 0x20 || byte == 0x7F { byte = UInt8(ascii: "?") }
      _ = Foundation.write(STDERR_FILENO, &byte, 1)
    }
    write(": the file became shorter while it was read, or its disk failed; ")
  }

  /// Ends the process by a signal that is being handled.
  private static func endBySignal(_ number: Int32) {
    write("\n")
    signal(number, SIG_DFL)
    // It is blocked until the handler returns.
    raise(number)
  }

  private static func end(_ message: StaticString) -> Never {
    write(message)
    write("\n")
    _exit(ExitStatus.failed.rawValue)
  }

  private static func write(_ message: StaticString) {
    _ = Foundation.write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
  }
}
