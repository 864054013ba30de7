import PEFTBench
import PEFTCore

/// The rows of a run and the template of its prompts, as far as its record says them.
struct RunRows: Sendable, Equatable {
  let trainingCount: Int?
  let evaluationCount: Int?
  /// Hashes of the ids that were trained and scored.
  let training: String?
  let evaluation: String?
  /// Hashes of the same rows as text, whatever tokenizer and template make of them.
  let trainingContent: String?
  let evaluationContent: String?
  /// The hash of the prompt's template.
  let template: String?

  private static let names = [
    "train_sha256", "eval_sha256", "train_content_sha256", "eval_content_sha256", "template_sha256",
  ]

  /// Takes them from a record, or from a report's run.
  init(_ data: RunRecord.Data) {
    (trainingCount, evaluationCount) = (data.trainingRows, data.evaluationRows)
    (training, evaluation) = (data.trainingHash, data.evaluationHash)
    (trainingContent, evaluationContent) = (data.trainingContent, data.evaluationContent)
    template = data.templateHash
  }

  /// Adds them to the `data` of a report's run.
  func add(to json: inout JSONValue) {
    json["train_rows"] = JSONValue(trainingCount)
    json["eval_rows"] = JSONValue(evaluationCount)
    for (name, hash) in zip(Self.names, [training, evaluation, trainingContent, evaluationContent, template]) {
      json[name] = JSONValue(hash)
    }
  }

  /// What tells the rows apart from others; nil where it is not known.
  func identity(byContent: Bool, isTrained: Bool) -> String? {
    let (train, eval) = byContent ? (trainingContent, evaluationContent) : (training, evaluation)
    guard let eval else { return nil }
    return isTrained ? train.map { "\($0) \(eval)" } : eval
  }

  /// Whether the scored rows are the same ones; nil where that is not known.
  func areScoredAs(_ other: RunRows) -> Bool? {
    if let own = evaluationContent, let its = other.evaluationContent { return own == its }
    // Other ids may be the same rows for another tokenizer.
    guard let own = evaluation, let its = other.evaluation else { return nil }
    return own == its ? true : nil
  }
}
