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
  /// Whether the command does nothing without it.
  var isRequired = false
  let help: String

  static let help = OptionSpec(long: "help", short: "h", help: "Print this help.")
  static let json = OptionSpec(long: "json", help: "Print the result as JSON.")
  static let quiet = OptionSpec(long: "quiet", short: "q", help: "Print no progress and no notes.")
  static let threads = OptionSpec(
    long: "threads", short: "j", valueName: "N", help: "Worker threads; one per core unless given.")
  static let only = OptionSpec(
    long: "only", valueName: "KEY=VALUE", isRepeated: true,
    help: "Only runs whose dataset, method, seed or model is VALUE; several values of one key are alternatives.")
  /// Of results, which may be of several suites.
  static let onlyOfResults = OptionSpec(
    long: "only", valueName: "KEY=VALUE", isRepeated: true,
    help: "Only runs whose dataset, method, seed, model or suite is VALUE.")
  static let set = OptionSpec(
    long: "set", valueName: "KEY=VALUE", isRepeated: true,
    help: "Override a key of the config, such as training.epochs=3 or methods.lora.rank=8.")
}
