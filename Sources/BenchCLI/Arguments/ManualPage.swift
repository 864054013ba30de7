import PEFTBench

/// The manual page of the program in roff with the `man` macros, made from the command table.
enum ManualPage {
  static func text(_ commands: [Command]) -> String {
    var lines = [
      ".TH PEFT\\-BENCH 1 \"\" \"peft\\-bench \(escaped(Version.current))\" \"User Commands\"", ".SH NAME",
      "peft\\-bench \\- compare parameter\\-efficient fine\\-tuning methods for language models on the CPU",
      ".SH SYNOPSIS", ".B peft\\-bench", ".I COMMAND", "[options]", ".SH DESCRIPTION",
      "Fine\\-tunes a language model with several methods on several datasets, scores the answers, and weighs the score "
        + "against what the method costs: trainable parameters, inference work, memory.",
      ".PP", "Results go to standard output, progress and messages to standard error.", ".SH COMMANDS",
    ]
    for command in commands { lines += section(command) }
    lines += [
      ".SH \"EXIT STATUS\"", ".TP", ".B 0", "All was done.", ".TP", ".B 1",
      "One or more runs failed; the others' results stand.", ".TP", ".B 2", "Wrong usage, config or input.", ".TP",
      ".B 3", "A regression was found.", ".TP", ".B 130", "Interrupted.", ".SH ENVIRONMENT",
    ]
    for (name, meaning) in environment { lines += [".TP", ".B \(escaped(name))", escaped(meaning)] }
    lines += [".SH EXAMPLES"]
    for example in commands.prefix(3).flatMap({ $0.examples.prefix(2) }) {
      lines += [".TP", ".B \(escaped(example.line))", escaped(example.meaning)]
    }
    return lines.joined(separator: "\n")
  }

  private static let environment = [
    ("NO_COLOR", "Anything but an empty value turns colours off."),
    ("TERM", "\"dumb\" turns colours and live lines off."),
    ("COLUMNS", "The width, if the terminal does not report it."),
    ("HF_HOME, HF_HUB_CACHE", "Where the Hub's cache of models and datasets is."),
  ]

  private static func section(_ command: Command) -> [String] {
    var lines = [".SS \"\(escaped(usage(of: command)))\"", escaped(command.summary)]
    for paragraph in command.discussion { lines += [".PP", escaped(paragraph)] }
    for spec in command.positionals {
      lines += [".TP", ".I \(escaped(spec.name))", escaped(HelpText.help(spec.help, spec.choices))]
    }
    for option in command.options {
      let short = option.short.map { "\\-\($0), " } ?? ""
      let value = option.valueName.map { " \\fI\(escaped($0))\\fR" } ?? ""
      lines += [
        ".TP", "\\fB\(short)\\-\\-\(escaped(option.long))\\fR\(value)",
        escaped(HelpText.help(of: option)),
      ]
    }
    return lines
  }

  private static func usage(of command: Command) -> String {
    let words = command.positionals.map { spec in
      let name = spec.isRepeated ? "\(spec.name)..." : spec.name
      return spec.isOptional ? "[\(name)]" : name
    }
    return ([command.name] + words + (command.options.isEmpty ? [] : ["[options]"])).joined(separator: " ")
  }

  /// A text whose characters roff does not take for its own.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "~": result += "\\(ti"
      case "^": result += "\\(ha"
      case "…": result += "..."
      default: result.append(character)
      }
    }
    // A point at the beginning of a line would be a request.
    return result.hasPrefix(".") ? "\\&" + result : result
  }
}
