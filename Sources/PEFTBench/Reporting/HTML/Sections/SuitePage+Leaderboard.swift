import PEFTBench

extension SuitePage {
  /// The methods by PSCP, with what failed or is missing.
  var leaderboard: PageSection {
    let models = results.modelNames.map { "<b>\(VisibleText.markup($0))</b>" }.joined(separator: ", ")
    var parts = [
      "<p class=\"lead\">\(models), <b>\(VisibleText.markup(suiteName))</b>: "
        + VisibleText.markup(
          "\(ReportTables.datasets(results.datasets.count)), \(ReportTables.seedText(results)).") + "</p>",
      PageParts.notes(statistics.notes + reportNotes),
      table(ReportTables.leaderboard(suite), style: "board sortable", marksSeries: true),
    ]
    for extra in [ReportTables.failures(suite), ReportTables.missing(suite)].compactMap({ $0 }) {
      parts.append(PageParts.heading(extra.title) + table(extra, style: "words"))
    }
    return section("leaderboard", "Leaderboard", parts)
  }
}
