import PEFTBench

/// A report as Markdown, for a repository or the summary of a CI job.
enum MarkdownReport {
  static func text(_ report: Report) -> String {
    var parts = ["# \(VisibleText.markdown(report.results.name)): PEFT methods compared"]
    if !report.firstSentences.isEmpty {
      parts.append(
        report.firstSentences.map { "- **\(VisibleText.markdown($0.suite))**: \(VisibleText.markdown($0.sentence))" }
          .joined(separator: "\n"))
    }
    for suite in report.suites {
      let results = suite.results
      let models = results.modelNames.map(VisibleText.markdown).joined(separator: ", ")
      parts.append(
        "**\(VisibleText.markdown(results.suiteTitle))** · \(models) · \(ReportTables.datasets(results.datasets.count))"
          + " · \(NumberText.counted(results.runs.count, "run"))"
          + (results.failures.isEmpty ? "" : " · **\(results.failures.count) failed**")
          + (results.missing.isEmpty ? "" : " · **\(results.missing.count) missing**"))
      if let verdict = suite.statistics.verdict {
        parts.append(verdict.sentences.map { "- " + VisibleText.markdown($0) }.joined(separator: "\n"))
      }
      let notes = suite.statistics.notes + report.results.notes
      if !notes.isEmpty { parts.append(notes.map { "- " + VisibleText.markdown($0) }.joined(separator: "\n")) }
      for table in ReportTables.all(suite) + ReportTables.allScores(suite) {
        parts.append(section(table, suite: results.suiteTitle))
      }
    }
    parts.append(
      "Best values are bold with all that are tied with them, second ones italic; methods that show nothing learned are left out of that. Made by peft-bench \(Version.current)."
    )
    return parts.joined(separator: "\n\n") + "\n"
  }

  static func section(_ table: ReportTable, suite: String) -> String {
    "## \(VisibleText.markdown(table.title)), \(VisibleText.markdown(suite))\n\n\(VisibleText.markdown(table.caption))\n\n"
      + self.table(table)
  }

  static func table(_ table: ReportTable) -> String {
    let head = "| " + table.columns.map { VisibleText.markdown($0.title) }.joined(separator: " | ") + " |"
    let line = "|" + table.columns.map { $0.isNumber ? "--:|" : "--|" }.joined()
    let rows = table.rows.map { row in
      "| "
        + row.map { cell in
          let text = VisibleText.markdown(cell.text)
          return switch cell.mark {
          case .best: "**\(text)**"
          case .second: "*\(text)*"
          case .failed where cell.text == "failed": "**failed**"
          default: text
          }
        }.joined(separator: " | ") + " |"
    }
    return ([head, line] + rows).joined(separator: "\n")
  }
}
