import PEFTBench

extension SuiteFigures {
  /// Average ranks with the critical difference; nil for too few methods or datasets.
  var ranks: ReportFigure? {
    guard let ranking = statistics.ranking else { return nil }
    let names = ranking.methods.map { results.title($0) }
    let diagram = RankDiagram(
      id: id("ranks"), names: names, styles: ranking.methods.map(style), test: ranking.test)
    return ReportFigure(
      name: diagram.id, caption: "Bars join methods that do not differ at the 5 % level.", drawing: diagram.drawing,
      columns: ["method", "average rank"],
      rows: zip(names, ranking.test.averageRanks).map { [.text($0), .number($1)] })
  }
}
