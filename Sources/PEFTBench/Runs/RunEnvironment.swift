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
