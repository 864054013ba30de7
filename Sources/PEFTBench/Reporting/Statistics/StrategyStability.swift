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
    /// The scores by seed; of runs that ended in an error there is none.
    package let values: [Double]
    /// Runs that ended in an error, such as a training that diverged.
    package let errorCount: Int
    /// The 95 % interval of the sample deviation, by resampling seeds; nil for fewer than three.
    package let deviationInterval: Bootstrap.Interval?
    /// The share of all runs that failed: those that ended in an error, and those that are no better than guessing
    /// (`ReportedRun.isWorseThanGuessing`); nil where no run ended in an error and guessing means nothing.
    package let failedShare: Double?
    /// The share of complete runs that gave every row the same answer; nil where that is not known.
    package let oneAnswerShare: Double?
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
    /// Mean peak bytes of tensors; nil where no run is complete.
    package let bytes: Double?
    /// Whether the corrected test finds a smaller spread than that of plain steps, in runs that for the most part learned
    /// something: the scores of runs that all give one answer are as equal as they are worthless.
    package fileprivate(set) var isSteadier = false

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
    /// The share to expect of a source that changes nothing: its seeds less one, over all runs less one.
    package let shareByChance: Double
    /// Runs that all combinations of the seeds of all sources make; with fewer, sources are not told apart cleanly.
    package let combinations: Int
    /// The population deviation of the means over the runs of each of its seeds.
    package let deviation: Double
  }

  /// By method, dataset and strategy, plain steps first.
  package let rows: [Row]
  /// For runs whose sources of chance have seeds of their own.
  package let sources: [SourceShare]

  /// Looks at the runs of a suite; both lists are empty where no run has a strategy, or a seed for each source.
  package init(_ suite: SuiteResults) {
    let groups = StrategyGroup.all(in: suite)
    var rows: [Row] = []
    // Of a method that has no run with a strategy there is nothing to compare.
    for group in groups where group.hasStrategies {
      for dataset in suite.datasets {
        let attempts = group.attempts(on: dataset)
        let plain = attempts.first { $0.strategy == TrainingStrategy.standardName }
        rows += attempts.map { Self.row($0, method: group.title, dataset: dataset, plain: plain) }
      }
    }
    let corrected = HolmCorrection.adjust(rows.compactMap(\.test?.pValue))
    var (place, plain) = (0, Summary([]))
    for index in rows.indices {
      if rows[index].strategy == TrainingStrategy.standardName { plain = rows[index].summary }
      guard rows[index].test != nil else { continue }
      rows[index].correctedP = corrected[place]
      let isSmaller = rows[index].summary.sampleDeviation < plain.sampleDeviation
      let worthless = max(rows[index].failedShare ?? 0, rows[index].oneAnswerShare ?? 0)
      rows[index].isSteadier = corrected[place] <= 0.05 && isSmaller && worthless < 0.5
      place += 1
    }
    self.rows = rows
    sources = groups.flatMap { group in
      group.runs.filter { $0.run.seeds != nil }.groupedInOrder { [$0.run.dataset, $0.strategy] }.flatMap {
        Self.sources(of: $0.elements.map(\.run), strategy: $0.elements[0].strategy, method: group.title)
      }
    }
  }

  private static func row(
    _ attempts: StrategyGroup.Attempts, method: String, dataset: String, plain: StrategyGroup.Attempts?
  ) -> Row {
    let (runs, strategy) = (attempts.runs, attempts.strategy)
    let values = runs.map(\.value)
    func mean(_ value: (ReportedRun) -> Double?) -> Double? {
      let values = runs.compactMap(value)
      return values.isEmpty ? nil : Summary.mean(values)
    }
    let errorCount = attempts.failures.count
    let judged = runs.compactMap(\.isWorseThanGuessing)
    let failedCount = errorCount + judged.count { $0 }
    let answers = runs.compactMap(\.baseline.distinctAnswers)
    let isPlain = strategy == TrainingStrategy.standardName
    return Row(
      method: method, strategy: strategy, dataset: dataset, values: values, errorCount: errorCount,
      deviationInterval: Bootstrap(seeds: SeedStream(0).child(method).child(dataset).child(strategy))
        .deviation(of: values),
      failedShare: errorCount > 0 || !judged.isEmpty
        ? Double(failedCount) / Double(errorCount + runs.count) : nil,
      oneAnswerShare: answers.isEmpty ? nil : Double(answers.count { $0 == 1 }) / Double(answers.count),
      test: isPlain ? nil : plain.flatMap { BrownForsytheTest(values, $0.runs.map(\.value)) },
      relativeSteps: isPlain ? 1 : mean(\.strategy?.relativeModelSteps),
      shareOfEnsemble: mean(\.strategy?.shareOfEnsemble),
      relativeTokens: isPlain ? 1 : mean(\.strategy?.relativeTrainingTokens),
      bytes: mean(\.costs.tensorBytes.total))
  }

  private static func sources(of runs: [ReportedRun], strategy: String, method: String) -> [SourceShare] {
    let mean = Summary.mean(runs.map(\.value))
    let whole = runs.reduce(0.0) { $0 + ($1.value - mean) * ($1.value - mean) }
    let levels = RunSeeds.Source.allCases.map { source in
      runs.groupedInOrder { $0.seeds?.number(source.rawValue) ?? 0 }.map(\.elements)
    }
    let combinations = levels.reduce(1) { $0 * $1.count }
    return zip(RunSeeds.Source.allCases, levels).compactMap { source, levels in
      guard levels.count > 1 else { return nil }
      let means = levels.map { Summary.mean($0.map(\.value)) }
      let between = zip(levels, means).reduce(0.0) { $0 + Double($1.0.count) * ($1.1 - mean) * ($1.1 - mean) }
      return SourceShare(
        method: method, strategy: strategy, dataset: runs[0].dataset, source: source.rawValue,
        levels: levels.count, runs: runs.count, share: whole > 0 ? between / whole : nil,
        shareByChance: Double(levels.count - 1) / Double(runs.count - 1), combinations: combinations,
        deviation: Summary(means).populationDeviation)
    }
  }
}
