import Foundation
import Testing

/// `scripts/perf-gate.sh` on programs that say what they are told to.
@Suite("The performance gate") struct PerformanceGateTests {
  /// A program that measures these shares of the kernel and of the step, and this speed, each up to a tenth off.
  private static func program(
    _ workspace: Workspace, _ name: String, kernel: Double = 0.75, step: Double = 0.6, speed: Double = 1000,
    level: String = "x86-64-v4"
  ) throws -> String {
    let script = """
      #!/bin/bash
      if [[ $1 == version ]]; then printf '{\\n  "version": "0",\\n  "cpu": "\(level)"\\n}\\n'; exit; fi
      awk -v draw=$RANDOM 'BEGIN {
        noise = 0.9 + 0.2 * draw / 32768
        printf "{\\n  \\"tokens_per_second\\": %.6f,\\n  \\"profile\\": {\\n    \\"in_turn\\": {\\n", \(speed) * noise
        printf "      \\"kernel_share_of_peak\\": %.6f,\\n", \(kernel) * noise
        printf "      \\"step_share_of_kernel\\": %.6f\\n    },\\n    \\"kernels\\": {}\\n  }\\n}\\n", \(step) * noise
      }'
      """
    let file = workspace.folder.appending(path: name)
    try Data(script.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    return file.path
  }

  private static func run(_ arguments: String...) throws -> SpawnedProgram.Result { try run(arguments: arguments) }

  private static func run(arguments: [String]) throws -> SpawnedProgram.Result {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized.path
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    return try SpawnedProgram.run([], shell: "'\(root)/scripts/perf-gate.sh' \(quoted)")
  }

  @Test("What fell is named with the status 1, and what holds passes") func shares() throws {
    let workspace = try Workspace()
    let good = try Self.run(try Self.program(workspace, "good"))
    #expect(good.status == 0 && good.diagnostics.isEmpty && !good.output.contains("fell"), "\(good)")
    #expect(good.output.contains("x86-64-v4, 15 rounds") && good.output.contains("ia3: step share of kernel"))
    let slow = try Self.run("--rounds", "8", try Self.program(workspace, "slow", kernel: 0.2))
    #expect(slow.status == 1 && slow.output.contains("x86-64-v4, 8 rounds"))
    #expect(slow.diagnostics.contains("lora: kernel share of peak: 0.") && !slow.diagnostics.contains("step share"))
    let idle = try Self.run("--rounds", "8", try Self.program(workspace, "idle", step: 0.1))
    #expect(idle.status == 1 && idle.diagnostics.contains("ia3: step share of kernel: 0."))
    #expect(!idle.diagnostics.contains("kernel share of peak"))
    let other = try Self.run("--rounds", "3", try Self.program(workspace, "other", kernel: 0.1, level: "arm64"))
    #expect(other.status == 0 && other.diagnostics.contains("no bounds for arm64"))
  }

  @Test("Of two builds the slower one falls where noise cannot explain it") func ratio() throws {
    let workspace = try Workspace()
    let old = try Self.program(workspace, "old")
    let equal = try Self.run(old, try Self.program(workspace, "equal"))
    #expect(equal.status == 0 && equal.output.contains("new over old, 15 rounds"), "\(equal)")
    let slow = try Self.run(old, try Self.program(workspace, "slow", speed: 600))
    #expect(slow.status == 1 && slow.diagnostics.contains("lora: tokens a second: 0."), "\(slow)")
    #expect(try Self.run(old, try Self.program(workspace, "fast", speed: 3000)).status == 0)
  }

  @Test("What cannot be measured is told with the status 2") func errors() throws {
    let workspace = try Workspace()
    let program = try Self.program(workspace, "old")
    for (arguments, message) in [
      (["nowhere"], "there is no program at nowhere"), (["--rounds", "0"], "expected a whole number"),
      (["--round"], "there is no option --round"), (["--model", "nowhere", program], "there is no model at nowhere"),
      ([program, program, program], "expected one program, or an old and a new one"),
      (["/bin/false"], "/bin/false version failed"), ([program, "/bin/false"], "/bin/false bench failed"),
      ([program, "/bin/true"], "expected a number, found nothing"),
    ] {
      let result = try Self.run(arguments: arguments)
      #expect(result.status == 2 && result.diagnostics.contains(message), "\(arguments): \(result)")
    }
  }
}
