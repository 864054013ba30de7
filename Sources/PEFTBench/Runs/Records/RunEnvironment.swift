import Foundation
import PEFTCore

/// Where a run took place; none of it changes a number.
package struct RunEnvironment: RecordPart, Hashable {
  /// The version of this program.
  package var version: String?
  /// The processor's name.
  package var cpu: String?
  /// Worker threads.
  package var threads: Int?
  /// The operating system.
  package var os: String?
  /// The compiler's version.
  package var swift: String?
  /// `release` or `debug`.
  package var build: String?

  package init() {}

  /// This process, with that many worker threads.
  init(threads: Int) {
    version = Version.current
    cpu = Self.processor
    self.threads = threads
    os = ProcessInfo.processInfo.operatingSystemVersionString
    swift = Self.compiler
    build = Self.configuration
  }

  package static let members: [RecordMember<Self>] = [
    .nullable("version", \.version), .nullable("cpu", \.cpu), .nullable("threads", \.threads),
    .nullable("os", \.os), .nullable("swift", \.swift), .nullable("build", \.build),
  ]

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

  private static var configuration: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}
