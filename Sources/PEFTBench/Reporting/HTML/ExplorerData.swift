import PEFTBench
import PEFTCore

/// What the explorer's script draws and lists: the rows of summary.csv as they are, the values of every axis, and what
/// runs can be filtered by.
struct ExplorerData {
  let json: JSONValue

  /// One line of summary.csv.
  private struct Line {
    let cells: [String]
    let suite: Int
    /// The place among the methods of all suites; nil where no table has the method.
    let method: Int?
    let run: ReportedRun?
    let facts: [String: String]
  }

  /// - Returns: nil where no run is complete, so that there is nothing to draw.
  init?(_ report: Report) {
    guard !report.results.runs.isEmpty else { return nil }
    let table = CSVReport(report)
    var methods: [JSONValue] = []
    var lines: [Line] = []
    var options: [String] = []
    for (number, suite) in report.suites.enumerated() {
      let first = methods.count
      let (own, runs) = Self.methods(suite, first: first)
      methods += own
      let settings = MethodSettings(suite.results)
      let names = Self.varyingOptions(suite.results, settings)
      for name in names where !options.contains(name) { options.append(name) }
      for line in table.lines(of: suite) {
        let method = line.run.flatMap { runs[$0.id] }
        var facts = [
          "model": line.modelName, "dataset": line.dataset, "seed": "\(line.seed)", "status": line.status,
          "group": Self.group(of: line.dataset),
        ]
        facts["method"] = method.map { suite.results.title($0 - first) } ?? ShortLabel.of(line.label)
        for name in names {
          facts[name] = method.flatMap { settings[$0 - first, name] }.map {
            ShortLabel.of($0.compactText.replacing("\"", with: ""))
          }
        }
        lines.append(Line(cells: line.cells, suite: number, method: method, run: line.run, facts: facts))
      }
    }
    let axes = ExplorerAxis.all(of: report.results.runs)
    let facets =
      [("method", "Methods"), ("dataset", "Datasets"), ("group", "Groups"), ("seed", "Seeds"), ("model", "Models")]
      + options.map { ($0, $0.replacing("_", with: " ")) } + [("status", "Status")]
    json = [
      "suites": JSONValue(report.suites.map { VisibleText.of($0.results.suiteTitle) }), "methods": .array(methods),
      "suite": Self.column(lines.map { JSONValue($0.suite) }),
      "method": Self.column(lines.map { JSONValue($0.method) }),
      "axes": .array(axes.map { Self.axis($0, lines) }),
      "facets": .array(
        facets.map { key, title in
          [
            "key": JSONValue(key), "title": JSONValue(VisibleText.of(title)),
            "cells": Self.column(lines.map { JSONValue(VisibleText.of($0.facts[key] ?? "–")) }),
          ]
        }),
      "pscp": Self.formula(lines),
      "csv": [
        "columns": JSONValue(table.columns),
        "cells": .array(table.columns.indices.map { place in Self.column(lines.map { JSONValue($0.cells[place]) }) }),
      ],
    ]
  }

  /// The methods of a suite as the page draws them, and the place of each run's method.
  private static func methods(_ suite: Report.Suite, first: Int) -> (json: [JSONValue], runs: [String: Int]) {
    let (results, statistics) = (suite.results, suite.statistics)
    let figures = SuiteFigures(suite)
    var runs: [String: Int] = [:]
    let json = results.methods.indices.map { method -> JSONValue in
      for run in results.cells[method].flatMap(\.runs) { runs[run.id] = first + method }
      let style = figures.style(method)
      let row = statistics.leaderboard.first { $0.method == method }
      return [
        "title": JSONValue(VisibleText.of(results.title(method))), "color": JSONValue(style.color),
        "corners": .array(style.corners.map { JSONValue([$0.x, $0.y]) }),
        // Neither the model as it is nor what shows nothing learned is on a front.
        "ranked": JSONValue(!results.methods[method].isZeroShot && row?.standing.isEligible == true),
        "base": JSONValue(results.methods[method].isZeroShot),
        "interval": row?.interval.map { JSONValue([100 * $0.lower, 100 * $0.upper]) } ?? .null,
      ]
    }
    return (json, runs)
  }

  /// The options that differ between methods of one name: what a grid varies.
  private static func varyingOptions(_ results: SuiteResults, _ settings: MethodSettings) -> [String] {
    let groups = Dictionary(grouping: results.methods.indices.filter { !results.methods[$0].isZeroShot }) {
      results.methods[$0].name
    }
    let names = groups.values.flatMap { settings.varying($0) }
    return Set(names).sorted()
  }

  private static func group(of dataset: String) -> String {
    DatasetCatalogue.dataset(dataset)?.group.rawValue ?? "own"
  }

  private static func axis(_ axis: ExplorerAxis, _ lines: [Line]) -> JSONValue {
    [
      "key": JSONValue(axis.key), "title": JSONValue(VisibleText.of(axis.title)), "unit": JSONValue(axis.unit.rawValue),
      "better": JSONValue(axis.higherIsBetter.map { $0 ? "high" : "low" }),
      "values": column(lines.map { line in line.run.flatMap(axis.value).map { .count(rounded($0)) } ?? .null }),
    ]
  }

  /// Nine digits, which nobody sees the end of, so that the page stays small.
  private static func rounded(_ value: Double) -> Double {
    Double(NumberText.significant(value, digits: 9)) ?? value
  }

  /// What PSCP of a mean is computed with; null where runs have none or unlike ones, as in the leaderboard.
  private static func formula(_ lines: [Line]) -> JSONValue {
    let runs = lines.compactMap(\.run)
    let penalties = runs.compactMap(\.penalties)
    guard let first = penalties.first, penalties.count == runs.count,
      penalties.allSatisfy({ $0.preset == first.preset && $0.beta == first.beta })
    else { return .null }
    // Axes are plain counts and bytes; the paper counts TFLOP and GB.
    let unit: (flops: Double, memory: Double) = first.preset == PSCP.Preset.paper.name ? (1e12, 1e9) : (1, 1)
    return [
      "beta": JSONValue([first.beta.parameters, first.beta.flops, first.beta.memory]),
      "constants": .array(
        [
          lines.map { $0.run?.penalties?.constants.parameters },
          lines.map { $0.run?.penalties.map { $0.constants.flops * unit.flops } },
          lines.map { $0.run?.penalties.map { $0.constants.memory * unit.memory } },
        ].map { column($0.map { $0.map { JSONValue.count($0) } ?? .null }) }),
    ]
  }

  /// A column: its values, or where many are equal the different ones with the place of each line's.
  private static func column(_ values: [JSONValue]) -> JSONValue {
    var places: [String: Int] = [:]
    var distinct: [JSONValue] = []
    let indices = values.map { value -> Int in
      let text = value.compactText
      if let place = places[text] { return place }
      places[text] = distinct.count
      distinct.append(value)
      return distinct.count - 1
    }
    guard distinct.count * 2 < values.count else { return .array(values) }
    return ["values": .array(distinct), "at": .array(indices.map { JSONValue($0) })]
  }
}
