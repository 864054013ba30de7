/// `help [COMMAND]`, the same as `COMMAND --help`.
enum HelpCommand {
  static let command = Command(
    name: "help", summary: "Explain a command.",
    positionals: [
      PositionalSpec(name: "COMMAND", help: "A command, such as run or model info.", isOptional: true, isRepeated: true)
    ],
    options: [OptionSpec(long: "man", help: "Print the manual page of all commands, for man.")],
    examples: [
      .init(line: "peft-bench help --man > ~/.local/share/man/man1/peft-bench.1", meaning: "Install the manual page."),
      .init(line: "peft-bench help completions", meaning: "One of them."),
    ],
    run: { arguments, console in
      let words = arguments.positionals
      if arguments.flag("man") {
        guard words.isEmpty else { throw arguments.error("--man: is about all commands") }
        console.print(ManualPage.text(CommandTable.all))
        return .done
      }
      let group = words.count == 1 ? CommandTable.commands(ofGroup: words[0], in: CommandTable.all) : []
      if words.isEmpty {
        console.print(HelpText.overview(CommandTable.all))
      } else if !group.isEmpty {
        console.print(HelpText.page(ofGroup: words[0], group))
      } else {
        let (command, rest) = try CommandTable.find(words, in: CommandTable.all)
        guard rest.isEmpty else { throw arguments.error("unexpected argument \(rest[0])") }
        console.print(HelpText.page(of: command))
      }
      return .done
    })
}
