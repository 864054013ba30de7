import PEFTCore

/// Sorts the words after a command's name into options and positionals.
///
/// `--flag`, `--name value`, `--name=value`, `-n value`, `-nvalue`, several flags as `-ab`; `--` ends the
/// options, and `-` alone is a positional (standard input or output).
enum ArgumentReader {
  /// Whether help is asked for, whatever else is wrong with the arguments.
  static func asksForHelp(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains { $0 == "-h" || $0 == "--help" }
  }

  static func read(_ arguments: [String], for command: Command) throws(UsageError) -> ParsedArguments {
    var parsed = ParsedArguments(command: command)
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        parsed.positionals += rest
        break
      } else if word.hasPrefix("--") {
        try readLong(word, rest: &rest, into: &parsed)
      } else if word.hasPrefix("-"), word.count > 1 {
        try readShort(word, rest: &rest, into: &parsed)
      } else {
        parsed.positionals.append(word)
      }
    }
    try check(parsed)
    return parsed
  }

  private static func readLong(_ word: String, rest: inout ArraySlice<String>, into parsed: inout ParsedArguments)
    throws(UsageError)
  {
    let command = parsed.command
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard let option = command.allOptions.first(where: { $0.long == name }) else {
      throw UsageError(
        "unknown option --\(name)", suggesting: "--\(name)", among: command.allOptions.map { "--\($0.long)" },
        command: command.name)
    }
    let attached = parts.count > 1 ? String(parts[1]) : nil
    if option.valueName == nil, attached != nil { throw UsageError("--\(name) takes no value", command: command.name) }
    try add(option, attached: attached, rest: &rest, to: &parsed)
  }

  private static func readShort(_ word: String, rest: inout ArraySlice<String>, into parsed: inout ParsedArguments)
    throws(UsageError)
  {
    let command = parsed.command
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = command.allOptions.first(where: { $0.short == letter }) else {
        let known = command.allOptions.compactMap(\.short).map { "-\($0)" }
        throw UsageError(
          "unknown option -\(letter); expected one of: \(known.joined(separator: ", "))", command: command.name)
      }
      let attached = option.valueName == nil || letters.isEmpty ? nil : String(letters)
      try add(option, attached: attached, rest: &rest, to: &parsed)
      if attached != nil { return }
    }
  }

  private static func add(
    _ option: OptionSpec, attached: String?, rest: inout ArraySlice<String>, to parsed: inout ParsedArguments
  ) throws(UsageError) {
    guard let valueName = option.valueName else {
      parsed.values[option.long] = [""]
      return
    }
    // A word with two dashes is rather the next option than a value; `--name=--value` says otherwise.
    let next = rest.first.flatMap { $0.hasPrefix("--") ? nil : $0 }
    guard let value = attached ?? next else {
      throw UsageError("--\(option.long) needs a value (\(valueName))", command: parsed.command.name)
    }
    if attached == nil { rest.removeFirst() }
    // An empty path would be the root of the file system, or the current folder.
    guard !value.isEmpty else {
      throw UsageError("--\(option.long): expected \(valueName), found an empty text", command: parsed.command.name)
    }
    try check(value, of: "--\(option.long)", choices: option.choices, command: parsed.command)
    parsed.values[option.long, default: []].append(value)
  }

  private static func check(_ parsed: ParsedArguments) throws(UsageError) {
    let command = parsed.command
    let specs = command.positionals
    let required = specs.filter { !$0.isOptional }
    if parsed.positionals.count < required.count {
      let missing = required[parsed.positionals.count]
      let choices = missing.choices.isEmpty ? "" : ", one of \(missing.choices.joined(separator: ", "))"
      throw UsageError("expected \(missing.name)\(choices)", command: command.name)
    }
    if specs.last?.isRepeated != true, parsed.positionals.count > specs.count {
      throw UsageError("unexpected argument \(parsed.positionals[specs.count])", command: command.name)
    }
    for option in command.options where option.isRequired { _ = try parsed.required(option.long) }
    for (index, value) in parsed.positionals.enumerated() {
      guard let spec = index < specs.count ? specs[index] : specs.last else { continue }
      guard !value.isEmpty else {
        throw UsageError("\(spec.name): found an empty text", command: command.name)
      }
      try check(value, of: spec.name, choices: spec.choices, command: command)
    }
  }

  private static func check(_ value: String, of name: String, choices: [String], command: Command)
    throws(UsageError)
  {
    guard !choices.isEmpty, !choices.contains(value) else { return }
    let guess = NearestName.of(value, among: choices).map { "; did you mean \($0)?" } ?? ""
    throw UsageError(
      "\(name): expected one of \(choices.joined(separator: ", ")), found \(value.debugDescription)\(guess)",
      command: command.name)
  }
}
