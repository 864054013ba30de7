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
    return processor(cpuinfo: text) ?? architecture
  }()

  /// The processor's name, or on arm64, where Linux gives none, who made it and the numbers of the kinds of cores.
  static func processor(cpuinfo: String) -> String? {
    var (implementer, parts) = (String?.none, [String]())
    for line in cpuinfo.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard fields.count == 2 else { continue }
      switch fields[0] {
      case "model name": return fields[1]
      case "CPU implementer": implementer = fields[1]
      case "CPU part": if !parts.contains(fields[1]) { parts.append(fields[1]) }
      default: break
      }
    }
    guard let implementer, !parts.isEmpty else { return nil }
    return "\(architecture), implementer \(implementer), part \(parts.joined(separator: " and "))"
  }

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
