import Foundation

/// Measures by how much the process grows during a case.
///
/// The kernel keeps the largest resident size; it is set back to the present one where a case has raised it.
struct MemoryWatch {
  private var before = 0
  private let reset = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)

  init() { setBack() }

  mutating func begin() {}

  /// Bytes that the case needed at its peak beyond what there was before.
  mutating func end() -> Int {
    let peak = Self.peak
    let growth = max(0, peak - before)
    if growth > 1 << 20 { setBack() }
    return growth
  }

  private mutating func setBack() {
    _ = write(reset, "5", 1)
    before = Self.peak
  }

  private static var peak: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss << 10
    #endif
  }
}
