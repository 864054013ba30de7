import Foundation
import PEFTCore

/// A dataset as one model sees it: examples of both parts, rendered and tokenized.
struct PreparedDataset {
  /// The training examples with their ids.
  let training: [RenderedExample]
  /// The examples to score.
  let examples: [Example]
  /// Their prompts.
  let evaluation: [RenderedExample]
  /// What the user should know about the files.
  let notes: [String]
  /// What identifies the data in a run's identity.
  let identity: JSONValue
  /// Facts for the record.
  let facts: JSONValue

  private let trainingExamples: [Example]

  /// - Parameters:
  ///   - dataset: The catalogue's row.
  ///   - configuration: Where files are and how many rows count.
  ///   - renderer: The model's renderer.
  ///   - cutoff: Most tokens of an example.
  ///   - answerTokens: Tokens to keep free for an answer in evaluation.
  init(
    _ dataset: DatasetDescription, configuration: RunConfiguration, renderer: ChatRenderer, cutoff: Int,
    answerTokens: Int
  ) throws {
    let data = configuration.data
    let loader = DatasetLoader(
      locator: DatasetLocator(root: data.folder, suite: data.suite, revision: data.revision),
      datasetInfo: try data.datasetInfo.map { try DatasetInfo(path: $0) })
    let needsTraining = configuration.methods.contains { $0.name != "none" }
    let train = needsTraining ? try loader.load(dataset, .training, limit: data.trainLimit) : nil
    let test = try loader.load(dataset, .evaluation, limit: data.evaluationLimit)
    func encode(_ loaded: LoadedDataset, reserving: Int?) throws -> [RenderedExample] {
      try loaded.examples.map { try renderer.render($0, of: loaded.dataset, cutoff: cutoff, reserving: reserving) }
    }
    trainingExamples = train?.examples ?? []
    training = try train.map { try encode($0, reserving: nil) } ?? []
    examples = test.examples
    evaluation = try encode(test, reserving: min(answerTokens, cutoff / 2))
    guard !examples.isEmpty else {
      throw FileError(path: test.files.first ?? dataset.id, "there is no row to evaluate")
    }
    guard !needsTraining || !training.isEmpty else {
      throw FileError(path: train?.files.first ?? dataset.id, "there is no row to train on")
    }
    notes = (train?.notes ?? []) + test.notes
    let hashes = (
      train: Self.hash(of: training, groups: trainingExamples.map(\.group)),
      evaluation: Self.hash(of: evaluation, groups: examples.map { "\($0.answer) \($0.allAnswers ?? $0.choices)" })
    )
    var identity: JSONValue = [
      "id": JSONValue(dataset.id), "template": JSONValue(renderer.templateHash),
      "train": JSONValue(hashes.train), "eval": JSONValue(hashes.evaluation),
    ]
    if let revision = data.revision { identity["revision"] = JSONValue(revision) }
    self.identity = identity
    facts = [
      "train_split": JSONValue(train?.split), "train_rows": JSONValue(training.count),
      "eval_split": JSONValue(test.split), "eval_rows": JSONValue(evaluation.count),
      "revision": JSONValue(data.revision),
      "template": JSONValue(renderer.templateName), "template_sha256": JSONValue(renderer.templateHash),
      "first_prompt": JSONValue(evaluation.first?.prompt),
      "train_sha256": JSONValue(hashes.train), "eval_sha256": JSONValue(hashes.evaluation),
      "cut_train_rows": JSONValue(training.count { $0.isPromptCut || $0.isAnswerCut }),
      "cut_eval_rows": JSONValue(evaluation.count { $0.isPromptCut }),
    ]
  }

  /// The SHA-256 of the rows as they are used: ids of prompts and answers, and what else tells rows apart.
  private static func hash(of rows: [RenderedExample], groups: [String?]) -> String {
    var hash = SHA256()
    for (row, group) in zip(rows, groups) {
      let text = Array((group ?? "").utf8)
      // The lengths keep what belongs to one part from being taken for another's.
      [row.promptIDs.count, row.answerIDs.count, group == nil ? -1 : text.count].map { Int64($0).littleEndian }
        .withUnsafeBytes { hash.update($0) }
      row.promptIDs.withUnsafeBytes { hash.update($0) }
      row.answerIDs.withUnsafeBytes { hash.update($0) }
      hash.update(text)
    }
    return hash.hexadecimalDigest
  }

  /// Tokens of the longest example, answers of the evaluation left out.
  var longestExample: Int {
    max(
      training.map { $0.promptIDs.count + $0.answerIDs.count }.max() ?? 0,
      evaluation.map(\.promptIDs.count).max() ?? 0)
  }

  /// Tokens of all training examples.
  var trainingTokenCount: Int { training.reduce(0) { $0 + $1.promptIDs.count + $1.answerIDs.count } }

  /// The training examples in two parts, the second one held back for validation.
  func parts(fraction: Double, _ seeds: SeedStream) -> (training: [EncodedExample], validation: [EncodedExample]) {
    let held = Set(DatasetLoader.heldBack(fraction, of: trainingExamples, drawing: seeds.child("validation")))
    return (
      training.indices.filter { !held.contains($0) }.map { training[$0].encoded },
      training.indices.filter { held.contains($0) }.map { training[$0].encoded }
    )
  }
}

extension DataConfiguration.Suite {
  /// Where the suite's files are unless the config says otherwise.
  public var defaultRoot: String {
    switch self {
    case .mini: "datasets/mini"
    case .full: "datasets/full"
    }
  }
}
