import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import CodeMetrics
@testable import PEFTBench
@testable import Reporting

/// Scores that are not the share of right rows: their intervals, and the majority and chance beside each of them.
@Suite("Scores that are not shares of rows") struct OtherScoreTests {
  private static let methods = Array(SyntheticSweep.methods.prefix(2))

  /// A run's rows as they were scored.
  private static func answers(
    _ folder: URL, _ method: SyntheticSweep.Method, _ dataset: String, group: (Int) -> String?,
    accepted: (Int) -> [String]?
  ) throws -> (file: URL, rows: [ScoredAnswer]) {
    let run = SyntheticSweep(folder).folder(of: method.name, dataset, 1)
    let lines = try PredictionLines(path: run.path + "/predictions.jsonl")
    let rows = try (0..<lines.count).map { index in
      let row = try lines.row(index)
      return ScoredAnswer(
        predict: row.predict, label: row.label, group: group(index), allAnswers: accepted(index))
    }
    return (run.appending(path: "record.json"), rows)
  }

  /// Results, with the rows of each run; the folder must live as long as rows are asked for.
  private struct Made {
    let results: ReportedResults
    let answers: [[ScoredAnswer]]
    let folder: TemporaryFolder

    func report<Result>(_ other: ReportedResults? = nil, _ look: (Report.Suite) throws -> Result) throws -> Result {
      try withExtendedLifetime(folder) { try look(try #require(try Report(other ?? results).suites.first)) }
    }

    func run(_ label: String) throws -> ReportedRun { try #require(results.runs.first { $0.label == label }) }

    func rows(_ label: String) throws -> RowAnswers? {
      try withExtendedLifetime(folder) { try RowAnswers(run(label)) }
    }
  }

  /// Two methods on one dataset, whose records have the scores that `metric` gives.
  ///
  /// - Parameter isOld: Whether the records tell no more than those of an older version.
  private func make(
    _ metric: DatasetMetric, rows: Int, gold: @escaping (Int) -> String, group: (Int) -> String? = { _ in nil },
    accepted: (Int) -> [String]? = { _ in nil }, identity: JSONValue? = nil, isOld: Bool = false,
    answer: @escaping (_ method: String, _ row: Int) -> String
  ) throws -> Made {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    (sweep.rows, sweep.gold, sweep.answer) = (rows, gold, answer)
    try sweep.write(methods: Self.methods, datasets: [metric.dataset], seeds: [1])
    var all: [[ScoredAnswer]] = []
    for method in Self.methods {
      let (file, answers) = try Self.answers(folder.url, method, metric.dataset, group: group, accepted: accepted)
      all.append(answers)
      let scores = try metric.score(answers)
      var json: JSONValue = [
        "primary": ["name": JSONValue(scores.primary), "value": JSONValue(scores.value)], "protocol": "strict",
        "invalid_rate": JSONValue(scores.invalidRate), "count": JSONValue(scores.count),
      ]
      for score in scores.scores { json[score.name] = JSONValue(score.value) }
      try metric.summary(of: answers).add(to: &json)
      if isOld { for name in ["majority_scores", "chance_scores", "query_f1"] { json[name] = nil } }
      var record = JSONValue(try JSONParser.parse(file: file.path).value)
      record["scores"] = json
      if let identity { record["identity"] = identity }
      try Data(record.prettyText.utf8).write(to: file)
    }
    return Made(results: try ReportedResults([folder.url.path]), answers: all, folder: folder)
  }

  private func program(_ row: Int, _ variant: Int) -> String {
    "def f\(row)(x):\n    total = \(row % 5)\n    for k in range(x):\n        total += k\n    return "
      + ["total", "x", "total + x", "-total"][variant % 4]
  }

  @Test("CodeBLEU on resampled rows is that of these rows, with an interval and a test of pairs")
  func code() throws {
    let metric = try #require(DatasetMetric.for(dataset: "conala"))
    let made = try make(
      metric, rows: 40, gold: { self.program($0, 0) },
      answer: { method, row in
        method == "lora" ? self.program(row, row % 3) : row % 2 == 0 ? "print(\(row))" : self.program(row, 1)
      })
    let rows = try #require(try made.rows("lora"))
    let lora = made.answers[0]
    func direct(_ places: [Int]) -> Double {
      CodeBLEU.parts(places.map { (lora[$0].label, lora[$0].predict) }).codeBLEU
    }
    let some = (0..<40).map { $0 * 7 % 11 }
    #expect(isClose(rows.score(some), direct(some), 1e-12))
    for (left, value) in rows.leavingOneOut.enumerated() where left % 8 == 0 {
      #expect(isClose(value, direct((0..<40).filter { $0 != left }), 1e-12))
    }
    try made.report { suite in
      #expect(suite.statistics.notes.allSatisfy { !$0.contains("no intervals") })
      for row in suite.statistics.leaderboard {
        let interval = try #require(row.interval)
        #expect(interval.lower < interval.estimate && interval.estimate < interval.upper)
      }
      #expect(suite.statistics.pairs.first?.isDecided == true)
    }
    // Its parts may be the headline too.
    try made.report(made.results.headlined(by: "syntax_match_score")) { suite in
      #expect(suite.statistics.leaderboard.first?.interval != nil)
    }
  }

  @Test("The word F1 of ReCoRD is resampled by question, of which several rows may be one")
  func spans() throws {
    let metric = try #require(DatasetMetric.for(dataset: "record"))
    let names = ["Ann Lee", "Bob", "the old mill"]
    for isOld in [false, true] {
      let made = try make(
        metric, rows: 60, gold: { names[$0 / 2 % 3] }, group: { "question \($0 / 2)" },
        accepted: { [names[$0 / 2 % 3], "mill"] }, isOld: isOld,
        answer: { method, row in method == "ia3" ? "nobody" : row / 2 % 5 < 3 ? "Ann" : "old mill" })
      let (lora, ia3) = (try made.run("lora"), try made.run("ia3"))
      #expect(ia3.value == 0 && lora.value > 0.2 && lora.metric == "f1")
      // An older record does not tell which rows are one question, so there is nothing to resample.
      let rows = try made.rows("lora")
      #expect(isOld ? rows == nil : rows?.count == 30)
      try made.report { suite in
        // A score of zero has no spread of its own; the other one's tells them apart anyway.
        for row in suite.statistics.leaderboard { #expect((row.interval == nil) == (isOld || row.mean == 0)) }
        #expect(suite.statistics.pairs.first?.isDecided == (isOld ? nil : true))
      }
    }
  }

  @Test("A dataset of one's own with texts or numbers has an interval without the catalogue")
  func ownTexts() throws {
    let text = DatasetMetric(dataset: "mine", family: .recordSpan)
    let texts = try make(
      text, rows: 40, gold: { "the answer \($0 % 7)" },
      answer: { method, row in method == "lora" || row % 3 == 0 ? "answer \(row % 6)" : "answer" })
    try texts.report { suite in #expect(suite.statistics.leaderboard.allSatisfy { $0.interval != nil }) }
    let number = DatasetMetric(dataset: "mine", family: .correlation(range: 0...100))
    let numbers = try make(
      number, rows: 40, gold: { "\($0)" },
      answer: { method, row in "\(method == "lora" ? row + row % 3 : row * 7 % 40)" })
    try numbers.report { suite in
      #expect(suite.statistics.leaderboard.allSatisfy { $0.interval != nil })
      #expect(suite.statistics.pairs.first?.isDecided == true)
    }
  }

  @Test("Answers outside of a description's range are none, as in the score") func ownRange() throws {
    let metric = DatasetMetric(dataset: "mine", family: .correlation(range: 0...10))
    let made = try make(
      metric, rows: 40, gold: { "\($0 % 10)" },
      identity: ["dataset": ["metric": ["family": ["correlation": ["range": [0, 10]]]]]],
      answer: { method, row in "\(row % 4 == 0 ? 50 : row * (method == "lora" ? 1 : 3) % 10)" })
    try made.report { suite in #expect(suite.statistics.leaderboard.allSatisfy { $0.interval != nil }) }
  }

  @Test("All rows right has an interval in any score") func allRight() throws {
    let metric = DatasetMetric(dataset: "mine", family: .multiClass(labels: ["a", "b", "c"]), headline: "macro_f1")
    let made = try make(
      metric, rows: 60, gold: { ["a", "b", "c"][$0 % 3] },
      answer: { method, row in ["a", "b", "c"][method == "lora" || row % 4 > 0 ? row % 3 : 0] })
    try made.report { suite in
      let rows = suite.statistics.leaderboard
      #expect(rows.allSatisfy { $0.interval != nil } && rows.contains { $0.mean == 1 })
      #expect(suite.statistics.pairs.first?.isDecided == true)
    }
  }

  @Test("A method without a spread leaves the others their intervals") func constant() throws {
    let metric = DatasetMetric(
      dataset: "mine", family: .binaryClassification(labels: ["no", "yes"], positive: "yes"), headline: "matthews")
    let made = try make(
      metric, rows: 60, gold: { ["no", "yes"][$0 % 2] },
      answer: { method, row in method == "ia3" || row % 10 == 1 ? "no" : ["no", "yes"][row % 2] })
    try made.report { suite in
      let rows = suite.statistics.leaderboard
      #expect(rows.map { $0.interval == nil } == rows.map { $0.mean == 0 } && rows.contains { $0.interval != nil })
      #expect(suite.statistics.heldDatasets.isEmpty && suite.statistics.pairs.first?.isDecided == true)
    }
  }

  @Test("Majority and chance stand beside every score that is made the headline", arguments: [false, true])
  func otherHeadlines(isOld: Bool) throws {
    let metric = DatasetMetric(dataset: "mine", family: .binaryClassification(labels: ["no", "yes"], positive: "no"))
    let made = try make(
      metric, rows: 60, gold: { $0 % 10 < 7 ? "yes" : "no" }, isOld: isOld,
      answer: { method, row in row % (method == "lora" ? 5 : 4) == 0 ? "no" : "yes" })
    let constant = made.answers[0].map { ScoredAnswer(predict: "yes", label: $0.label) }
    let reached = try metric.score(constant)
    let chances = ["accuracy": 0.5, "f1": 2 * 0.3 * 0.5 / 0.8, "precision": 0.3, "recall": 0.5, "matthews": 0]
    for name in metric.family.scoreNames(under: .strict) {
      let other = try made.results.headlined(by: name)
      for run in other.runs {
        #expect(isClose(run.baseline.majority, reached.score(name), 1e-12), "\(name)")
        #expect(run.baseline.majorityAnswer == "yes" && run.baseline.chance != nil)
        if let chance = chances[name] { #expect(isClose(run.baseline.chance, chance, 1e-12), "\(name)") }
      }
      let table = try made.report(other) { ReportTables.scores($0) }
      #expect(table.rows[0][2].text == NumberText.percent(reached.score(name)))
    }
    // A report's JSON has no classes, but the scores of the majority and of chance.
    let file = made.folder.url.appending(path: "report.json")
    try Data(JSONValue.array(made.results.runs.map(\.json)).prettyText.utf8).write(to: file)
    let again = try ReportedResults([file.path]).headlined(by: "f1")
    #expect(again.runs.allSatisfy { ($0.baseline.majority == nil) == isOld })
  }

  @Test("A number of rows that cannot be makes no interval, and takes no memory", arguments: [1 << 53, Int.max])
  func impossibleCount(count: Int) throws {
    let folder = try TemporaryFolder()
    try SyntheticSweep(folder.url).write(methods: Self.methods, datasets: ["rte"], seeds: [1])
    for method in Self.methods {
      let run = SyntheticSweep(folder.url).folder(of: method.name, "rte", 1)
      try FileManager.default.removeItem(at: run.appending(path: "predictions.jsonl"))
      let file = run.appending(path: "record.json")
      var record = JSONValue(try JSONParser.parse(file: file.path).value)
      record["scores"]?["count"] = JSONValue(count)
      try Data(record.prettyText.utf8).write(to: file)
    }
    let results = try ReportedResults([folder.url.path])
    #expect(results.runs.count == 2 && results.runs.allSatisfy { $0.countedMarks == nil })
    let suite = try #require(try Report(results).suites.first)
    #expect(suite.statistics.leaderboard.allSatisfy { $0.interval == nil })
  }

  @Test("Chance is what guessing at many rows comes to") func chance() {
    let supports = [70, 20, 10]
    let stream = SeedStream(3)
    var matrix = ConfusionMatrix(classCount: 3)
    for row in 0..<30_000 {
      let gold = row % 100 < 70 ? 0 : row % 100 < 90 ? 1 : 2
      matrix.add(gold: gold, predicted: stream.integer(below: 3, at: row))
    }
    for name in ["accuracy", "macro_f1", "weighted_f1", "micro_f1", "balanced_accuracy", "matthews", "kappa", "f1"] {
      guard let score = LabelScore(named: name, positive: 1) else {
        Issue.record("\(name) is a score of labels")
        continue
      }
      #expect(isClose(score.chance(supports: supports), score.value(of: matrix), 0.015), "\(name)")
    }
    #expect(LabelScore(named: "exact_match", positive: 1) == nil && LabelScore(named: "f1", positive: nil) == nil)
  }
}
