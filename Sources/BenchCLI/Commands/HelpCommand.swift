/// `help [COMMAND]`, the same as `COMMAND --help`.
enum HelpCommand {
  static let command = Command(
    name: "help", summary: "Explain a command.",
    positionals: [
      PositionalSpec(name: "COMMAND", help: "A command, such as run or model info.", isOptional: true, isRepeated: true)
    ],
    examples: [
      .init(line: "peft-bench help", meaning: "All commands."),
      .init(line: "peft-bench help completions", meaning: "One of them."),
    ],
    run: { arguments, console in
      let words = arguments.positionals
      let group = CommandTable.all.filter { words.count == 1 && $0.name.hasPrefix((words.first ?? "") + " ") }
      if words.isEmpty {
        console.print(HelpText.overview(CommandTable.all))
      } else if !group.isEmpty {
        console.print(group.map(HelpText.page).joined(separator: "\n\n"))
      } else {
        let (command, rest) = try CommandTable.find(words, in: CommandTable.all)
        guard rest.isEmpty else { throw arguments.error("unexpected argument \(rest[0])") }
        console.print(HelpText.page(of: command))
      }
      return .done
    })
}
