import PEFTBench
import PEFTCore
import PEFTMethods

/// The runs of one method with the same settings but for the strategy, complete ones and those that ended in an error.
struct StrategyGroup {
  /// The runs with one strategy on one dataset.
  struct Attempts {
    /// The strategy with the options that are not the default, and with the rows that it trained on where these differ.
    let strategy: String
    var runs: [ReportedRun] = []
    var failures: [FailedRun] = []
  }

  /// What reports call the method without its strategy, with the model where there are several.
  let title: String
  /// Complete runs, each with its strategy.
  let runs: [(strategy: String, run: ReportedRun)]
  /// Runs that ended in an error, each with its strategy.
  private(set) var failures: [(strategy: String, run: FailedRun)] = []

  /// Whether any run has a strategy.
  var hasStrategies: Bool {
    runs.contains { $0.run.strategy != nil } || failures.contains { $0.strategy != TrainingStrategy.standardName }
  }

  /// The runs on a dataset by strategy, plain steps first.
  func attempts(on dataset: String) -> [Attempts] {
    var attempts: [Attempts] = []
    func place(of strategy: String) -> Int {
      if let place = attempts.firstIndex(where: { $0.strategy == strategy }) { return place }
      attempts.append(Attempts(strategy: strategy))
      return attempts.count - 1
    }
    for (strategy, run) in runs where run.dataset == dataset { attempts[place(of: strategy)].runs.append(run) }
    for (strategy, run) in failures where run.dataset == dataset { attempts[place(of: strategy)].failures.append(run) }
    func isPlain(_ one: Attempts) -> Bool { one.strategy == TrainingStrategy.standardName }
    return attempts.filter(isPlain) + attempts.filter { !isPlain($0) }
  }

  /// The groups of a suite, in the order in which their runs come.
  ///
  /// The error of a run does not tell its settings. It belongs to the runs of its label; where none of these is complete,
  /// to those of the label without the strategy; else to a group of its own.
  static func all(in suite: SuiteResults) -> [StrategyGroup] {
    let hasModels = suite.modelNames.count > 1
    func title(_ label: String, model: String) -> String { hasModels ? "\(model) \(label)" : label }
    var groups = suite.runs.filter { $0.isTrained && !$0.isZeroShot }
      .groupedInOrder { [$0.modelHash, $0.methodName, $0.settingsWithoutStrategy] }
      .flatMap { byContents($0.elements, in: suite) }
      .map { contents, runs in
        let first = runs.first { $0.strategy == nil } ?? runs[0]
        let name = LabelWithStrategy(first.label).rest + RunContents.name(of: contents)
        return StrategyGroup(
          title: title(name, model: first.modelName),
          runs: runs.map { ($0.strategyLabel + RunContents.name(of: strategyContents(of: $0, in: suite)), $0) })
      }
    for failure in suite.failures where MethodRegistry.trains(failure.methodName) {
      func isOfMethod(_ run: ReportedRun) -> Bool {
        run.modelName == failure.modelName && (failure.modelHash.isEmpty || run.modelHash == failure.modelHash)
          && run.methodName == MethodRegistry.canonicalName(failure.methodName)
      }
      let label = LabelWithStrategy(failure.label)
      // An error that names no strategy is of plain steps, as earlier versions wrote it; complete runs of its label may be
      // of another config.
      let strategy = failure.strategy ?? label.strategy ?? TrainingStrategy.standardName
      let own = title(label.rest, model: failure.modelName)
      let place =
        groups.firstIndex { $0.runs.contains { isOfMethod($0.run) && $0.run.label == failure.label } }
        ?? groups.firstIndex { $0.title == own && ($0.runs.isEmpty || $0.runs.contains { isOfMethod($0.run) }) }
      if let place {
        groups[place].failures.append((strategy, failure))
      } else {
        groups.append(StrategyGroup(title: own, runs: [], failures: [(strategy, failure)]))
      }
    }
    return groups
  }

  /// Runs of one method and settings apart by what they depend on besides, where that tells runs of one label apart.
  ///
  /// Runs of a label which it does not tell apart, such as plain steps that were done once, belong to those with which they
  /// agree in it.
  private static func byContents(
    _ runs: [ReportedRun], in suite: SuiteResults
  ) -> [(contents: [RunContents.Distinction], runs: [ReportedRun])] {
    func own(_ run: ReportedRun) -> [RunContents.Distinction] {
      suite.contents(of: run).filter { $0.part != RunContents.augmentedRows }
    }
    let told = SuiteResults.unique(runs.map(own)).filter { !$0.isEmpty }
    return runs.groupedInOrder { run in
      guard own(run).isEmpty else { return own(run) }
      let texts = run.ownParts.map(\.text)
      return told.first { $0.allSatisfy { texts.contains($0.text) } } ?? []
    }.map { ($0.key, $0.elements) }
  }

  /// The rows of its strategy's own that a run trained on, where runs of its label differ in them.
  ///
  /// Plain steps have none, and are what the runs on each of them are held against.
  private static func strategyContents(of run: ReportedRun, in suite: SuiteResults) -> [RunContents.Distinction] {
    suite.contents(of: run).filter { $0.part == RunContents.augmentedRows }
  }
}

/// A method's label taken apart: `lora (rank=2, strategy=deni)` is `deni` of `lora (rank=2)`.
private struct LabelWithStrategy {
  /// The strategy; nil where the label names none.
  let strategy: String?
  /// The label without it.
  let rest: String

  init(_ label: String) {
    guard label.hasSuffix(")"), let open = label.firstRange(of: " (") else {
      (strategy, rest) = (nil, label)
      return
    }
    let key = "strategy="
    let parts = label[open.upperBound...].dropLast().split(separator: ", ")
    let others = parts.filter { !$0.hasPrefix(key) }
    strategy = parts.first { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) }
    rest = String(label[..<open.lowerBound]) + (others.isEmpty ? "" : " (\(others.joined(separator: ", ")))")
  }
}

extension ReportedRun {
  /// The strategy with the options that are not the default.
  var strategyLabel: String { strategy.map { $0.label ?? $0.name } ?? TrainingStrategy.standardName }

  /// Whether the run failed although it ended; nil where guessing means nothing.
  ///
  /// It did if the mean of the labels' F1 is below one over their number, as it is of any single answer to all rows, whose
  /// accuracy can be that of guessing. Of other metrics the headline score counts.
  var isWorseThanGuessing: Bool? {
    if !summary.classes.isEmpty {
      return Summary.mean(summary.classes.map(\.f1)) < 1 / Double(summary.classes.count)
    }
    // A report keeps no classes; the accuracy of guessing is one over their number.
    if let score = scores.first(where: { $0.name == "macro_f1" })?.value,
      let guess = summary.chanceScores.first(where: { $0.name == "accuracy" })?.value
    {
      return score < guess
    }
    return baseline.chance.map { value < $0 }
  }

  /// The settings by which runs of one method are alike whatever their strategy.
  var settingsWithoutStrategy: String {
    var settings = settings
    var training = settings["training"] ?? .null
    training["strategy"] = nil
    settings["training"] = training
    return settings.compactText
  }
}
