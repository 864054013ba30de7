import PEFTBench

/// The best of several settings of one method, and on which rows it was chosen.
///
/// Reporting the best of many settings on the rows that chose it reports too much. A third set, which
/// chose nothing, gives the score without that.
package struct SettingsChoice: Sendable {
  /// The method's name in the registry, with the model where there are several.
  package let method: String
  /// How many settings there were.
  package let count: Int
  /// The best one, as tables call it.
  package let winner: String
  /// Its mean headline score over the shared datasets, on the rows that chose it.
  package let value: Double
  /// The same on the third sets; nil where a run has none.
  package let testValue: Double?

  /// The choices of a suite: one for each method that has several settings with a mean.
  static func all(of suite: SuiteResults) -> [SettingsChoice] {
    let settings = suite.comparable.filter { !suite.methods[$0].isZeroShot }.groupedInOrder { index in
      let method = suite.methods[index]
      return [method.modelName, method.modelHash, method.name]
    }
    return settings.compactMap { name, members in
      guard members.count > 1 else { return nil }
      let values = members.map { mean(of: $0, in: suite, \.value) ?? -1 }
      // The first among equals.
      guard let best = values.indices.max(by: { (values[$0], -$0) < (values[$1], -$1) }) else { return nil }
      return SettingsChoice(
        method: (suite.modelNames.count > 1 ? name[0] + " · " : "") + name[2], count: members.count,
        winner: suite.methods[members[best]].title, value: values[best],
        testValue: mean(of: members[best], in: suite, \.testValue))
    }
  }

  /// The mean over the shared datasets of the means over their runs; nil where a run has no value.
  private static func mean(of method: Int, in suite: SuiteResults, _ value: (ReportedRun) -> Double?) -> Double? {
    var means: [Double] = []
    for dataset in suite.sharedDatasets {
      let runs = suite.sharedRuns(method, dataset)
      let values = runs.compactMap(value)
      guard !runs.isEmpty, values.count == runs.count else { return nil }
      means.append(Summary.mean(values))
    }
    return means.isEmpty ? nil : Summary.mean(means)
  }

  /// What reports say of it.
  package var sentence: String {
    let chosen = "Of \(count) settings of \(method), \(winner) has the best score"
    guard let testValue else {
      return "\(chosen), \(NumberText.percent(value)), chosen on the rows that it is reported on."
    }
    return "\(chosen) on validation, \(NumberText.percent(value)); on test, which chose nothing, it has "
      + "\(NumberText.percent(testValue))."
  }
}
