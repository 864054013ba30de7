import PEFTBench
import PEFTCore

/// A form that a report can have.
package enum ReportFormat: String, Sendable, CaseIterable {
  case table, markdown, csv, json, html, junit, latex
}

extension Report {
  /// The report in a format; a table for the terminal is the program's own, so it has none.
  package func text(_ format: ReportFormat) -> String? {
    switch format {
    case .table: nil
    case .markdown: MarkdownReport.text(self)
    case .csv: CSVReport.text(self)
    case .json: JSONReport.value(self).prettyText
    case .html: HTMLReport(self).text
    case .junit: JUnitReport.text(self)
    case .latex: LaTeXReport.text(self)
    }
  }

  /// The tables of a suite.
  package func tables(_ suite: Suite) -> [ReportTable] { ReportTables.all(suite) }

  /// Rewrites summary.csv, leaderboard.json, report.html and report.md in a folder.
  package func write(to folder: String) throws(FileError) {
    for (name, format) in zip(ResultsFolder.reportNames, [ReportFormat.csv, .json, .html, .markdown]) {
      if let text = text(format) { try AtomicFile.write(text, to: "\(folder)/\(name)") }
    }
  }

  /// Rewrites these files in a results folder, with what is there when no other process makes them.
  ///
  /// Of several sweeps that end at about the same time, the last one to write has seen the records of all.
  ///
  /// - Throws: An `InputError` for a record that cannot be read or a folder that cannot be written to.
  @discardableResult package static func refresh(_ results: ResultsFolder) throws -> Report {
    try withResults(of: results) { try made($0, in: results) }
  }

  /// The same for a sweep that goes on: nil, and no files, while no run has come to an end but some are planned.
  package static func refreshIfAny(_ results: ResultsFolder) throws -> Report? {
    try withResults(of: results) { found in
      let isEarly = found.runs.isEmpty && found.failures.isEmpty && !found.missing.isEmpty
      return isEarly ? nil : try made(found, in: results)
    }
  }

  private static func made(_ found: ReportedResults, in results: ResultsFolder) throws -> Report {
    let report = try Report(found)
    try report.write(to: results.path)
    return report
  }

  /// What is in a folder while no other process makes its files.
  private static func withResults<Made>(
    of results: ResultsFolder, _ make: (ReportedResults) throws -> Made
  ) throws -> Made {
    let locks = try RunLocks(forTakingIn: results.path)
    return try locks.withFolderLock { try make(ReportedResults([results.path], locks: locks)) }
  }
}
