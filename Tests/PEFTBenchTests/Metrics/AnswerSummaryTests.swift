import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("What stands beside a score") struct AnswerSummaryTests {
  private func answers(_ rows: [(predict: String, label: String)]) -> [ScoredAnswer] {
    rows.map { ScoredAnswer(predict: $0.predict, label: $0.label) }
  }

  @Test("The majority is the headline score of one answer to every row") func majority() throws {
    let labels = ["a", "b", "c"]
    let rows = answers([("a", "a"), ("a", "b"), ("?", "b"), ("A.", "c")])
    let accuracy = try DatasetMetric(dataset: "x", family: .multiClass(labels: labels)).summary(of: rows)
    #expect(accuracy.majority == .init(answer: "b", value: 0.5) && accuracy.chance == 1.0 / 3)
    // "a" and "A." name one label.
    #expect(accuracy.distinctAnswers == 2)
    // Always "b": precision 2/4, recall 1, F1 2/3 for it and 0 for the other two.
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: labels), headline: "macro_f1")
    let macro = try metric.summary(of: rows)
    #expect(isClose(macro.majority?.value, 2.0 / 9))
    // Guessing: F1 of b is 2·(1/2)·(1/3) / (1/2 + 1/3), of the other two 2·(1/4)·(1/3) / (1/4 + 1/3).
    #expect(isClose(macro.chance, (2.0 / 5 + 2 * 2.0 / 7) / 3))
    #expect(try metric.score(rows).primary == "macro_f1")
    #expect(isClose(try metric.score(rows).value, try metric.score(rows).score("macro_f1")))
    // The published script has its own headline.
    #expect(try metric.score(rows, under: .peftBench).primary == "macro_f1")
    #expect(DatasetMetric.for(dataset: "sst2")?.primaryName(under: .peftBench) == "f1")
  }

  @Test("Of equally frequent answers the first label is the majority") func ties() throws {
    let metric = try #require(DatasetMetric.for(dataset: "sst2"))
    let summary = try metric.summary(of: answers([("positive", "positive"), ("positive", "negative")]))
    #expect(summary.majority == .init(answer: "negative", value: 0.5) && summary.distinctAnswers == 1)
    #expect(
      summary.confusion == .init(labels: ["negative", "positive"], counts: [[0, 1], [0, 1]], invalid: [0, 0]))
  }

  @Test("Free text has a majority where an answer stands twice, correlations and code have none") func freeText() throws
  {
    func majority(_ dataset: String, _ labels: [String]) throws -> AnswerSummary.Majority? {
      let metric = try #require(DatasetMetric.for(dataset: dataset))
      return try metric.summary(of: labels.map { ScoredAnswer(predict: "", label: $0) }).majority
    }
    #expect(try majority("record", ["Ann", "Bob", "the Bob"]) == .init(answer: "Bob", value: 2.0 / 3))
    #expect(try majority("record", ["Ann", "Bob"]) == nil)
    #expect(try majority("gsm8k", ["x #### 3", "y #### 4", "z #### 4.0", "#### 4"])?.value == 0.75)
    #expect(try majority("gsm8k", ["x #### 3", "y #### 4", "z #### 4.0", "#### 4"])?.answer == "#### 4")
    #expect(try majority("svamp", ["( 1 + 2 ) = 3", "( 1 + 2 ) = 3", "( 2 + 2 ) = 4"])?.value == 2.0 / 3)
    #expect(try majority("stsb", ["3", "3", "4"]) == nil && majority("apps", ["x = 1", "x = 1"]) == nil)
  }

  @Test("Memory is linear in the labels, and above a hundred of them there is no matrix") func manyLabels() throws {
    // All pairs of these would take 8 TB.
    var counts = ConfusionMatrix(classCount: 1_000_000)
    counts.add(gold: 999_999, predicted: 999_999)
    counts.add(gold: 0, predicted: nil)
    #expect(counts.accuracy == 0.5 && counts.macroF1 == 1e-6 && counts.table == nil)

    let labels = (0..<20_000).map { "label\($0)" }
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: labels))
    let rows = labels.indices.map { ScoredAnswer(predict: labels[$0 / 2], label: labels[$0]) }
    let summary = try metric.summary(of: rows)
    #expect(try metric.score(rows).value == 1.0 / 20_000)
    #expect(summary.classes.count == 20_000 && summary.confusion == nil && summary.distinctAnswers == 10_000)
    #expect(summary.confusionAbsence == "20000 labels; the matrix is kept up to 100")
    var scores: JSONValue = [:]
    summary.add(to: &scores)
    #expect(scores["confusion"] == nil && scores["confusion_absent"] == "20000 labels; the matrix is kept up to 100")
  }

  @Test("A record gives back what was written, and one of an older version has none of it") func roundTrip() throws {
    let metric = try #require(DatasetMetric.for(dataset: "cb"))
    let rows = answers([("entailment", "entailment"), ("neutral", "contradiction"), ("no", "neutral")])
    let summary = try metric.summary(of: rows)
    var scores: JSONValue = [:]
    summary.add(to: &scores)
    let record: JSONValue = ["scores": scores]
    let parsed = try JSONParser.parse(DocumentText(name: "record", bytes: Array(record.prettyText.utf8)))
    #expect(AnswerSummary(scores: JSONValue(parsed)["scores"] ?? .null) == summary)
    let empty = AnswerSummary(scores: ["accuracy": 0.5])
    #expect(empty.majority == nil && empty.chance == nil && empty.distinctAnswers == nil)
    #expect(empty.classes.isEmpty && empty.confusion == nil && empty.confusionAbsence == nil)
    // Sides that do not fit are not a matrix.
    scores["confusion"] = ["labels": ["a", "b"], "counts": [[1, 2]], "invalid": [0, 0]]
    #expect(AnswerSummary(scores: scores).confusion == nil)
  }

  @Test("Chance and the number of answers are no scores, and a report's JSON keeps them") func reported() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [42])
    let file = sweep.folder(of: "lora", "sst2", 42).appending(path: "record.json")
    let record = try String(contentsOf: file, encoding: .utf8)
    let more = """
      "chance": 0.5, "distinct_answers": 2, "majority": {"answer": "yes", "value": 0.625},
      "per_class": [{"label": "yes", "precision": 1, "recall": 0.5, "f1": 0.75, "support": 3}], "invalid_rate"
      """
    try Data(record.replacing("\"invalid_rate\"", with: more).utf8).write(to: file)
    let run = try #require(try ReportedResults([folder.url.path]).runs.first)
    #expect(run.scores.map(\.name) == ["accuracy", "f1"] && run.summary.chance == 0.5)
    #expect(run.summary.majority == .init(answer: "yes", value: 0.625) && run.summary.classes.first?.support == 3)
    let json = folder.url.appending(path: "report.json")
    try Data(JSONValue.array([run.json]).prettyText.utf8).write(to: json)
    let again = try #require(try ReportedResults([json.path]).runs.first)
    #expect(again.summary.majority == run.summary.majority && again.summary.distinctAnswers == 2)
    #expect(again.scores == run.scores && again.summary.classes.isEmpty)
  }
}

@Suite("Scores and classes in reports") struct ReportedScoresTests {
  /// A report of two methods, of whose records `scores` is a part.
  private func report(_ scores: String) throws -> Report {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2"], seeds: [42, 43])
    for id in try FileManager.default.contentsOfDirectory(atPath: folder.url.appending(path: "runs").path) {
      let file = folder.url.appending(path: "runs/\(id)/record.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing("\"invalid_rate\"", with: scores + "\"invalid_rate\"").utf8).write(to: file)
    }
    return try Report(ReportedResults([folder.url.path]))
  }

  private func classes(_ labels: [String]) throws -> String {
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: labels))
    let answers = labels.indices.map { ScoredAnswer(predict: labels[$0 / 2], label: labels[$0]) }
    var json: JSONValue = [:]
    try metric.summary(of: answers).add(to: &json)
    return String(json.compactText.dropFirst().dropLast()) + ","
  }

  @Test("CSV, Markdown and HTML have every score, and HTML the classes of each run") func formats() throws {
    let report = try report(try classes(["yes", "<no>", "maybe"]))
    let csv = try #require(report.text(.csv)).split(separator: "\r\n").map(String.init)
    #expect(csv[0].contains(",majority,chance,distinct_answers,invalid_rate,") && csv[0].hasSuffix(",id,error"))
    #expect(csv[0].contains(",score_accuracy,score_f1,id") && csv[1].contains("relative,\"1,1,1\",134515008,"))
    let titles = csv[0].split(separator: ",", omittingEmptySubsequences: false)
    #expect(
      csv[1].replacing("\"1,1,1\"", with: "").split(separator: ",", omittingEmptySubsequences: false).count
        == titles.count)
    let markdown = try #require(report.text(.markdown))
    #expect(markdown.contains("| dataset | method | headline | accuracy | f1 | majority | chance | invalid |"))
    let html = try #require(report.text(.html))
    // Of the one row "yes" that was answered with "yes", of four runs.
    let matrix = #""matrix":{"labels":["yes","\u003cno\u003e","maybe"],"counts":[[1,0,0],[1,0,0],[0,1,0]]"#
    #expect(html.contains("<h3 id=\"confusion\"") && html.components(separatedBy: matrix).count == 1 + 4)
  }

  @Test("The page has many labels, too, and none are said to be none") func manyLabels() throws {
    let many = try #require(try report(try classes((0..<30).map { "label\($0)" })).text(.html))
    #expect(many.contains(#""label28","label29"],"counts":[["#))
    let none = try #require(try report("").text(.html))
    #expect(none.contains("No run here tells its classes"))
  }
}
