import Foundation
import PEFTCore

/// The README.md of a pretrained model: what it is, how it was made, how its loss fell, what it is not.
///
/// It holds no times and no dates, so that a repeated pretraining gives the same bytes.
struct ModelCard {
  let summary: JSONValue
  let history: [HistoryEntry]

  /// Lines of the table of losses.
  private static let tableRows = 12

  /// The card as Markdown.
  var text: String {
    let name = string(["config", "name"])
    let tokens = Self.grouped(integer(["tokens"]))
    return """
      ---
      library_name: transformers
      pipeline_tag: text-generation
      language: en
      ---

      # \(name)

      A Llama-style language model of \(Self.grouped(integer(["parameters"]))) parameters. `peft-bench model pretrain`
      made it \(beginning) \(tokens) tokens of
      \(corpus).
      It is small enough to compare methods of fine-tuning on a laptop within minutes.

      ## Results

      | | |
      |---|---|
      | training loss, last steps | \(decimal(["training_loss"])) nats a token |
      \(validationRows)
      | tokens seen | \(tokens) in \(Self.grouped(integer(["steps"]))) steps |

      ## How the loss fell

      | step | tokens | training loss | validation loss |
      |---:|---:|---:|---:|
      \(table)

      `history.jsonl` has every logged step.

      ## How it was made

      The same config gives the same bytes with any number of threads on CPUs of the same level:

      ```json
      \(summary["config"]?.prettyText.trimmingCharacters(in: .newlines) ?? "")
      ```

      ## Chat format

      One token opens a turn and one ends it, without spaces or line breaks between:

          <|user|>Is a hen a bird?<|end|><|assistant|>yes<|end|>

      `tokenizer_config.json` has the template. Documents of prose end with `<|endoftext|>`.

      ## Limits

      - It knows \(corpusLimit), and nothing of the world beyond it.
      - It has seen pieces of at most \(string(["config", "training", "sequence_length"])) tokens.
      - It is meant for comparing methods of fine-tuning. Nobody should rely on what it says.
      - Scores on it say little about what large models do.

      """
  }

  private var beginning: String {
    value(["from"]) == nil
      ? "from scratch, out of"
      : "out of `\(string(["from", "name"]))` (SHA-256 \(string(["from", "sha256"]).prefix(16))…) and"
  }

  private var corpus: String {
    string(["config", "corpus", "source"]) == "small-world"
      ? "\(kind) generated from this project's small world (seed \(string(["config", "corpus", "seed"])))"
      : "text from files"
  }

  private var kind: String {
    let stage = string(["config", "corpus", "stage"])
    return stage.isEmpty ? "text" : "text for practice (\(stage))"
  }

  private var corpusLimit: String {
    string(["config", "corpus", "source"]) == "small-world"
      ? "a small made-up world in simple English, a little arithmetic and a little Python"
      : "the text it was trained on"
  }

  private var validationRows: String {
    guard let loss = number(["validation_loss"]), let bytes = number(["validation", "bytes_per_token"]) else {
      return "| validation loss | not measured |"
    }
    return """
      | validation loss | \(Self.decimal(loss)) nats a token, \(Self.decimal(loss / log(2) / bytes)) bits a byte |
      | loss of token frequencies alone | \(decimal(["validation", "unigram_entropy"])) nats a token |
      | bytes a token | \(Self.decimal(bytes)) |
      """
  }

  /// Some of the logged steps, evenly spread; those with a validation where there are a few.
  private var table: String {
    var rows: [String] = []
    var validatedRows: [String] = []
    var validation: Double?
    for entry in history.reversed() {
      switch entry {
      case .validation(_, _, let loss): validation = loss
      case .step(let step, _, let loss, _, _, let tokens):
        let shown = validation.map(Self.decimal) ?? ""
        rows.append("| \(Self.grouped(step)) | \(Self.grouped(tokens)) | \(Self.decimal(loss)) | \(shown) |")
        if validation != nil { validatedRows.append(rows[rows.count - 1]) }
        validation = nil
      }
    }
    if validatedRows.count > 3 { rows = validatedRows }
    rows.reverse()
    guard rows.count > Self.tableRows else { return rows.joined(separator: "\n") }
    return (0..<Self.tableRows).map { rows[$0 * (rows.count - 1) / (Self.tableRows - 1)] }.joined(separator: "\n")
  }

  // MARK: - Values

  private func value(_ path: [String]) -> JSONValue? {
    path.reduce(summary) { value, key in value?[key] }
  }

  private func number(_ path: [String]) -> Double? {
    switch value(path) {
    case .number(let number): number
    case .integer(let number): Double(number)
    default: nil
    }
  }

  private func integer(_ path: [String]) -> Int { number(path).flatMap(Int.init(exactly:)) ?? 0 }

  private func string(_ path: [String]) -> String {
    if case .string(let text) = value(path) { return text }
    return value(path)?.compactText ?? ""
  }

  private func decimal(_ path: [String]) -> String { number(path).map(Self.decimal) ?? "not measured" }

  private static func decimal(_ value: Double) -> String { String(format: "%.3f", value) }

  /// A whole number with commas between thousands.
  private static func grouped(_ value: Int) -> String {
    let digits = Array(String(value))
    return String(
      digits.enumerated().flatMap { index, digit in
        index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
      })
  }
}
