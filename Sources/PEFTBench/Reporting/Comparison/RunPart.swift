import PEFTBench
import PEFTCore
import PEFTMethods

/// A part of what a run is, by which runs of two results can be matched.
package enum RunPart: String, Sendable, CaseIterable {
  case suite, model, weights, dtype, method, label, options, dataset, seed, training, evaluation, data, prompt

  /// What it is, as `compare --help` says it.
  package var about: String {
    switch self {
    case .suite: "the suite"
    case .model: "the model's name"
    case .weights: "the SHA-256 of the model's weights"
    case .dtype: "the form in which weights are kept"
    case .method: "the method's name"
    case .label: "what reports call the method with its options"
    case .options: "the method's options"
    case .dataset: "the dataset"
    case .seed: "the seed"
    case .training: "the training settings"
    case .evaluation: "the evaluation settings, less the batch size"
    case .data: "the rows"
    case .prompt: "the prompt template"
    }
  }

  /// What a failed or missing run says of itself, which is not more than its place; nil for the other parts.
  func place(of run: some PlacedRun) -> String? {
    switch self {
    case .suite: run.suite
    case .model: run.modelName
    case .method: run.methodName
    case .label: run.label
    case .dataset: run.dataset
    // The base model's own answers depend on no seed.
    case .seed: MethodRegistry.trains(run.methodName) ? "\(run.seed)" : "0"
    case .weights, .dtype, .options, .training, .evaluation, .data, .prompt: nil
    }
  }

  /// The part of a complete run; nil where a report of an older version does not tell it.
  ///
  /// - Parameter byContent: Whether rows are told apart by their text instead of by the ids that one tokenizer and one
  ///   template make of it.
  func value(of run: ReportedRun, byContent: Bool) -> String? {
    switch self {
    case .suite, .model, .method, .label, .dataset, .seed: place(of: run)
    case .weights: run.modelHash.isEmpty ? nil : run.modelHash
    case .dtype: run.dataType
    case .options: run.settings["options"].flatMap(Self.text)
    // What is not trained has no training, which is not ignorance.
    case .training: !run.isTrained ? "" : run.settings["training"].flatMap(Self.text)
    case .evaluation: run.settings["evaluation"].flatMap(Self.text)
    case .data: run.rows.identity(byContent: byContent, isTrained: run.isTrained)
    case .prompt: run.rows.template
    }
  }

  /// A text that does not depend on the order of members; nil for null.
  private static func text(_ json: JSONValue) -> String? {
    if case .null = json { nil } else { json.sorted.compactText }
  }
}

extension JSONValue {
  /// The same value with the members of all objects in the order of their keys, and whole numbers as integers.
  fileprivate var sorted: JSONValue {
    switch self {
    case .object(let object):
      .object(
        JSONObject(
          distinct: object.members.filter { $0.value != .null }.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value.sorted)
          }))
    case .array(let values): .array(values.map(\.sorted))
    case .number(let number): .count(number)
    default: self
    }
  }
}
