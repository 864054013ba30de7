import PEFTBench
import PEFTCore

/// A comparison in the forms that people and machines read.
extension Comparison {
  /// The name of the JSON form.
  static let schema = "peft-bench.compare/1"

  /// One sentence: what this is about and how it ended.
  package var summary: String {
    let runs =
      "\(NumberText.counted(matched.count, "run")) of "
      + (suites == [DataConfiguration.Suite.own.rawValue] ? "" : "the ") + DataConfiguration.Suite.title(of: suites)
    var others: [String] = []
    if !added.isEmpty {
      others.append("\(NumberText.counted(added.count, "run")) only in the candidate")
    }
    if !otherFailures.isEmpty {
      let count = otherFailures.count
      others.append("\(NumberText.counted(count, "run")) failed that the baseline does not have")
    }
    if moves.isEmpty, missing.isEmpty, failed.isEmpty {
      return (["Nothing moved in \(runs)"] + others).joined(separator: "; ") + "."
    }
    var parts = ["\(runs) compared"]
    for verdict in [Verdict.regression, .tolerated, .insignificant, .improved, .uncounted] {
      let found = moves.filter { $0.verdict == verdict }
      if found.isEmpty { continue }
      let count = Set(found.map(\.run.key)).count
      parts.append("\(Self.counted(verdict, found.count)) in \(NumberText.counted(count, "run"))")
    }
    if moves.isEmpty, !matched.isEmpty { parts.append("nothing moved in them") }
    if !failed.isEmpty {
      let count = failed.count
      parts.append("\(NumberText.counted(count, "run")) failed that the baseline has complete")
    }
    if !missing.isEmpty {
      let count = missing.count
      let verdict = isMissingAllowed ? "allowed" : "counted as \(count == 1 ? "a regression" : "regressions")"
      parts.append("\(NumberText.counted(count, "run")) only in the baseline (\(verdict))")
    }
    parts += others
    return "\(isRegression ? "REGRESSION" : "No regression"): \(parts.joined(separator: ", "))."
  }

  /// How many values moved in one way, in words that cannot be taken for a number of runs.
  private static func counted(_ verdict: Verdict, _ count: Int) -> String {
    switch verdict {
    case .regression: NumberText.counted(count, "regression")
    case .tolerated: "\(count) \(count == 1 ? "loss" : "losses") within tolerance"
    case .insignificant: "\(NumberText.counted(count, "drop")) without significance"
    case .improved: NumberText.counted(count, "improvement")
    case .uncounted: "\(NumberText.counted(count, "change")) of PSCP or speed not counted"
    }
  }

  /// What differs in the settings of the runs that are held against each other, one line for runs that differ alike.
  package var changeLines: [String] {
    let most = 12
    let lines = changes.prefix(most).map { $0.text(of: matched.count) }
    let more = changes.dropFirst(most)
    guard !more.isEmpty else { return lines }
    return lines + ["\(more.reduce(0) { $0 + $1.runs.count }) other runs in other ways (--json lists all)"]
  }

  /// What moved, what is missing and what is new, as a table.
  package var table: ReportTable {
    let severalModels =
      Set((matched + missing.map(\.run) + added).map(\.modelName) + otherFailures.map(\.modelName)).count > 1
    var table = ReportTable(
      "comparison", "What moved", caption: summary,
      columns: [
        .init("dataset", isNumber: false), .init("method", isNumber: false), .init("seed"),
        .init("metric", isNumber: false), .init("baseline"), .init("candidate"), .init("majority"), .init("change"),
        .init("95 % interval"), .init("tolerance"), .init("verdict", isNumber: false),
      ])
    let dash = ReportTable.Cell("–")
    func add(_ run: some PlacedRun, _ cells: [ReportTable.Cell]) {
      let method = (severalModels ? "\(run.modelName) · " : "") + run.label
      let dataset = (suites.count > 1 ? DataConfiguration.Suite.title(of: [run.suite]) + " · " : "") + run.dataset
      table.add([.init(dataset), .init(method), .init("\(run.seed)")] + cells)
    }
    for move in moves {
      let interval = move.interval.map {
        "\(NumberText.signed(100 * $0.lower, digits: 1)) … \(NumberText.signed(100 * $0.upper, digits: 1))"
      }
      add(
        move.run,
        [
          .init(move.metric), .init(move.baselineText), .init(move.candidateText), majority(move),
          .init(move.changeText),
          .init(interval ?? "–"), .init(move.tolerance?.description ?? "–"),
          .init(Self.word(move.verdict), move.verdict == .regression ? .failed : .plain),
        ])
    }
    func score(_ run: ReportedRun) -> ReportTable.Cell {
      .init("\(run.metric) \(ComparedMetric.score(run.metric).text(run.value))")
    }
    /// What one answer to every row would reach by the same metric.
    func majority(_ move: Move) -> ReportTable.Cell {
      guard move.metric == move.run.metric, let value = move.run.summary.majority?.value else { return dash }
      return .init(ComparedMetric.score(move.metric).text(value))
    }
    func before(_ run: some PlacedRun) -> ReportTable.Cell { failedInBaseline(run) ? "failed" : dash }
    for (run, error) in failed {
      add(
        run,
        [
          .init("run"), score(run), .init("failed"), dash, dash, dash, dash,
          .init("failed: \(VisibleText.cut(error, to: 120))", .failed),
        ])
    }
    for (run, cause) in missing {
      let verdict = "only in the baseline" + (cause.map { ": \($0)" } ?? "")
      add(run, [.init("run"), score(run), .init("missing"), dash, dash, dash, dash, .init(verdict, .missing)])
    }
    for run in added {
      add(
        run, [.init("run"), before(run), score(run), dash, dash, dash, dash, .init("only in the candidate")])
    }
    for run in otherFailures {
      add(
        run,
        [
          .init("run"), before(run), .init("failed"), dash, dash, dash, dash,
          .init("failed, not in the baseline: \(VisibleText.cut(run.error, to: 120))"),
        ])
    }
    return table
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .improved: "improved"
    case .tolerated: "within tolerance"
    case .insignificant: "worse, not significant"
    case .uncounted: "not counted"
    case .regression: "regression"
    }
  }

  /// The comparison as Markdown, for the summary of a CI job.
  package var markdown: String {
    let table = table
    var parts = [
      "### PEFT comparison: \(isRegression ? "regression" : "no regression")", VisibleText.markdown(summary),
      "Baseline \(VisibleText.markdown(baselineName)), candidate \(VisibleText.markdown(candidateName)).",
    ]
    parts += notes.map { "- " + VisibleText.markdown($0) }
    if !changes.isEmpty {
      parts.append("Settings that differ:")
      parts += changeLines.map { "- " + VisibleText.markdown($0) }
    }
    if !table.rows.isEmpty { parts.append(MarkdownReport.table(table)) }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// The comparison as JSON.
  package var json: JSONValue {
    func name(_ run: ReportedRun) -> JSONValue {
      [
        "suite": JSONValue(run.suite), "model": JSONValue(run.modelName), "dataset": JSONValue(run.dataset),
        "method": JSONValue(run.label), "seed": JSONValue(run.seed), "id": JSONValue(run.id),
      ]
    }
    func moveJSON(_ move: Move) -> JSONValue {
      var json = name(move.run)
      json["metric"] = JSONValue(move.metric)
      json["baseline"] = .count(move.baseline)
      json["candidate"] = .count(move.candidate)
      json["change"] = .count(move.candidate - move.baseline)
      json["relative_change"] = JSONValue(move.baseline == 0 ? nil : move.candidate / move.baseline - 1)
      json["tolerance"] = JSONValue(move.tolerance?.description)
      json["interval"] = move.interval.map { JSONValue([$0.lower, $0.upper]) } ?? .null
      json["verdict"] = JSONValue(move.verdict.rawValue)
      return json
    }
    return [
      "schema": JSONValue(Self.schema), "version": JSONValue(Version.current), "baseline": JSONValue(baselineName),
      "candidate": JSONValue(candidateName), "suites": JSONValue(suites), "summary": JSONValue(summary),
      "regression": JSONValue(isRegression), "regressions": JSONValue(regressionCount),
      "runs_with_regressions": JSONValue(
        Set(moves.filter { $0.verdict == .regression }.map(\.run.key)).count),
      "match": match.parts.map { JSONValue($0.map(\.rawValue)) } ?? .null,
      "matched": JSONValue(matched.count),
      "differences": .array(
        changes.map { change in
          [
            "runs": .array(change.runs.map(name)),
            "settings": .array(
              change.differences.map {
                [
                  "name": JSONValue($0.name), "baseline": JSONValue($0.baseline), "candidate": JSONValue($0.candidate),
                ]
              }),
          ]
        }), "moved": .array(moves.map(moveJSON)),
      "failed": .array(
        failed.map { run, error in
          var json = name(run)
          json["error"] = JSONValue(error)
          return json
        }),
      "missing": .array(
        missing.map { run, cause in
          var json = name(run)
          json["cause"] = JSONValue(cause)
          return json
        }),
      "new": .array(added.map(name)), "new_failed": .array(otherFailures.map(\.json)), "notes": JSONValue(notes),
    ]
  }

  /// The comparison as JUnit XML: a test case for each run of the baseline, and for others that failed.
  package var junit: String {
    var document = JUnitDocument(
      name: "peft-bench compare",
      properties: [
        ("suite", suites.joined(separator: ", ")), ("baseline", baselineName), ("candidate", candidateName),
        ("version", Version.current),
      ] + (match.text.map { [("match", $0)] } ?? []))
    let severalModels = Set(matched.map(\.modelName)).count > 1
    var changed: [String: String] = [:]
    for change in changes {
      for run in change.runs {
        changed[run.key] = "\nsettings that differ: " + change.differences.map(\.description).joined(separator: "; ")
      }
    }
    for run in matched {
      let lost = moves.filter { $0.run.key == run.key && $0.verdict == .regression }
      let text = lost.map { move in
        "\(move.metric) \(move.baselineText) → \(move.candidateText) (\(move.changeText), tolerance \(move.tolerance ?? .exact))"
      }.joined(separator: "\n")
      document.add(run, namesModel: severalModels, lost.isEmpty ? .passed : .failed(text + (changed[run.key] ?? "")))
    }
    for (run, error) in failed { document.add(run, namesModel: severalModels, .failed("the run failed: \(error)")) }
    for (run, cause) in missing {
      let text = "the candidate has no such run" + (cause.map { ": \($0)" } ?? "")
      document.add(run, namesModel: severalModels, isMissingAllowed ? .skipped(text) : .failed(text))
    }
    for run in otherFailures {
      document.add(
        run, namesModel: severalModels, .skipped("not in the baseline; the run failed: \(run.error)"))
    }
    return document.text
  }
}
