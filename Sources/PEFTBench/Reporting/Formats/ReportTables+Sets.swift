import PEFTBench

extension ReportTables {
  /// The headline score of every method on the other sets of rows, such as a third split or a set that was made harder;
  /// nil where no run answered one.
  static func sets(_ suite: Report.Suite) -> ReportTable? {
    let results = suite.results
    let columns = results.methods.indices.map { ReportTable.Column(results.title($0)) }
    var table = ReportTable(
      "sets", "Scores on other sets of rows",
      caption: "The headline score in percent on sets that were answered besides the scored rows, mean over the seeds "
        + "that are there, and the rows of each set.",
      columns: [.init("dataset", isNumber: false), .init("set", isNumber: false), .init("rows")] + columns)
    for dataset in results.datasets.indices {
      let cells = results.methods.indices.map { results.cells[$0][dataset].runs }
      for name in cells.joined().setNames {
        let sets = cells.map { runs in runs.compactMap { run in run.sets.first { $0.name == name } } }
        let means = sets.map { $0.isEmpty ? nil : Summary.mean($0.map(\.value)) }
        table.add(
          [
            .init(results.datasets[dataset]), .init(name),
            .init(NumberText.count(sets.joined().first?.count.map(Double.init))),
          ] + ReportTable.ranked(means.map { NumberText.percent($0) }, means))
      }
    }
    return table.rows.isEmpty ? nil : table
  }
}
