import PEFTBench

extension SuitePage {
  /// Strategies against chance: a strip of seeds for each method and dataset, and the numbers.
  var strategies: PageSection? {
    let (strips, sources) = (ReportTables.strategies(suite), ReportTables.sources(suite))
    guard strips != nil || sources != nil else { return nil }
    var parts: [String] = []
    if let strips {
      parts += [
        PageParts.caption(
          "The score of every seed in percent, a row a strategy; the upright line is the mean."),
        PageParts.panels(figures.strategies, style: "charts"), table(strips, style: "sortable"),
      ]
    }
    if let sources { parts += [PageParts.heading(sources.title), table(sources, style: "sortable")] }
    return section("strategies", "Strategies against chance", link: "Strategies", parts)
  }
}
