import Dispatch

/// Runs independent pieces of a kernel on several threads.
///
/// Work is cut into pieces by the problem's shape, never by the number of threads, and each output element
/// is written by exactly one piece; so a result has the same bits with any number of threads. Which thread
/// takes which piece is decided while running (a shared counter), which balances pieces of unequal length.
public struct Workers: Sendable {
  /// Threads used at once, at least 1.
  public let count: Int
  /// Where the time of each piece of parallel work is noted; nil in everyday work.
  public let profile: KernelProfile?

  /// One thread: the caller's own.
  public static let one = Workers(count: 1)

  /// Nobody: pieces are left undone.
  static let absent = Workers()

  private let crew: HelperCrew
  private let isAbsent: Bool

  /// Creates a crew of `count` threads, or of fewer where a limit on processes and threads leaves no room for that
  /// many.
  public init(count: Int, profile: KernelProfile? = nil) {
    self.count = count > 1 ? 1 + CheckedThread.room(for: count - 1) : 1
    self.profile = profile
    crew = HelperCrew(count: self.count)
    isAbsent = false
  }

  private init() {
    (count, profile, isAbsent) = (1, nil, true)
    crew = HelperCrew(count: 1)
  }

  /// Calls `body` with `byteCount` bytes of uninitialized memory (64-byte aligned), such as several regions share.
  func withScratch(_ byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
    crew.shelf.withMemory(byteCount, body)
  }

  /// Calls `body` once for each piece in `0..<pieces`, and returns when all are done.
  ///
  /// - Precondition: Pieces write to disjoint memory and read nothing that another piece writes.
  @inline(__always)
  public func run(pieces: Int, as kind: KernelKind = .elementwise, _ body: (_ piece: Int) -> Void) {
    run(pieces: pieces, scratchBytes: 0, as: kind) { piece, _ in body(piece) }
  }

  /// As `run(pieces:_:)`, with `scratchBytes` of uninitialized memory (64-byte aligned) a thread.
  ///
  /// A piece must not expect to find in the scratch what an earlier piece left there.
  ///
  /// - Parameters:
  ///   - kind: What is computed, for the profile.
  ///   - operations: Multiplications and additions of all pieces, for the profile.
  public func run(
    pieces: Int, scratchBytes: Int, as kind: KernelKind = .elementwise, operations: Int = 0,
    _ body: (_ piece: Int, _ scratch: UnsafeMutableRawPointer) -> Void
  ) {
    guard pieces > 0, !isAbsent else { return }
    guard let profile else { return crew.run(pieces: pieces, scratchBytes: scratchBytes, body) }
    let start = DispatchTime.now().uptimeNanoseconds
    crew.run(pieces: pieces, scratchBytes: scratchBytes, body)
    let end = DispatchTime.now().uptimeNanoseconds
    profile.add(kind, pieces: pieces, operations: Double(operations), seconds: Double(end - start) * 1e-9)
  }
}
