public import PEFTCore

/// A comparison in the forms that people and machines read.
extension Comparison {
  /// The name of the JSON form.
  static let schema = "peft-bench.compare/1"

  /// One sentence: what this is about and how it ended.
  public var summary: String {
    let runs =
      "\(matched.count) \(matched.count == 1 ? "run" : "runs") of the \(suites.joined(separator: " and ")) suite"
    if moves.isEmpty, missing.isEmpty, failed.isEmpty {
      return "Nothing moved in \(runs)." + (added.isEmpty ? "" : " \(added.count) runs are new.")
    }
    var parts: [String] = []
    for verdict in [Verdict.regression, .tolerated, .insignificant, .improved, .uncounted] {
      let count = moves.count { $0.verdict == verdict }
      if count > 0 { parts.append("\(count) \(Self.word(verdict, count))") }
    }
    if !failed.isEmpty { parts.append("\(failed.count) failed \(failed.count == 1 ? "run" : "runs")") }
    if !missing.isEmpty {
      parts.append("\(missing.count) missing \(missing.count == 1 ? "run" : "runs")\(allowsMissingText)")
    }
    if !added.isEmpty { parts.append("\(added.count) new \(added.count == 1 ? "run" : "runs")") }
    return "\(isRegression ? "REGRESSION" : "No regression") in \(runs): \(parts.joined(separator: ", "))."
  }

  private var allowsMissingText: String { isMissingAllowed ? " (allowed)" : "" }

  /// What moved, what is missing and what is new, as a table.
  public var table: ReportTable {
    let severalModels = Set((matched + missing + added).map(\.modelName)).count > 1
    var table = ReportTable(
      "comparison", "What moved", caption: summary,
      columns: [
        .init("dataset", isNumber: false), .init("method", isNumber: false), .init("seed"),
        .init("metric", isNumber: false), .init("baseline"), .init("candidate"), .init("change"),
        .init("95 % interval"), .init("tolerance"), .init("verdict", isNumber: false),
      ])
    func add(_ run: ReportedRun, _ cells: [ReportTable.Cell]) {
      let method = (severalModels ? "\(run.modelName) · " : "") + run.label
      let dataset = (suites.count > 1 ? "\(run.suite) · " : "") + run.dataset
      table.add([.init(dataset), .init(method), .init("\(run.seed)")] + cells)
    }
    for move in moves {
      let interval = move.interval.map {
        "\(NumberText.signed(100 * $0.lower, digits: 1)) … \(NumberText.signed(100 * $0.upper, digits: 1))"
      }
      add(
        move.run,
        [
          .init(move.metric), .init(move.baselineText), .init(move.candidateText), .init(move.changeText),
          .init(interval ?? "–"), .init(move.tolerance?.description ?? "–"),
          .init(Self.word(move.verdict, 1), move.verdict == .regression ? .failed : .plain),
        ])
    }
    let dash = ReportTable.Cell("–")
    for (run, error) in failed {
      add(
        run,
        [
          .init("run"), .init("complete"), .init("failed"), dash, dash, dash,
          .init("failed: \(VisibleText.cut(error, to: 120))", .failed),
        ])
    }
    for run in missing {
      add(run, [.init("run"), .init("complete"), .init("missing"), dash, dash, dash, .init("missing", .missing)])
    }
    for run in added {
      add(
        run,
        [.init("run"), dash, .init(ComparedMetric.score(run.metric).text(run.value)), dash, dash, dash, .init("new")])
    }
    return table
  }

  private static func word(_ verdict: Verdict, _ count: Int) -> String {
    switch verdict {
    case .improved: "improved"
    case .tolerated: "within tolerance"
    case .insignificant: "worse, not significant"
    case .uncounted: "not counted"
    case .regression: count == 1 ? "regression" : "regressions"
    }
  }

  /// The comparison as Markdown, for the summary of a CI job.
  public var markdown: String {
    let table = table
    var parts = [
      "### PEFT comparison: \(isRegression ? "regression" : "no regression")", VisibleText.markdown(summary),
      "Baseline \(VisibleText.markdown(baselineName)), candidate \(VisibleText.markdown(candidateName)).",
    ]
    parts += notes.map { "- " + VisibleText.markdown($0) }
    if !table.rows.isEmpty { parts.append(MarkdownReport.table(table)) }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// The comparison as JSON.
  public var json: JSONValue {
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
      "matched": JSONValue(matched.count), "moved": .array(moves.map(moveJSON)),
      "failed": .array(
        failed.map { run, error in
          var json = name(run)
          json["error"] = JSONValue(error)
          return json
        }), "missing": .array(missing.map(name)), "new": .array(added.map(name)), "notes": JSONValue(notes),
    ]
  }

  /// The comparison as JUnit XML: a test case for each run of the baseline.
  public var junit: String {
    var document = JUnitDocument(
      name: "peft-bench compare",
      properties: [
        ("suite", suites.joined(separator: ", ")), ("baseline", baselineName), ("candidate", candidateName),
        ("version", Version.current),
      ])
    func name(_ run: ReportedRun) -> String { "\(run.label) seed \(run.seed)" }
    func group(_ run: ReportedRun) -> String { "\(run.suite).\(run.dataset)" }
    for run in matched {
      let lost = moves.filter { $0.run.key == run.key && $0.verdict == .regression }
      let text = lost.map { move in
        "\(move.metric) \(move.baselineText) → \(move.candidateText) (\(move.changeText), tolerance \(move.tolerance ?? .exact))"
      }.joined(separator: "\n")
      document.add(group: group(run), name: name(run), lost.isEmpty ? .passed : .failed(text))
    }
    for (run, error) in failed { document.add(group: group(run), name: name(run), .failed("the run failed: \(error)")) }
    for run in missing {
      document.add(
        group: group(run), name: name(run),
        isMissingAllowed ? .skipped("the candidate has no such run") : .failed("the candidate has no such run"))
    }
    return document.text
  }
}
