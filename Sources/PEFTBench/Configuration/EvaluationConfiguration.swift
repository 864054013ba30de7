import PEFTCore
import PEFTMethods

/// How a trained model is asked and its answers are judged.
package struct EvaluationConfiguration: Sendable, Equatable {
  /// Where an answer comes from: greedy text that is parsed, or the label word of the highest log-probability.
  package enum Mode: String, CaseIterable, Sendable { case generate, rank }

  /// Where an answer comes from.
  package var mode = Mode.generate
  /// Longest answer; nil leaves it to the dataset.
  package var maximumNewTokens: Int?
  /// Prompts at a time; no effect on any answer.
  package var batchSize = 8
  /// How answers are scored.
  package var scoring = ScoringProtocol.strict
  /// Whether the model without any adapter is scored too.
  package var zeroShot = true

  /// The defaults.
  package init() {}

  init(reading reader: inout OptionReader) throws(DocumentError) {
    OptionAliases.add(to: &reader, section: .evaluation)
    mode = try reader.choice(
      "mode", default: mode,
      about: "`generate`: greedy text that is parsed; `rank`: the label of the highest log-probability, its end token "
        + "included, while free text is generated all the same")
    maximumNewTokens = try reader.optionalInteger(
      "max_new_tokens", in: 1...1_000_000, about: "longest answer in tokens; the dataset's own unless given")
    batchSize = try reader.integer(
      "batch_size", default: batchSize, in: 1...4096, about: "prompts at a time; changes no answer")
    scoring = try reader.choice(
      "protocol", default: scoring,
      about: "how answers are scored; `peft-bench` does it as the published script (see peft-bench-audit.md)")
    zeroShot = try reader.bool("zero_shot", default: zeroShot, about: "score the bare model too")
  }

  /// What a config may say about the evaluation.
  static let options =
    (try? OptionReader.describing { reader in _ = try EvaluationConfiguration(reading: &reader) }) ?? []

  /// All values under their keys.
  package var json: JSONValue {
    [
      "mode": .string(mode.rawValue), "max_new_tokens": JSONValue(maximumNewTokens),
      "batch_size": .integer(batchSize), "protocol": .string(scoring.rawValue), "zero_shot": .bool(zeroShot),
    ]
  }
}
