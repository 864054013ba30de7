import Foundation
import Testing

/// Runs the built binary, which lies beside the test bundle.
enum SpawnedProgram {
  struct Result {
    let status: Int32
    let output: String
    let diagnostics: String
    let seconds: Double
  }

  static var binary: URL {
    get throws {
      let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
      let candidates = [folder, folder.deletingLastPathComponent()].map { $0.appending(path: "peft-bench") }
      return try #require(
        candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
        "no peft-bench beside \(folder.path)")
    }
  }

  /// Whether these tests, and with them the program, are watched by a sanitizer.
  static var isSanitized: Bool {
    ProcessInfo.processInfo.environment.keys.contains { $0.hasSuffix("SAN_OPTIONS") }
  }

  /// Runs the program, or a line of bash in which `$PROGRAM` is the program.
  static func run(
    _ arguments: [String], shell: String? = nil, environment: [String: String] = [:], input: String = ""
  ) throws -> Result {
    let process = Process()
    process.executableURL = try shell == nil ? binary : URL(filePath: "/bin/bash")
    process.arguments = shell.map { ["-c", $0] } ?? arguments
    // Nothing of the caller's surroundings but what is said to sanitizers.
    let options = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
    process.environment = options.merging(["PATH": "/usr/bin:/bin", "PROGRAM": try binary.path]) { $1 }
      .merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory.appending(path: "spawned-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, since a pipe that nobody reads yet would stop the program when it is full.
    let files = try ["in", "out", "err"].map { name in
      let file = folder.appending(path: name)
      try Data(name == "in" ? input.utf8 : "".utf8).write(to: file)
      return file
    }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    let start = ProcessInfo.processInfo.systemUptime
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try String(contentsOf: files[1], encoding: .utf8),
      diagnostics: try String(contentsOf: files[2], encoding: .utf8),
      seconds: ProcessInfo.processInfo.systemUptime - start)
  }
}
