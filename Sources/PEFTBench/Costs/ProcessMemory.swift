import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Memory of this process as the system counts it.
package enum ProcessMemory {
  /// Most bytes that were resident at one time since the last reset or the start of the process, 0 where the system does not tell.
  package static var peakResidentBytes: Int { field("VmHWM:") }

  /// Gives the system back what was freed on the heap, such as what reading a tokenizer left; glibc would keep it.
  package static func releaseFreed() {
    #if canImport(Glibc)
      // Swift's module of glibc does not declare it.
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
    #endif
  }

  /// Restarts the peak from what is in use now, where the system can do that (Linux).
  static func resetPeak() {
    releaseFreed()
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    try? file.write(contentsOf: Data("5".utf8))
    try? file.close()
  }

  /// The limit on the process's address space in bytes, nil where there is none.
  package static var addressSpaceLimit: Int? {
    #if canImport(Glibc)
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
      // No limit is the largest number.
      return Int(exactly: limit.rlim_cur)
    #else
      return nil
    #endif
  }

  private static func field(_ name: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return 0 }
    let digits = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }
    return (digits.first ?? 0) * 1024
  }
}
