import PEFTBench
import PEFTCore

extension ReportTables {
  /// Every score of every method and dataset, one table for each kind of task: those whose runs have the same scores.
  static func allScores(_ suite: Report.Suite) -> [ReportTable] {
    let results = suite.results
    var kinds: [(names: [String], table: ReportTable)] = []
    for dataset in results.datasets.indices {
      for method in results.methods.indices {
        let runs = results.cells[method][dataset].runs
        // Runs of one cell with other scores than the first one come from another version.
        guard let names = runs.first?.scores.map(\.name), !names.isEmpty else { continue }
        let place = kinds.firstIndex { $0.names == names } ?? kinds.count
        if place == kinds.count { kinds.append((names, table(names, number: kinds.count))) }
        let summary = runs[0].summary
        let invalid = runs.compactMap(\.invalidRate)
        kinds[place].table.add(
          [.init(results.datasets[dataset]), .init(results.title(method)), .init(runs[0].metric)]
            + names.map { name in
              let values = runs.compactMap { run in run.scores.first { $0.name == name }?.value }
              return .init(values.count == runs.count ? NumberText.percent(Summary.mean(values)) : "–")
            } + [
              .init(NumberText.percent(summary.majority?.value)), .init(NumberText.percent(summary.chance)),
              .init(NumberText.percent(invalid.isEmpty ? nil : Summary.mean(invalid))),
            ])
      }
    }
    return kinds.map(\.table)
  }

  private static func table(_ names: [String], number: Int) -> ReportTable {
    ReportTable(
      number == 0 ? "all-scores" : "all-scores-\(number + 1)",
      "All scores: \(names.prefix(3).joined(separator: ", "))…",
      caption:
        "Means over seeds, times 100. The headline of a dataset is the score in the column headline; majority is "
        + "what the most frequent gold answer reaches when it is given to every row, chance what guessing does.",
      columns: [
        .init("dataset", isNumber: false), .init("method", isNumber: false), .init("headline", isNumber: false),
      ]
        + (names + ["majority", "chance", "invalid"]).map { .init($0) })
  }
}
