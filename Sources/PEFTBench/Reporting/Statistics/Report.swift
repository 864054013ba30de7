import PEFTBench
import PEFTCore

/// Everything that a report says, whatever its format: the results by suite, with their statistics.
package struct Report: Sendable {
  /// One suite; results of different suites are never put together.
  package struct Suite: Sendable {
    /// The runs, arranged by method and dataset.
    package let results: SuiteResults
    /// What they say about the methods.
    package let statistics: SuiteStatistics
    /// How steady strategies against chance are.
    package let stability: StrategyStability
    /// Adapters that were combined and judged as they are.
    let sums: [AdapterSum]
    /// Adapters that were compressed and judged as they are.
    let compressions: [AdapterGrids.Compression]
  }

  /// The runs, arranged by method and dataset.
  package let results: ReportedResults
  /// The suites, by name.
  package let suites: [Suite]
  /// Whether cells of CSV that a spreadsheet would run are marked as texts.
  package var isCSVSafe = true

  /// How alike the adapters of the folders are, where somebody has compared them.
  let similarities: [SimilarityMaps]

  /// Computes a report.
  ///
  /// - Throws: `InputError` where there is neither a complete nor a failed run, and for a file of similarities that is
  ///   something else.
  package init(_ results: ReportedResults) throws {
    self.results = results
    similarities = try results.paths.compactMap { try SimilarityMaps.of(folder: $0) }
    let names = Set(results.runs.map(\.suite) + results.failures.map(\.suite)).sorted()
    guard !names.isEmpty else {
      throw FileError(
        path: results.paths.joined(separator: ", "),
        "there is no run to report" + (results.onlyComplaint.map { "; \($0)" } ?? "")
          + (results.missing.isEmpty ? "" : "; \(results.missing.count) are yet to do"))
    }
    suites = names.flatMap { name in
      SuiteResults.parts(name, of: results).map { suite in
        let grids = AdapterGrids(results.paths, of: suite)
        return Suite(
          results: suite, statistics: SuiteStatistics(suite), stability: StrategyStability(suite),
          sums: AdapterSum.all(of: suite) + grids.sums, compressions: grids.compressions)
      }
    }
  }

  /// `mini suite`, or all of them: `mini suite and own data`.
  package var suiteTitle: String { DataConfiguration.Suite.title(of: suites.map(\.results.suite)) }

  /// When the last run ended; empty where that is not known.
  package var finished: String { results.runs.map(\.finished).max() ?? "" }

  /// The first sentence of each suite's verdict, with the suite's title; empty where there is one suite.
  package var firstSentences: [(suite: String, sentence: String)] {
    guard suites.count > 1 else { return [] }
    return suites.compactMap { suite in
      suite.statistics.verdict?.sentences.first.map { (suite.results.suiteTitle, $0) }
    }
  }

  /// How many runs are complete, failed and missing, in words.
  package var countTitle: String {
    var parts = ["\(NumberText.counted(results.runs.count, "run")) complete"]
    if !results.failures.isEmpty { parts.append("\(results.failures.count) failed") }
    if !results.missing.isEmpty { parts.append("\(results.missing.count) missing") }
    return parts.joined(separator: ", ")
  }
}
