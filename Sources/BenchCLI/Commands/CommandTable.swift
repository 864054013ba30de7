import PEFTBench

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
    ModelCommand.info, ModelCommand.list, ModelCommand.fetch, ModelCommand.convert,
    PretrainCommand.command,
    AdapterCommand.info, AdapterCommand.merge, AdapterCommand.combine, AdapterCommand.similarity,
    AdapterCommand.compress, AdapterCommand.convert, AdapterCommand.grid,
    TextCommands.tokenize, TextCommands.score, TextCommands.generate,
    MetricsCommand.command,
    PSCPCommand.command,
    BenchCommand.command,
    CompletionsCommand.command,
    HelpCommand.command,
    VersionCommand.command,
  ]

  /// The commands whose names begin with the word `group`; empty where it is no group's.
  static func commands(ofGroup group: String, in commands: [Command]) -> [Command] {
    commands.filter { $0.name.hasPrefix(group + " ") }
  }

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
    let group = Self.commands(ofGroup: first, in: commands)
    if !group.isEmpty {
      let second = words.dropFirst().first
      let choices = group.map { String($0.name.dropFirst(first.count + 1)) }
      if let second, !second.hasPrefix("-") {
        throw UsageError(
          "unknown command \(second)", suggesting: second, among: choices, command: first)
      }
      throw UsageError("expected one of: \(choices.joined(separator: ", "))", command: first)
    }
    var names: [String] = []
    for command in commands {
      let word = String(command.name.prefix { $0 != " " })
      if !names.contains(word) { names.append(word) }
    }
    throw UsageError("unknown command \(first)", suggesting: first, among: names, command: nil)
  }
}
