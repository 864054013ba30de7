/// The shells' completion scripts: commands, then their options, the words of a choice, else files.
enum CompletionScript {
  static func bash(_ commands: [Command]) -> String {
    var cases: [String] = []
    for command in commands {
      var values = command.options.filter { !$0.choices.isEmpty }.map {
        "      --\($0.long)) COMPREPLY=($(compgen -W '\($0.choices.joined(separator: " "))' -- \"$current\")); return ;;"
      }
      let takesValue = command.options.filter { $0.valueName != nil && $0.choices.isEmpty }
      if !takesValue.isEmpty {
        let names = takesValue.flatMap { option in ["--\(option.long)"] + (option.short.map { ["-\($0)"] } ?? []) }
        values.append("      \(names.joined(separator: "|"))) COMPREPLY=($(compgen -f -- \"$current\")); return ;;")
      }
      let switchLines = values.isEmpty ? [] : ["      case \"$previous\" in"] + values + ["      esac"]
      let positional = command.positionals.first?.choices ?? []
      let words = positional.isEmpty ? "compgen -f" : "compgen -W '\(positional.joined(separator: " "))'"
      cases.append(
        (["    '\(command.name)')"] + switchLines + [
          "      if [[ $current == -* ]]; then",
          "        COMPREPLY=($(compgen -W '\(optionNames(command).joined(separator: " "))' -- \"$current\"))",
          "      else",
          "        COMPREPLY=($(\(words) -- \"$current\"))",
          "      fi ;;",
        ]).joined(separator: "\n"))
    }
    let groups = groups(commands).map { "    '\($0.name)') COMPREPLY=($(compgen -W '\($0.words)' -- \"$current\")) ;;" }
    return """
      # bash completion of \(ProgramFile.name)
      _peft_bench() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
        local command="" index
        for ((index = 1; index < COMP_CWORD && index < 3; index++)); do
          case "${command:+$command }${COMP_WORDS[index]}" in
            \((commands.map(\.name) + self.groups(commands).map(\.name)).map { "'\($0)'" }.joined(separator: "|")))
              command="${command:+$command }${COMP_WORDS[index]}" ;;
            *) break ;;
          esac
        done
        COMPREPLY=()
        case "$command" in
          '') COMPREPLY=($(compgen -W '\((firstWords(commands) + ["--help", "--version"]).joined(separator: " "))' -- "$current")) ;;
      \((groups + cases).joined(separator: "\n"))
        esac
      }
      complete -o filenames -F _peft_bench \(ProgramFile.name)
      """
  }

  static func zsh(_ commands: [Command]) -> String {
    var cases: [String] = []
    for command in commands {
      let options = command.allOptions.map { option -> String in
        let value =
          option.valueName.map {
            ":\($0):" + (option.choices.isEmpty ? "_files" : "(\(option.choices.joined(separator: " ")))")
          } ?? ""
        let repeated = option.isRepeated ? "*" : ""
        return
          "        '\(repeated)--\(option.long)\(option.valueName == nil ? "" : "=")[\(zshText(option.help))]\(value)'"
      }
      let choices = command.positionals.first?.choices ?? []
      let rest = "        '*:argument:\(choices.isEmpty ? "_files" : "(\(choices.joined(separator: " ")))")'"
      cases.append("    '\(command.name)') _arguments \\\n" + (options + [rest]).joined(separator: " \\\n") + " ;;")
    }
    let first = firstWords(commands).map { word in
      let summary = commands.first { $0.name == word }?.summary ?? "a group of commands"
      return "    '\(word):\(zshText(summary))'"
    }
    let groups = groups(commands).map { group in "    '\(group.name)') compadd \(group.words); return ;;" }
    return """
      #compdef \(ProgramFile.name)
      # zsh completion of \(ProgramFile.name)
      _peft_bench() {
        local -a commands=(
      \(first.joined(separator: "\n"))
        )
        if (( CURRENT == 2 )); then
          _describe command commands
          return
        fi
        local command="$words[2]"
        if (( CURRENT == 3 )); then
          case "$command" in
      \(groups.joined(separator: "\n"))
          esac
        else
          case "$command $words[3]" in
            \((commands.map(\.name).filter { $0.contains(" ") } + ["' '"]).map { $0 == "' '" ? $0 : "'\($0)'" }.joined(separator: "|"))) command="$command $words[3]" ;;
          esac
        fi
        case "$command" in
      \(cases.joined(separator: "\n"))
        esac
      }
      compdef _peft_bench \(ProgramFile.name)
      """
  }

  static func fish(_ commands: [Command]) -> String {
    let name = ProgramFile.name
    var lines = ["# fish completion of \(name)", "complete -c \(name) -n __fish_use_subcommand -f"]
    for word in firstWords(commands) {
      let summary = commands.first { $0.name == word }?.summary ?? "A group of commands."
      lines.append("complete -c \(name) -n __fish_use_subcommand -a \(word) -d '\(fishText(summary))'")
    }
    for group in groups(commands) {
      lines.append(
        "complete -c \(name) -f -n '__fish_seen_subcommand_from \(group.name); and not __fish_seen_subcommand_from \(group.words)' -a '\(group.words)'"
      )
    }
    for command in commands {
      let seen = command.name.split(separator: " ").map { "__fish_seen_subcommand_from \($0)" }
      let condition = "-n '\(seen.joined(separator: "; and "))'"
      for option in command.allOptions {
        var line = "complete -c \(name) \(condition) -l \(option.long)"
        if let short = option.short { line += " -s \(short)" }
        if option.valueName != nil { line += " -r" }
        if !option.choices.isEmpty { line += " -f -a '\(option.choices.joined(separator: " "))'" }
        lines.append(line + " -d '\(fishText(option.help))'")
      }
      if let choices = command.positionals.first?.choices, !choices.isEmpty {
        lines.append("complete -c \(name) \(condition) -f -a '\(choices.joined(separator: " "))'")
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func optionNames(_ command: Command) -> [String] { command.allOptions.map { "--\($0.long)" } }

  /// The first words of all commands, each once.
  private static func firstWords(_ commands: [Command]) -> [String] {
    var words: [String] = []
    for command in commands {
      let word = String(command.name.prefix { $0 != " " })
      if !words.contains(word) { words.append(word) }
    }
    return words
  }

  /// The words that name a group, with the second words of its commands.
  private static func groups(_ commands: [Command]) -> [(name: String, words: String)] {
    firstWords(commands).compactMap { word in
      let seconds = commands.filter { $0.name.hasPrefix(word + " ") }.map { String($0.name.dropFirst(word.count + 1)) }
      return seconds.isEmpty || commands.contains { $0.name == word } ? nil : (word, seconds.joined(separator: " "))
    }
  }

  private static func zshText(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":", "\\": result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }

  private static func fishText(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
  }
}
