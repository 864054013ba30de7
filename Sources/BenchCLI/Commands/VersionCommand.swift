import PEFTBench
import PEFTCore

/// `version`, also `--version`.
enum VersionCommand {
  static let command = Command(
    name: "version", summary: "Print the version and how the program was built.", options: [.json],
    examples: [
      .init(line: "peft-bench --version", meaning: "The version in one line."),
      .init(line: "peft-bench version --json", meaning: "The same for a script."),
    ],
    run: { arguments, console in
      if arguments.flag("json") {
        console.print(json: [
          "version": .string(Version.current), "cpu": .string(CPUCheck.level), "build": .string(build),
        ])
      } else {
        console.print("peft-bench \(Version.current) (\(CPUCheck.level), \(build))")
      }
      return .done
    })

  #if DEBUG
    private static let build = "debug"
  #else
    private static let build = "release"
  #endif
}
