import PEFTBench

/// One command of the table: what it takes, how it is explained, and what it does.
///
/// Help pages, the parser and the shells' completions all read this one description.
struct Command: Sendable {
  /// One word, or two for a command of a group: "model info".
  let name: String
  /// One line for the overview.
  let summary: String
  /// Paragraphs for the help page, after the summary.
  var discussion: [String] = []
  var positionals: [PositionalSpec] = []
  var options: [OptionSpec] = []
  /// Command lines with what they do; the help page ends with the first two.
  let examples: [Example]
  let run: @Sendable (ParsedArguments, Console) throws -> ExitStatus

  struct Example: Sendable {
    let line: String
    let meaning: String
  }

  /// The options with those that every command takes.
  var allOptions: [OptionSpec] { options + [.help] }
}

/// An argument that is known by its position.
struct PositionalSpec: Sendable {
  /// In capitals: "CONFIG".
  let name: String
  let help: String
  var isOptional = false
  /// Takes all that are left; only for the last one.
  var isRepeated = false
  /// The words that it can be; any if empty.
  var choices: [String] = []
}

/// An argument that is known by its name.
struct OptionSpec: Sendable {
  /// Without dashes: "output".
  let long: String
  var short: Character?
  /// In capitals, such as "DIR"; nil for a flag that takes no value.
  var valueName: String?
  /// Whether each use adds a value; otherwise the last one counts.
  var isRepeated = false
  /// The words that a value can be; any if empty.
  var choices: [String] = []
  let help: String

  static let help = OptionSpec(long: "help", short: "h", help: "Print this help.")
  static let json = OptionSpec(long: "json", help: "Print the result as JSON.")
  static let quiet = OptionSpec(long: "quiet", short: "q", help: "Print no progress and no notes.")
  static let threads = OptionSpec(
    long: "threads", short: "j", valueName: "N", help: "Worker threads; one per core unless given.")
  static let set = OptionSpec(
    long: "set", valueName: "KEY=VALUE", isRepeated: true,
    help: "Override a key of the config, such as training.epochs=3 or methods.lora.rank=8.")
}

/// All commands, in the order of the overview.
enum CommandTable {
  static let all: [Command] = [
    RunCommand.command,
    PlanCommand.command,
    StatusCommand.command,
    ReportCommand.command,
    CompareCommand.command,
    ListCommand.command,
    DataCommand.status, DataCommand.preview, DataCommand.importing, DataCommand.fetch, DataCommand.cat,
    DataCommand.generate,
    ModelCommand.info, ModelCommand.list, ModelCommand.fetch,
    PretrainCommand.command,
    AdapterCommand.info, AdapterCommand.merge,
    TextCommands.tokenize, TextCommands.score, TextCommands.generate,
    MetricsCommand.command,
    PSCPCommand.command,
    BenchCommand.command,
    CompletionsCommand.command,
    HelpCommand.command,
    VersionCommand.command,
  ]

  /// The command that `arguments` begin with, and what follows its name.
  static func find(_ arguments: [String], in commands: [Command]) throws(UsageError) -> (Command, [String]) {
    let words = arguments.prefix(2)
    for count in [2, 1] where words.count >= count {
      let name = words.prefix(count).joined(separator: " ")
      if let command = commands.first(where: { $0.name == name }) {
        return (command, Array(arguments.dropFirst(count)))
      }
    }
    let first = arguments.first ?? ""
    let group = commands.filter { $0.name.hasPrefix(first + " ") }
    if !group.isEmpty {
      let second = words.dropFirst().first
      let choices = group.map { String($0.name.dropFirst(first.count + 1)) }
      if let second, !second.hasPrefix("-") {
        throw UsageError(
          "unknown command \(first) \(second)", suggesting: second, among: choices, command: nil)
      }
      throw UsageError("\(first) needs one of: \(choices.joined(separator: ", "))", command: nil)
    }
    var names: [String] = []
    for command in commands {
      let word = String(command.name.prefix { $0 != " " })
      if !names.contains(word) { names.append(word) }
    }
    throw UsageError("unknown command \(first)", suggesting: first, among: names, command: nil)
  }
}
