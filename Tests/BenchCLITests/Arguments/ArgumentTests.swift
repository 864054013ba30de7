import Foundation
import Testing

@testable import BenchCLI

@Suite("Arguments") struct ArgumentTests {
  static let sample = Command(
    name: "run", summary: "Run a config.",
    positionals: [
      PositionalSpec(name: "CONFIG", help: "The config."),
      PositionalSpec(name: "MORE", help: "More.", isOptional: true, isRepeated: true),
    ],
    options: [
      .set, .quiet, .json, .threads,
      OptionSpec(long: "output", short: "o", valueName: "DIR", help: "The folder of results."),
      OptionSpec(long: "format", valueName: "F", choices: ["table", "csv"], help: "The format."),
    ],
    examples: [.init(line: "peft-bench run a", meaning: "A."), .init(line: "peft-bench run b", meaning: "B.")],
    run: { _, _ in .done })

  func read(_ line: String) throws -> ParsedArguments {
    try ArgumentReader.read(line.split(separator: " ").map(String.init), for: Self.sample)
  }

  func message(_ line: String) -> String? {
    #expect(throws: UsageError.self) { try read(line) }?.message
  }

  @Test("Options and positionals stand in any order and spelling") func spellings() throws {
    let parsed = try read("a.json --set x=1 -qo out --set=y=2 --format csv b -j4 - -- --c")
    #expect(parsed.positional("CONFIG") == "a.json" && parsed.positionals("MORE") == ["b", "-", "--c"])
    #expect(parsed.all("set") == ["x=1", "y=2"] && parsed.value("output") == "out" && parsed.flag("quiet"))
    #expect(parsed.value("format") == "csv" && !parsed.flag("json"))
    #expect(try parsed.integer("threads", in: 1...8) == 4)
    #expect(throws: UsageError.self) { try parsed.integer("threads", in: 1...2) }
    #expect(throws: UsageError.self) { try parsed.number("output") }
    #expect(try read("a --output=--x").value("output") == "--x")
    #expect(try read("a -o -1 -o 2").value("output") == "2")
  }

  @Test(
    "Mistakes are explained",
    arguments: [
      ("", "expected CONFIG"), ("a --ouput x", "unknown option --ouput; did you mean --output?"),
      ("a --output", "--output needs a value (DIR)"), ("a --output --json", "--output needs a value (DIR)"),
      ("a --json=1", "--json takes no value"), ("a -z", "unknown option -z; expected one of: -q, -j, -o, -h"),
      ("a --format xml", "--format: expected one of table, csv, found \"xml\""),
    ]) func mistakes(line: String, expected: String)
  {
    #expect(message(line) == expected)
  }

  @Test("Help is found wherever it stands, but not behind --") func help() {
    #expect(ArgumentReader.asksForHelp(["--nonsense", "-h"]) && !ArgumentReader.asksForHelp(["--", "-h"]))
  }

  @Test("A help page has its parts and ends with two examples") func page() {
    #expect(
      HelpText.page(of: Self.sample) == """
        Usage: peft-bench run CONFIG [MORE...] [options]

        Run a config.

        Arguments:
          CONFIG               The config.
          MORE                 More.

        Options:
              --set KEY=VALUE  Override a key of the config, such as training.epochs=3
                               or methods.lora.rank=8.
          -q, --quiet          Print no progress and no notes.
              --json           Print the result as JSON.
          -j, --threads N      Worker threads; one per core unless given.
          -o, --output DIR     The folder of results.
              --format F       The format. One of table, csv.
          -h, --help           Print this help.

        Examples:
          peft-bench run a
              A.
          peft-bench run b
              B.
        """)
  }

  @Test("Every command has a help page of 80 columns with two examples", arguments: CommandTable.all.map(\.name))
  func pages(name: String) throws {
    let command = try #require(CommandTable.all.first { $0.name == name })
    #expect(HelpText.page(of: command).split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(
      command.examples.count >= 2
        && command.examples.allSatisfy { $0.line.contains("peft-bench \(name)") || name == "version" })
    #expect(HelpText.overview(CommandTable.all).split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(Set(command.allOptions.map(\.long)).count == command.allOptions.count)
  }

  @Test(
    "Bash completes commands, options, choices and groups",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")),
    arguments: [
      ("''", "model run --help --version"), ("r", "run"), ("run --f", "--format"), ("run --format ''", "table csv"),
      ("model ''", "info"), ("model info --j", "--json"),
    ]) func bash(words: String, expected: String) throws
  {
    let info = Command(name: "model info", summary: "", options: [.json], examples: [], run: { _, _ in .done })
    let script = CompletionScript.bash([info, Self.sample])
    let shell = """
      \(script)
      COMP_WORDS=(peft-bench \(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _peft_bench; echo "${COMPREPLY[@]}"
      """
    let result = try SpawnedProgram.run([], shell: shell)
    #expect(result.output == expected + "\n" && result.diagnostics.isEmpty, "\(result.diagnostics)")
  }
}
