import PEFTBench
import PEFTCore

/// How steady the results of strategies against chance are, beside plain steps of the same method.
package struct StrategyStability: Sendable {
  /// The runs of one method with one strategy on one dataset, a seed each.
  package struct Row: Sendable {
    /// What reports call the method without its strategy.
    package let method: String
    /// The strategy with the options that are not the default.
    package let strategy: String
    /// The dataset.
    package let dataset: String
    /// The scores by seed.
    package let values: [Double]
    /// The 95 % interval of the sample deviation, by resampling seeds; nil for fewer than three.
    package let deviationInterval: Bootstrap.Interval?
    /// The share of runs whose score is below that of guessing; nil where guessing has none.
    package let failedShare: Double?
    /// Whether the spread differs from that of plain steps; nil for these themselves and where it cannot be tested.
    package let test: BrownForsytheTest?
    /// The p-value corrected for all tests of the suite (Holm).
    package fileprivate(set) var correctedP: Double?
    /// Optimizer steps of all models as a multiple of those of plain steps.
    package let relativeSteps: Double?
    /// The same as a share of those of an ensemble of as many members.
    package let shareOfEnsemble: Double?
    /// Training tokens as a multiple of those of plain steps.
    package let relativeTokens: Double?
    /// Mean peak bytes of tensors.
    package let bytes: Double

    /// Mean and spread.
    package var summary: Summary { Summary(values) }
  }

  /// How much of the spread of some runs comes from one source of chance.
  package struct SourceShare: Sendable {
    /// What reports call the method.
    package let method: String
    /// The strategy.
    package let strategy: String
    /// The dataset.
    package let dataset: String
    /// The source of chance.
    package let source: String
    /// Seeds that it had.
    package let levels: Int
    /// Runs.
    package let runs: Int
    /// The sum of squares between its seeds as a share of the whole; nil where all scores are equal.
    package let share: Double?
    /// The population deviation of the means over the runs of each of its seeds.
    package let deviation: Double
  }

  /// By method, dataset and strategy, plain steps first.
  package let rows: [Row]
  /// For runs whose sources of chance have seeds of their own.
  package let sources: [SourceShare]

  /// Looks at the runs of a suite; both lists are empty where no run has a strategy, or a seed for each source.
  package init(_ suite: SuiteResults) {
    let trained = suite.runs.filter { $0.isTrained && !$0.isZeroShot }
    let groups = Self.grouped(trained) { [$0.modelHash, $0.methodName, $0.settingsWithoutStrategy] }
    // Of a method that has no run with a strategy there is nothing to compare.
    let compared = groups.filter { group in group.contains { $0.strategy != nil } }
    var rows: [Row] = []
    for group in compared {
      let title = Self.title(of: group, in: suite)
      for dataset in suite.datasets {
        let runs = Self.grouped(group.filter { $0.dataset == dataset }) { [$0.strategyLabel] }
        let plain = runs.first { $0[0].strategy == nil }
        for runs in (plain.map { [$0] } ?? []) + runs.filter({ $0[0].strategy != nil }) {
          rows.append(Self.row(runs, method: title, dataset: dataset, plain: plain))
        }
      }
    }
    let corrected = HolmCorrection.adjust(rows.compactMap(\.test?.pValue))
    var place = 0
    for index in rows.indices where rows[index].test != nil {
      rows[index].correctedP = corrected[place]
      place += 1
    }
    self.rows = rows
    sources = groups.flatMap { group in
      let title = Self.title(of: group, in: suite)
      return Self.grouped(group.filter { $0.seeds != nil }) { [$0.dataset, $0.strategyLabel] }.flatMap {
        Self.sources(of: $0, method: title)
      }
    }
  }

  private static func row(
    _ runs: [ReportedRun], method: String, dataset: String, plain: [ReportedRun]?
  ) -> Row {
    let values = runs.map(\.value)
    let chance = runs.lazy.compactMap(\.baseline.chance).first
    func mean(_ value: (ReportedRun) -> Double?) -> Double? {
      let values = runs.compactMap(value)
      return values.isEmpty ? nil : Summary.mean(values)
    }
    let strategy = runs[0].strategyLabel
    let isPlain = runs[0].strategy == nil
    return Row(
      method: method, strategy: strategy, dataset: dataset, values: values,
      deviationInterval: Bootstrap(seeds: SeedStream(0).child(method).child(dataset).child(strategy))
        .deviation(of: values),
      failedShare: chance.map { chance in Double(values.count { $0 < chance }) / Double(values.count) },
      test: isPlain ? nil : plain.flatMap { BrownForsytheTest(values, $0.map(\.value)) },
      relativeSteps: isPlain ? 1 : mean(\.strategy?.relativeModelSteps),
      shareOfEnsemble: mean(\.strategy?.shareOfEnsemble),
      relativeTokens: isPlain ? 1 : mean(\.strategy?.relativeTrainingTokens),
      bytes: mean(\.costs.tensorBytes.total) ?? 0)
  }

  private static func sources(of runs: [ReportedRun], method: String) -> [SourceShare] {
    let mean = Summary.mean(runs.map(\.value))
    let whole = runs.reduce(0.0) { $0 + ($1.value - mean) * ($1.value - mean) }
    return RunSeeds.Source.allCases.compactMap { source in
      let levels = grouped(runs) { ["\($0.seeds?.number(source.rawValue) ?? 0)"] }
      guard levels.count > 1 else { return nil }
      let means = levels.map { Summary.mean($0.map(\.value)) }
      let between = zip(levels, means).reduce(0.0) { $0 + Double($1.0.count) * ($1.1 - mean) * ($1.1 - mean) }
      return SourceShare(
        method: method, strategy: runs[0].strategyLabel, dataset: runs[0].dataset, source: source.rawValue,
        levels: levels.count, runs: runs.count, share: whole > 0 ? between / whole : nil,
        deviation: Summary(means).populationDeviation)
    }
  }

  /// The label of a group of runs without the strategy in it, with the model where there are several.
  private static func title(of group: [ReportedRun], in suite: SuiteResults) -> String {
    let label = (group.first { $0.strategy == nil } ?? group[0]).label
    var title = label
    if label.hasSuffix(")"), let open = label.firstRange(of: " (") {
      let parts = label[open.upperBound...].dropLast().split(separator: ", ").filter { !$0.hasPrefix("strategy=") }
      title = String(label[..<open.lowerBound]) + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }
    return suite.modelNames.count > 1 ? "\(group[0].modelName) \(title)" : title
  }

  /// Runs by a key, groups and runs in the order in which they come.
  private static func grouped(_ runs: [ReportedRun], by key: (ReportedRun) -> [String]) -> [[ReportedRun]] {
    var order: [[String]] = []
    var groups: [[String]: [ReportedRun]] = [:]
    for run in runs {
      let key = key(run)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(run)
    }
    return order.map { groups[$0] ?? [] }
  }
}

extension ReportedRun {
  /// The strategy with the options that are not the default.
  var strategyLabel: String { strategy.map { $0.label ?? $0.name } ?? TrainingStrategy.standardName }

  /// The settings by which runs of one method are alike whatever their strategy.
  var settingsWithoutStrategy: String {
    var settings = settings
    var training = settings["training"] ?? .null
    training["strategy"] = nil
    settings["training"] = training
    return settings.compactText
  }
}
