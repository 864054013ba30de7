import Foundation
import PEFTBench
import PEFTCore

/// A run that was tried and failed.
package struct FailedRun: Sendable, Equatable {
  /// The run's id.
  package let id: String
  /// `mini`, `full` or `own`.
  package let suite: String
  /// What reports call the model.
  package internal(set) var modelName: String
  /// The SHA-256 of the model's weights; empty where it is not known.
  package let modelHash: String
  /// The method's name in the registry.
  package let methodName: String
  /// What reports call the method with its options.
  package let label: String
  /// The dataset's name.
  package let dataset: String
  /// The seed.
  package let seed: Int
  /// What went wrong.
  package let error: String
  /// Its strategy against chance with the options that are not the default; nil where the error does not tell it, as those
  /// of plain steps did not in earlier versions.
  let strategy: String?
}

/// A planned run that is neither complete nor failed.
package struct MissingRun: Sendable, Equatable {
  /// The run's id; nil until a process has read its data.
  package let id: String?
  /// `mini`, `full` or `own`.
  package let suite: String
  /// What reports call the model.
  package internal(set) var modelName: String
  /// The method's name in the registry.
  package let methodName: String
  /// What reports call the method with its options.
  package let label: String
  /// The dataset's name.
  package let dataset: String
  /// The seed.
  package let seed: Int
  /// Why it is not there: not begun, interrupted, or in progress.
  package let cause: String
}

extension FailedRun: PlacedRun {
  /// What the run is called in a plan.
  var planKey: [String] { [modelName, dataset, label, String(seed)] }

  /// Reads a run's error.json; what that does not tell, the plan does.
  init(
    id: String, cause: String, file: String, entry: SweepPlan.Entry?, suite: String, methodNames: [String: String]
  ) {
    let json = (try? JSONParser.parse(file: file)).map { JSONValue($0.value) } ?? [:]
    func text(_ path: String, else other: String) -> String {
      let text = json.string(path)
      return text.isEmpty ? other : text
    }
    self.id = id
    modelName = text("model.name", else: entry?.model ?? "")
    modelHash = json.string("model.sha256")
    label = text("method.label", else: entry?.method ?? "")
    methodName = text("method.name", else: methodNames[label] ?? label)
    let dataset = text("dataset", else: entry?.dataset ?? "")
    self.dataset = dataset
    self.suite = DataConfiguration.Suite.name(of: dataset, named: text("suite", else: suite))
    seed = json.number("seed").flatMap { Int(exactly: $0) } ?? entry?.seed ?? 0
    error = cause
    strategy = json["strategy"]?.text
  }

  /// Reads an element of `failed` of a report.
  init(reported json: JSONValue) {
    let dataset = json.string("dataset")
    self.init(
      id: json.string("id"), suite: DataConfiguration.Suite.name(of: dataset, named: json.string("suite")),
      modelName: json.string("model"),
      modelHash: json.string("model_sha256"), methodName: json.string("method"), label: json.string("label"),
      dataset: dataset, seed: json.number("seed").flatMap { Int(exactly: $0) } ?? 0,
      error: json.string("error"), strategy: json["strategy"]?.text)
  }

  /// As an element of `failed` of a report.
  var json: JSONValue {
    var json: JSONValue = [
      "id": JSONValue(id), "suite": JSONValue(suite), "model": JSONValue(modelName),
      "model_sha256": JSONValue(modelHash), "dataset": JSONValue(dataset), "method": JSONValue(methodName),
      "label": JSONValue(label), "seed": JSONValue(seed), "error": JSONValue(error),
    ]
    if let strategy { json["strategy"] = JSONValue(strategy) }
    return json
  }

  /// Whether it is an attempt at the same run as one that is complete elsewhere, by all that an error says.
  func isAttempt(at run: ReportedRun) -> Bool {
    let isSameModel =
      modelHash.isEmpty || run.modelHash.isEmpty ? modelName == run.modelName : modelHash == run.modelHash
    return suite == run.suite && isSameModel && dataset == run.dataset && methodName == run.methodName
      && label == run.label && (seed == run.seed || run.isZeroShot)
  }
}

extension MissingRun: PlacedRun {
  /// A run of a plan; nil for one that is complete or failed.
  init?(
    id: String?, suite: String, modelName: String, methodName: String, label: String, dataset: String, seed: Int,
    state: SweepStatus.State
  ) {
    let cause: String
    switch state {
    case .complete, .failed: return nil
    case .running: cause = "in progress"
    case .damaged(let reason): cause = "its record is damaged: \(reason); the next run does it again"
    case .waiting(let isInterrupted): cause = isInterrupted ? "interrupted, to go on from a checkpoint" : "not begun"
    }
    self.init(
      id: id, suite: DataConfiguration.Suite.name(of: dataset, named: suite), modelName: modelName,
      methodName: methodName, label: label, dataset: dataset, seed: seed,
      cause: cause)
  }

  /// Reads an element of `missing` of a report.
  init(reported json: JSONValue) {
    let id = json.string("id")
    let method = json.string("method")
    let dataset = json.string("dataset")
    self.init(
      id: id.isEmpty ? nil : id, suite: DataConfiguration.Suite.name(of: dataset, named: json.string("suite")),
      modelName: json.string("model"),
      methodName: method.isEmpty ? json.string("label") : method, label: json.string("label"),
      dataset: dataset, seed: json.number("seed").flatMap { Int(exactly: $0) } ?? 0,
      cause: json.string("cause"))
  }

  /// As an element of `missing` of a report.
  var json: JSONValue {
    [
      "id": JSONValue(id), "suite": JSONValue(suite), "model": JSONValue(modelName), "dataset": JSONValue(dataset),
      "method": JSONValue(methodName), "label": JSONValue(label), "seed": JSONValue(seed), "cause": JSONValue(cause),
    ]
  }
}
