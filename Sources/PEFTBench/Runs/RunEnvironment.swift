import Foundation
import PEFTCore

/// Where a run took place; none of it changes a number.
enum RunEnvironment {
  static func json(threads: Int) -> JSONValue {
    [
      "version": JSONValue(Version.current), "cpu": JSONValue(processor), "threads": JSONValue(threads),
      "os": JSONValue(ProcessInfo.processInfo.operatingSystemVersionString), "swift": JSONValue(compiler),
      "build": JSONValue(build),
    ]
  }

  private static let processor: String = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    return name ?? architecture
  }()

  private static var architecture: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }

  private static var compiler: String {
    #if compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }

  private static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}

/// Memory of this process as the system counts it.
public enum ProcessMemory {
  /// Most bytes that were resident at one time since the last reset or the start of the process, 0 where the system does not tell.
  public static var peakResidentBytes: Int { field("VmHWM:") }

  /// Lets the peak begin anew from what is resident now, where the system can do that (Linux).
  static func resetPeak() {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    try? file.write(contentsOf: Data("5".utf8))
    try? file.close()
  }

  /// The limit on the process's address space in bytes, nil where there is none.
  public static var addressSpaceLimit: Int? {
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
