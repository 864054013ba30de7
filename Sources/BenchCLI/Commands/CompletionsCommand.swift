/// `completions bash|zsh|fish`: a script for the shell, made from the command table.
enum CompletionsCommand {
  static let command = Command(
    name: "completions", summary: "Print a script that completes commands in a shell.",
    positionals: [PositionalSpec(name: "SHELL", help: "The shell.", choices: ["bash", "zsh", "fish"])],
    examples: [
      .init(
        line: "source <(peft-bench completions bash)", meaning: "Complete in this bash, or in each from ~/.bashrc."),
      .init(
        line: "peft-bench completions fish > ~/.config/fish/completions/peft-bench.fish", meaning: "Complete in fish."),
    ],
    run: { arguments, console in
      switch arguments.positional("SHELL") {
      case "zsh": console.print(CompletionScript.zsh(CommandTable.all))
      case "fish": console.print(CompletionScript.fish(CommandTable.all))
      default: console.print(CompletionScript.bash(CommandTable.all))
      }
      return .done
    })
}
