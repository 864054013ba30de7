import Foundation

/// The process that started this one.
enum ParentProcess {
  /// Has the system send SIGTERM to this process when its parent ends, however that ends.
  ///
  /// A parent that has ended before is known by the end of standard input, which a worker waits for anyway. Where the
  /// system has no such service, that end alone tells.
  static func passOnItsEnd() {
    #if canImport(Glibc)
      // Swift imports no functions with variable arguments.
      guard let place = dlsym(nil, "prctl") else { return }
      typealias Prctl = @convention(c) (_ option: Int32, UInt, UInt, UInt, UInt) -> Int32
      let setParentDeathSignal: Int32 = 1
      _ = unsafeBitCast(place, to: Prctl.self)(setParentDeathSignal, UInt(SIGTERM), 0, 0, 0)
    #endif
  }
}
