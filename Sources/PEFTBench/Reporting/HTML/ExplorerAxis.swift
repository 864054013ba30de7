import Foundation
import PEFTBench
import PEFTCore

/// A number of a run that the explorer can put on an axis.
struct ExplorerAxis: Sendable {
  /// How the page writes its values.
  enum Unit: String {
    /// Of a value that is a share; the page gets percent.
    case percent
    case points, count, bytes, seconds, flops, number
  }

  /// Names it in the page's address.
  let key: String
  let title: String
  let unit: Unit
  /// Which end is the better one; nil where neither is.
  let higherIsBetter: Bool?
  /// The value of a run in the unit; nil where the run has none.
  let value: @Sendable (ReportedRun) -> Double?

  /// The axes that some of these runs have a value on.
  static func all(of runs: [ReportedRun]) -> [ExplorerAxis] {
    (fixed + named(runs) + [kept(runs)]).filter { axis in runs.contains { axis.value($0) != nil } }
  }

  private static let fixed: [ExplorerAxis] = [
    .init("score", "score", .percent, true) { 100 * $0.value },
    .init("pscp", "PSCP", .points, true) { $0.pscp },
    .init("parameters", "trainable parameters", .count, false) { $0.costs.trainableParameters },
    .init("flops", "added FLOPs", .flops, false) { $0.costs.addedFLOPs },
    .init("memory", "peak memory of tensors", .bytes, false) { $0.costs.tensorBytes.total },
    .init("resident", "peak memory of the process", .bytes, false) { $0.costs.residentBytes },
    .init("training", "seconds of training", .seconds, false) { $0.costs.trainingSeconds },
    .init("evaluation", "seconds of evaluation", .seconds, false) { $0.costs.evaluationSeconds },
    .init("answer", "seconds a row of evaluation", .seconds, false) { run in
      guard let seconds = run.costs.evaluationSeconds, let rows = run.answerCount, rows > 0 else { return nil }
      return seconds / Double(rows)
    },
    .init("rate", "training tokens a second", .number, true) { $0.costs.tokensPerSecond },
    .init("tokens", "training tokens", .count, nil) { $0.costs.tokensSeen },
    .init("rows", "training rows", .count, nil) { $0.rows.trainingCount.map(Double.init) },
    .init("disk", "bytes of the saved adapter", .bytes, false) { $0.savedAdapterBytes },
    .init("invalid", "invalid answers", .percent, false) { $0.invalidRate.map { 100 * $0 } },
    .init("majority", "majority's score", .percent, nil) { $0.baseline.majority.map { 100 * $0 } },
  ]

  /// Of an adapter that was added or taken at a part of its strength: its score over that of the task's own adapter.
  private static func kept(_ runs: [ReportedRun]) -> ExplorerAxis {
    let owners = AdapterOwners(runs)
    var shares: [String: Double] = [:]
    for run in runs where !run.isTrained {
      let own = AdapterStart(run)?.members.lazy.compactMap { owners.owner(of: $0.path) }.first {
        $0.dataset == run.dataset
      }
      if let own, own.score > 0 { shares[run.id] = 100 * run.value / own.score }
    }
    let kept = shares
    return .init("kept", "kept of the own adapter's score", .percent, true) { kept[$0.id] }
  }

  /// Every score by its name, the scores on other sets, and how much lower they are.
  private static func named(_ runs: [ReportedRun]) -> [ExplorerAxis] {
    var names: [String] = []
    for score in runs.lazy.flatMap(\.scores) where !names.contains(score.name) { names.append(score.name) }
    return names.map { name in
      .init("score-\(name)", name, .percent, true) { run in
        run.scores.first { $0.name == name }.map { 100 * $0.value }
      }
    }
      + runs.setNames.flatMap { name -> [ExplorerAxis] in
        @Sendable func value(_ run: ReportedRun) -> Double? { run.sets.first { $0.name == name }?.value }
        return [
          .init("set-\(name)", "score on \(name)", .percent, true) { value($0).map { 100 * $0 } },
          .init("drop-\(name)", "points lost on \(name)", .points, false) { run in
            value(run).map { 100 * (run.value - $0) }
          },
        ]
      }
  }

  private init(
    _ key: String, _ title: String, _ unit: Unit, _ higherIsBetter: Bool?,
    _ value: @escaping @Sendable (ReportedRun) -> Double?
  ) {
    (self.key, self.title, self.unit, self.higherIsBetter, self.value) = (key, title, unit, higherIsBetter, value)
  }
}
