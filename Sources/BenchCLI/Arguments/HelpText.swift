/// Help pages, made from the command table; no line is longer than 80 columns.
enum HelpText {
  static let width = 80

  /// All commands, one per line.
  static func overview(_ commands: [Command]) -> String {
    let column = (commands.map(\.name.count).max() ?? 0) + 4
    var lines = [
      "Usage: \(ProgramFile.name) COMMAND [options]", "",
      "Compares parameter-efficient fine-tuning methods for language models on the CPU.", "", "Commands:",
    ]
    for command in commands { lines += entry(command.name, command.summary, column: column) }
    lines += [
      "", "Options:", "  -h, --help     Print this help; COMMAND --help explains a command.",
      "  -V, --version  Print the version.", "", "Exit status: 0 done, 1 a run failed, 2 wrong usage, config or input,",
      "3 a regression was found, 130 interrupted.",
    ]
    return lines.joined(separator: "\n")
  }

  /// The page of one command, which ends with two examples.
  static func page(of command: Command) -> String {
    var lines = wrapped(usage(of: command), indent: 6 + ProgramFile.name.count, first: 0)
    lines += [""] + wrapped(command.summary, indent: 0)
    for paragraph in command.discussion { lines += [""] + wrapped(paragraph, indent: 0) }
    let names = command.positionals.map(\.name) + command.allOptions.map(label)
    let column = min(30, (names.map(\.count).max() ?? 0) + 4)
    if !command.positionals.isEmpty {
      lines += ["", "Arguments:"]
      for spec in command.positionals { lines += entry(spec.name, help(spec.help, spec.choices), column: column) }
    }
    lines += ["", "Options:"]
    for option in command.allOptions { lines += entry(label(option), help(of: option), column: column) }
    lines += ["", "Examples:"]
    for example in command.examples.prefix(2) {
      lines += ["  \(example.line)"] + wrapped(example.meaning, indent: 6)
    }
    return lines.joined(separator: "\n")
  }

  /// The commands of a group, one per line.
  static func page(ofGroup group: String, _ commands: [Command]) -> String {
    let column = (commands.map(\.name.count).max() ?? 0) + 4
    var lines = ["Usage: \(ProgramFile.name) \(group) COMMAND [options]", "", "Commands:"]
    for command in commands { lines += entry(command.name, command.summary, column: column) }
    lines += ["", "\(ProgramFile.name) \(group) COMMAND --help explains one of them."]
    return lines.joined(separator: "\n")
  }

  private static func usage(of command: Command) -> String {
    var parts = ["Usage: \(ProgramFile.name) \(command.name)"]
    for spec in command.positionals {
      let name = spec.isRepeated ? "\(spec.name)..." : spec.name
      parts.append(spec.isOptional ? "[\(name)]" : name)
    }
    return (parts + ["[options]"]).joined(separator: " ")
  }

  private static func label(_ option: OptionSpec) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    return short + "--\(option.long)" + (option.valueName.map { " \($0)" } ?? "")
  }

  static func help(_ text: String, _ choices: [String]) -> String {
    choices.isEmpty ? text : "\(text) One of \(choices.joined(separator: ", "))."
  }

  /// An option's explanation, with the words that it takes, and whether it must be given.
  static func help(of option: OptionSpec) -> String {
    help(option.help, option.choices) + (option.isRequired ? " Required." : "")
  }

  private static func entry(_ name: String, _ text: String, column: Int) -> [String] {
    let start = "  " + name
    guard start.count + 2 <= column else { return [start] + wrapped(text, indent: column) }
    var lines = wrapped(text, indent: column)
    if let first = lines.first {
      lines[0] = start + String(repeating: " ", count: column - start.count) + first.dropFirst(column)
    }
    return lines
  }

  /// Breaks `text` at spaces so that no line with its indentation is longer than the page.
  static func wrapped(_ text: String, indent: Int, first: Int? = nil) -> [String] {
    var lines: [String] = []
    var line = String(repeating: " ", count: first ?? indent)
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += isEmpty ? String(word) : " " + word
      isEmpty = false
    }
    return lines + [line]
  }
}
