import Foundation
import PEFTBench
import PEFTCore

/// A run as the tools that follow experiments know one: what it was set to, what came out, and what happened on the way.
struct ExportedRun {
  /// A line of the history with the time that it was written at, as far as the record lets one tell.
  struct Step {
    let number: Int
    /// Seconds since 1970.
    let time: Double
    /// In the order in which the history has them.
    let values: [(name: String, value: Double)]
  }

  /// The settings, none of them twice.
  let settings: [(name: String, value: JSONValue)]
  /// Scores, costs and PSCP.
  let results: [(name: String, value: Double)]
  /// The history of the training.
  let steps: [Step]
  /// Seconds since 1970.
  let start: Double
  let end: Double

  /// - Throws: `InputError` for a history that cannot be read.
  init(_ run: ReportedRun) throws {
    let own: [(name: String, value: JSONValue)] = [
      ("suite", JSONValue(run.suite)), ("model", JSONValue(run.modelName)), ("method", JSONValue(run.methodName)),
      ("label", JSONValue(run.label)), ("dataset", JSONValue(run.dataset)), ("seed", JSONValue(run.seed)),
    ]
    var known = Set(own.map(\.name))
    settings = own + run.flatSettingsInUse.filter { known.insert($0.key).inserted }.map { ($0.key, $0.value) }
    let costs = run.costs
    var results: [(name: String, value: Double)] = []
    func add(_ name: String, _ value: Double?) {
      if let value { results.append((name, value)) }
    }
    add("score/headline", run.value)
    for score in run.scores { add("score/\(score.name)", score.value) }
    for set in run.sets { add("score_on/\(set.name)", set.value) }
    add("score/invalid_rate", run.invalidRate)
    add("score/majority", run.baseline.majority)
    add("pscp", run.pscp)
    add("cost/trainable_parameters", costs.trainableParameters)
    add("cost/deployed_parameters", costs.deployedParameters)
    add("cost/added_inference_flops", costs.addedFLOPs)
    add("cost/peak_tensor_bytes", costs.tensorBytes.total)
    add("cost/training_seconds", costs.trainingSeconds)
    add("cost/evaluation_seconds", costs.evaluationSeconds)
    add("cost/tokens_seen", costs.tokensSeen)
    self.results = results
    let start = Self.seconds(run.started) ?? 0
    let history = try Self.history(of: run)
    let last = history.compactMap { $0["step"]?.integer }.max() ?? 0
    steps = history.compactMap { line in
      guard let number = line["step"]?.integer, let object = line.object else { return nil }
      let values = object.members.compactMap { member -> (name: String, value: Double)? in
        guard member.key != "step", let value = member.value.number else { return nil }
        return (member.key == "validation_loss" ? "validation/loss" : "train/\(member.key)", value)
      }
      let share = last > 0 ? Double(number) / Double(last) : 0
      return Step(number: number, time: start + share * (run.costs.trainingSeconds ?? 0), values: values)
    }
    self.start = start
    end = Self.seconds(run.finished) ?? start
  }

  private static func history(of run: ReportedRun) throws -> [DocumentValue] {
    guard let folder = run.folder, let file = try? MemoryMappedFile(path: folder + "/history.jsonl") else { return [] }
    return try file.contents.split(separator: 0x0A).enumerated().map { number, line in
      try JSONParser.parse(DocumentText(name: "\(file.path), line \(number + 1)", bytes: Array(line)))
    }
  }

  private static func seconds(_ date: String) -> Double? {
    (try? Date.ISO8601FormatStyle().parse(date))?.timeIntervalSince1970
  }
}
