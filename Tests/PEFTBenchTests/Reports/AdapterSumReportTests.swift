import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Sums of adapters and few-shot curves in reports") struct AdapterSumReportTests {
  private static let method = SyntheticSweep.Method("prompt-tuning", parameters: 57_600, bytes: 370_000_000, gain: 0.1)

  /// Writes runs of one method, of 40 rows so many right by dataset and seed, and changes their records.
  ///
  /// - Returns: The ids by dataset and seed.
  @discardableResult private static func write(
    to folder: URL, engine: Int, label: String = "prompt-tuning", options: JSONValue = [:], isTrained: Bool = true,
    datasets: [String], seeds: [Int] = [1], right: @escaping (String, Int) -> Int, trainingRows: Int? = nil
  ) throws -> [String: String] {
    var sweep = SyntheticSweep(folder)
    (sweep.engine, sweep.options, sweep.label) = (engine, options, { _ in label })
    sweep.rightRows = { _, dataset, seed in (0..<40).map { $0 < right(dataset, seed) } }
    var ids: [String: String] = [:]
    for dataset in datasets {
      for seed in seeds {
        try sweep.write(method, dataset: dataset, seed: seed)
        let run = sweep.folder(of: method.name, dataset, seed)
        ids[dataset] = run.lastPathComponent
        let url = run.appending(path: "record.json")
        var json = JSONValue(try JSONParser.parse(file: url.path).value)
        if !isTrained {
          json["training"] = .null
          var costs = json["costs"] ?? .null
          costs["tokens_seen"] = 0
          json["costs"] = costs
        }
        if let trainingRows {
          var data = json["data"] ?? .null
          data["train_rows"] = JSONValue(trainingRows)
          data["train_sha256"] = JSONValue("\(trainingRows)")
          json["data"] = data
        }
        try Data(json.prettyText.utf8).write(to: url)
      }
    }
    return ids
  }

  /// Own adapters that have 32 rows of sst2 and 20 of rte right, and their sum at three weights.
  private static func sums(in folder: URL) throws -> [String: String] {
    let ids = try write(to: folder, engine: 1, datasets: ["sst2", "rte"]) { dataset, _ in dataset == "sst2" ? 32 : 20 }
    for (place, weight) in [0, 0.5, 1.0].enumerated() {
      let start: JSONValue = [
        "combine": "origin + w*(a + b)",
        "adapters": [
          "a": JSONValue("elsewhere/runs/\(ids["sst2"] ?? "")/adapter"),
          "b": JSONValue("elsewhere/runs/\(ids["rte"] ?? "")/adapter"),
        ], "values": ["w": JSONValue(weight)],
      ]
      try write(
        to: folder, engine: 2 + place, label: "sum (w=\(weight))", options: ["init_from": start], isTrained: false,
        datasets: ["sst2", "rte"]
      ) { dataset, _ in dataset == "sst2" ? [8, 24, 16][place] : [10, 19, 22][place] }
    }
    return ids
  }

  @Test("An expression is told with the tasks of its adapters, and nothing else of it changes") func expressions() {
    let tasks = ["a": "sst2", "b": "rte", "e": "wrong"]
    func told(_ text: String) -> String { AdapterStart.text(text) { tasks[$0] ?? $0 } }
    #expect(told("origin + 0.4*a - (1-l)*b") == "origin + 0.4*sst2 - (1-l)*rte")
    #expect(told("1e-3*a + ab + a1 + origin(a)") == "1e-3*sst2 + ab + a1 + origin(sst2)")
  }

  @Test("A sum's curve, its best weight and what each task keeps are those of the records") func sums() throws {
    let folder = try TemporaryFolder()
    _ = try Self.sums(in: folder.url)
    let suite = try #require(try Report(ReportedResults([folder.url.path])).suites.first)
    let sum = try #require(suite.sums.first)
    #expect(suite.sums.count == 1 && sum.title == "origin + w*(sst2 + rte)" && sum.tasks == ["sst2", "rte"])
    #expect(sum.varying == ["w"] && sum.line(along: "w").map(\.value) == [0, 0.5, 1])
    // (24/32 + 19/20) / 2 beats (16/32 + 22/20) / 2.
    #expect(sum.choice?.values.first?.value == 0.5 && !sum.isChosenOnOthers)
    let kept = Dictionary(uniqueKeysWithValues: (sum.choice?.scores ?? []).map { ($0.dataset, $0.retained ?? 0) })
    #expect(kept.count == 2 && isClose(kept["sst2"], 0.75, 1e-12) && isClose(kept["rte"], 0.95, 1e-12))
    #expect(sum.choice?.scores.allSatisfy { $0.interval?.contains($0.value) == true } == true)

    let figures = SuiteFigures(suite)
    let map = try #require(figures.sumMaps.first)
    let (sst2, rte) = (try #require(map.rows.firstIndex(of: "sst2")), try #require(map.rows.firstIndex(of: "rte")))
    #expect(isClose(map.values[sst2][rte], 75, 1e-9) && isClose(map.values[rte][sst2], 95, 1e-9))
    #expect(map.values[sst2][sst2] == nil)
    let mean = try #require(figures.sumMeans.first)
    #expect(mean.rows.map { $0[1].exact } == ["0", "0.5", "1"])
    #expect(isClose(Double(mean.rows[1][2].exact), 85, 1e-9) && mean.rows.map { $0[5].exact } == ["", "yes", ""])
    #expect(figures.sumCurves.count == 1 && figures.sumCurves[0].rows.count == 6)
  }

  @Test("An adapter at parts of its strength has a curve, whose whole strength no record tells") func strengths() throws
  {
    let folder = try TemporaryFolder()
    let ids = try Self.write(to: folder.url, engine: 1, datasets: ["sst2"]) { _, _ in 30 }
    let path = JSONValue("runs/\(ids["sst2"] ?? "")/adapter")
    for (place, start) in [path, ["path": path, "strength": 0.5]].enumerated() {
      try Self.write(
        to: folder.url, engine: 2 + place, label: "part \(place)", options: ["init_from": start], isTrained: false,
        datasets: ["sst2", "rte"]
      ) { dataset, _ in dataset == "sst2" ? 30 - 6 * place : 10 + 20 * place }
    }
    let suite = try #require(try Report(ReportedResults([folder.url.path])).suites.first)
    let sum = try #require(suite.sums.first)
    #expect(sum.varying == ["strength"] && sum.title == "strength × sst2")
    // The task of the adapter chooses, not the other one.
    #expect(sum.choice?.values.first?.value == 1)
    let curve = try #require(SuiteFigures(suite).sumCurves.first)
    #expect(curve.rows.count == 4 && SuiteFigures(suite).sumMaps.isEmpty)
  }

  @Test("What adapter grid leaves is shown: curves of held-out rows, what is kept of evaluation rows") func grids()
    throws
  {
    let folder = try TemporaryFolder()
    let ids = try Self.sums(in: folder.url)
    let grids = folder.url.appending(path: "grids")
    try FileManager.default.createDirectory(at: grids, withIntermediateDirectories: true)
    func task(_ name: String, _ dataset: String, run: String, kept: Double) -> JSONValue {
      [
        "name": JSONValue(name), "dataset": JSONValue(dataset), "run": JSONValue(run), "primary": "accuracy",
        "held_out_rows": 20, "evaluation_rows": 40, "own_held_out": 0.5, "own": ["value": 1],
        "chosen": ["value": .number(kept), "interval": [0.1, 0.9]], "retained": .number(kept),
      ]
    }
    func write(_ name: String, run: String, kind: String, _ members: [(String, JSONValue)]) throws {
      var json: JSONValue = [
        "schema": "peft-bench.grid/1", "id": JSONValue(name), "kind": JSONValue(kind), "method": "prompt-tuning",
        "model": "m", "seed": 42, "seconds": 1, "chosen": 1,
        "tasks": [
          task("a", "sst2", run: run, kept: 0.9), task("b", "rte", run: ids["rte"] ?? "", kept: 1.1),
        ],
        "candidates": [
          ["values": ["l": 0], "held_out": [0.3, 0.4]], ["values": ["l": 1], "held_out": [0.4, 0.45]],
        ],
      ]
      for (key, value) in members { json[key] = value }
      try Data(json.prettyText.utf8).write(to: grids.appending(path: "\(name).json"))
    }
    let run = ids["sst2"] ?? ""
    try write("1", run: run, kind: "combination", [("recipe", ["combine": "origin + l*a + (1-l)*b"])])
    for (place, share) in [0.1, 0.5].enumerated() {
      try write("2\(place)", run: run, kind: "compression", [("recipe", ["keep": .number(share)])])
      try write(
        "6\(place)", run: run, kind: "compression", [("recipe", ["keep": .number(share), "control": "random"])])
    }
    // Of runs that are not here, of another form, and no JSON.
    try write("3", run: "other", kind: "combination", [("recipe", ["combine": "a + b"])])
    try write("4", run: run, kind: "combination", [("schema", "peft-bench.grid/9")])
    try Data("{".utf8).write(to: grids.appending(path: "5.json"))

    let report = try Report(ReportedResults([folder.url.path]))
    let suite = try #require(report.suites.first)
    let sum = try #require(suite.sums.last)
    #expect(suite.sums.count == 2 && sum.isChosenOnOthers && sum.title == "origin + l*sst2 + (1-l)*rte")
    #expect(sum.candidates.map { $0.scores.map(\.value) } == [[0.3, 0.4], [0.4, 0.45]])
    #expect(sum.candidates[1].scores.map(\.retained) == [0.8, 0.9])
    #expect(sum.choice?.scores.map(\.retained) == [0.9, 1.1] && sum.choice?.scores[0].interval == 0.1...0.9)
    let figures = SuiteFigures(suite)
    #expect(figures.sumMaps.count == 2)
    let compressions = try #require(figures.compressions)
    #expect(compressions.rows.map { $0[1].exact } == ["10", "50", "10", "50"])
    #expect(
      compressions.rows.map { $0[0].exact }.suffix(2) == [
        "prompt-tuning, random values", "prompt-tuning, random values",
      ])
    let html = try #require(report.text(.html))
    #expect(html.contains("<section id=\"sums-full\"") && html.contains("tables are of evaluation rows"))
  }

  @Test("Few-shot curves have a line for each start and a mean over datasets; starts alike in name are one line")
  func shots() throws {
    let folder = try TemporaryFolder()
    let start: JSONValue = ["init_from": "elsewhere/runs/0/adapter"]
    for (place, rows) in [5, 50].enumerated() {
      for (kind, (label, options)) in [("random", [:]), ("vector", start)].enumerated() {
        try Self.write(
          to: folder.url, engine: 10 * kind + place, label: "\(label) (train_rows=\(rows))", options: options,
          datasets: ["sst2", "rte"], seeds: [1, 2], right: { $0 == "sst2" ? 20 + 5 * place + 4 * kind + $1 : 18 },
          trainingRows: rows)
      }
    }
    try Self.write(
      to: folder.url, engine: 30, label: "vector", options: start, isTrained: false, datasets: ["sst2", "rte"]
    ) { _, _ in 16 }
    let suite = try #require(try Report(ReportedResults([folder.url.path])).suites.first)
    let curves = try #require(FewShotCurves(suite.results))
    #expect(
      Set(curves.datasets.map(\.name)) == ["sst2", "rte"] && curves.mean.map(\.name).sorted() == ["random", "vector"])
    let sst2 = try #require(curves.datasets.first { $0.name == "sst2" })
    let vector = try #require(sst2.lines.first { $0.name == "vector" })
    #expect(vector.points.map(\.rows) == [0, 5, 50])
    #expect(zip(vector.points, [16.0, 25.5, 30.5]).allSatisfy { isClose($0.value, $1 / 40, 1e-12) })
    #expect(vector.points.allSatisfy { $0.interval.map { $0.lower < $0.estimate && $0.estimate < $0.upper } ?? false })
    let mean = try #require(curves.mean.first { $0.name == "random" })
    #expect(isClose(mean.points[1].value, (26.5 + 18) / 80, 1e-12))
    // The starts have the figure that the grid would have drawn.
    let figures = SuiteFigures(suite)
    #expect(figures.shots.count == 3 && !figures.grids.contains { $0.name.contains("train_rows") })
    #expect(figures.shots.allSatisfy { $0.columns == ["start", "training rows", "score", "lower", "upper", "best"] })
  }

  @Test("Starts that are all fresh are a grid, and sums that are judged alone are no few-shot curves") func noShots()
    throws
  {
    let folder = try TemporaryFolder()
    _ = try Self.sums(in: folder.url)
    let suite = try #require(try Report(ReportedResults([folder.url.path])).suites.first)
    #expect(FewShotCurves(suite.results) == nil && SuiteFigures(suite).shots.isEmpty)
  }
}

@Suite("Heat maps of reports") struct HeatMapTests {
  private static let similarity: JSONValue = [
    "adapters": ["a", "<b>"], "vectors": true, "flattened": [[1, -0.25], [-0.25, 1]], "token_mean": .null,
    "control": ["mean": 0.001, "deviation": 0.02],
  ]

  @Test("A matrix is a table with shades on the page, and a drawing with all digits beside it in files")
  func similarity()
    throws
  {
    let folder = try TemporaryFolder()
    try SyntheticSweep(folder.url).write(datasets: ["sst2"], seeds: [1])
    let file = folder.url.appending(path: SimilarityMaps.fileName)
    try Data(Self.similarity.prettyText.utf8).write(to: file)
    let report = try Report(ReportedResults([folder.url.path]))
    let html = try #require(report.text(.html))
    #expect(html.contains("<section id=\"similarity\"") && html.contains("random order give 0.001 ± 0.020"))
    #expect(html.contains("<td class=\"h9\">1.00</td><td class=\"h0\">-0.25</td>") && !html.contains("<b></th>"))
    let names = try report.writeFigures(to: folder.url.path + "/figures")
    #expect(names.contains("similarity-1-flattened.svg") && !names.contains { $0.contains("token") })
    let csv = try String(contentsOfFile: folder.url.path + "/figures/similarity-1-flattened.csv", encoding: .utf8)
    #expect(csv == "adapter,a,<b>\r\na,1,-0.25\r\n<b>,-0.25,1\r\n")
    let svg = try String(contentsOfFile: folder.url.path + "/figures/similarity-1-flattened.svg", encoding: .utf8)
    #expect(svg.contains("&lt;b&gt;") && !svg.contains("var(") && svg.contains("class=\"s x9\""))

    try Data("{}".utf8).write(to: file)
    #expect(throws: FileError.self) { try Report(ReportedResults([folder.url.path])) }
  }

  @Test("A matrix of another size than the adapters is none") func sizes() {
    var json = Self.similarity
    json["adapters"] = ["a", "b", "c"]
    #expect(SimilarityMaps(json) == nil)
    #expect(SimilarityMaps(Self.similarity)?.heatMaps("x").map(\.id) == ["x-flattened"])
  }

  @Test("Names that are too wide lose their middle, and never what tells them apart at the end") func names() {
    let long = "prompt-tuning (strategy=ensemble, members=10)"
    let fitted = RowNames.fitted(long, to: 150)
    #expect(RowNames.width(of: fitted) <= 150 && fitted.hasPrefix("prompt-") && fitted.hasSuffix("=10)"))
    #expect(RowNames.fitted("lora", to: 150) == "lora" && RowNames.width(of: "中") > RowNames.width(of: "n"))
    let names = RowNames(["lora", long], width: 40...120)
    #expect(names.width == 120 && names[0] == "lora" && names[1].contains("…"))
  }
}
