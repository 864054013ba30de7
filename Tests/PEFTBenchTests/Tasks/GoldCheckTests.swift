import Foundation
import PEFTCore
import Testing

@testable import PEFTBench
@testable import TableFiles

@Suite("Gold answers that cannot be scored") struct GoldCheckTests {
  private func complaint(_ metric: String, _ answer: String, _ part: DatasetPart = .evaluation) throws -> String {
    let rows = "{\"q\": \"x\", \"a\": \"3\"}\n{\"q\": \"x\", \"a\": \(JSONValue(answer).compactText)}\n"
    return try DescribedDataset.complaint(
      #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "a", "metric": "\#(metric)""#, ["rows.jsonl": rows], part)
  }

  @Test(
    "A row to be scored is refused with file, row and column before anything is trained",
    arguments: [
      ("correlation", "high", "\"high\" is not a number"), ("correlation", "5.5", "is not within the range 0.0 to 5.0"),
      ("final_number", "none of them", "has no number"), ("equation", "( a + b )", "has no number"),
      ("text", "the", "nothing is left of \"the\" to compare"), ("code", "# nothing", "has no code to compare"),
      ("code", " \n", "has no code to compare"),
    ]) func refused(metric: String, answer: String, message: String) throws
  {
    let error = try complaint(metric, answer)
    #expect(error.hasPrefix("rows.jsonl:2: column \"a\": ") && error.contains(message), "\(error)")
    #expect(error.hasSuffix("so this row cannot be scored"), "\(error)")
    // What is only trained on is counted.
    let rows = "{\"q\": \"x\", \"a\": \"3\"}\n{\"q\": \"x\", \"a\": \(JSONValue(answer).compactText)}\n"
    let loaded = try DescribedDataset.load(
      #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "a", "metric": "\#(metric)""#, ["rows.jsonl": rows])
    #expect(loaded.examples.count == 2)
    #expect(loaded.notes.count == 1)
    #expect(loaded.notes.first?.contains("1 training answer is none that the metric could score (first, ") == true)
  }

  @Test(
    "What the metric reads passes",
    arguments: [
      ("correlation", "4.5"), ("correlation", "0"), ("final_number", "so 3\n#### 1,200"),
      ("equation", "( 3 + 4 ) = 7"), ("text", "the cat"), ("code", "x = 1"), ("code", "not python ("),
    ]) func taken(metric: String, answer: String) throws
  {
    #expect(try complaint(metric, answer) == "nothing")
  }

  @Test("A gold answer of the catalogue without its number is found as well")
  func catalogue() throws {
    try TaskRows.withFolder(["gsm8k/main/test.jsonl": #"{"question": "q", "answer": "no idea"}"#]) { root in
      let error = #expect(throws: TableError.self) {
        try DatasetLoader(locator: DatasetLocator(root: root, cache: nil)).load(TaskRows.dataset("gsm8k"), .evaluation)
      }
      #expect(error?.message == "the gold answer: \"no idea\" has no number, so this row cannot be scored")
    }
  }

  @Test("A label that ends in a full stop, stands in quotes or is long is scored; one that no answer can be is refused")
  func labels() throws {
    let words = ["\"yes\"", "no.", "card_payment_fee_charged", "İİİİİİİİİ"]
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: words))
    let rows = words.map { ScoredAnswer(predict: $0, label: $0) }
    #expect(try metric.score(rows).value == 1)
    let error = try DescribedDataset.complaint(
      #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "a", "labels": ["a</think>b", "c"]"#, [:])
    #expect(error.contains("an answer \"a</think>b\" is not read as this label"), "\(error)")
  }

  @Test("The published script has no score for labels longer than it looks at, and says so")
  func publishedCut() throws {
    for (label, length) in [("card_payment_fee_charged", 24), ("İİİİİİİİİ", 18)] {
      let metric = DatasetMetric(dataset: "x", family: .binaryClassification(labels: [label, "b"], positive: "b"))
      let rows = [ScoredAnswer(predict: label, label: label), ScoredAnswer(predict: "b", label: "b")]
      let error = #expect(throws: ScoringError.self) { try metric.score(rows, under: .peftBench) }
      #expect(error?.description.hasPrefix("the published script cuts labels to 16 characters") == true)
      #expect(error?.description.hasSuffix("has \(length)") == true)
    }
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: ["yes", "no"]))
    let same = #expect(throws: ScoringError.self) { try metric.score([ScoredAnswer(predict: "", label: "yess")]) }
    #expect(same?.description.contains("did you mean \"yes\"?") == true)
  }
}

@Suite("Lengths of answers, known before a run") struct AnswerLimitTests {
  /// A renderer of the plain form whose tokenizer has one token a byte and `</s>`.
  private func renderer() throws -> ChatRenderer { try ChatRendererTests.renderer(nil) }

  private func dataset(_ members: String) throws -> DatasetDescription {
    let text = DocumentText(
      name: "c.json",
      bytes: Array(#"{"name": "x", \#(DescribedDataset.one), "prompt": "{q}", "answer": "a", \#(members)}"#.utf8))
    return try CustomDataset.read(try JSONParser.parse(text), of: text, at: "d")
  }

  private func evaluation(_ members: String = "") throws -> EvaluationConfiguration {
    let text = DocumentText(
      name: "c.json",
      bytes: Array(#"{"model": {"path": "m"}, "methods": ["none"], "evaluation": {\#(members)}}"#.utf8))
    return try RunConfiguration(try ConfigFile.read(text)).evaluation
  }

  @Test("The longest label decides with its end, where eight tokens do not do")
  func labels() throws {
    let renderer = try renderer()
    func limit(_ labels: String) throws -> Int {
      try AnswerLimit(try dataset(#""labels": \#(labels)"#), evaluation: evaluation(), renderer: renderer).tokens
    }
    #expect(try limit(#"["yes", "no"]"#) == 8)
    // A space, fifteen letters, the end.
    #expect(try limit(#"["zx-qjk-wvb-7391", "kq"]"#) == 17)
    let sst2 = try TaskRows.dataset("sst2")
    #expect(try AnswerLimit(sst2, evaluation: evaluation(), renderer: renderer).tokens == 10)
    let long = try dataset(#""labels": ["zx-qjk-wvb-7391", "kq"]"#)
    #expect(try AnswerLimit(long, evaluation: evaluation(#""mode": "rank""#), renderer: renderer).tokens == 8)
    let text = try dataset(#""metric": "text""#)
    #expect(try AnswerLimit(text, evaluation: evaluation(), renderer: renderer).tokens == 256)
  }

  @Test("A number that is given and too small is refused with the label, its tokens and the number needed")
  func given() throws {
    let renderer = try renderer()
    let own = try dataset(#""labels": ["abcdef", "b"], "max_new_tokens": 7"#)
    let error = #expect(throws: AnswerLengthError.self) {
      try AnswerLimit(own, evaluation: evaluation(), renderer: renderer)
    }
    #expect(
      error?.description
        == #"x: max_new_tokens is 7, but the label "abcdef" takes 8 tokens with its end (" " "a" "b" "c" "d" "e" "f" "</s>"); give at least 8, or leave it out"#
    )
    #expect(try AnswerLimit(own, evaluation: evaluation(#""max_new_tokens": 8"#), renderer: renderer).tokens == 8)
    let other = #expect(throws: AnswerLengthError.self) {
      try AnswerLimit(TaskRows.dataset("sst2"), evaluation: evaluation(#""max_new_tokens": 5"#), renderer: renderer)
    }
    #expect(other?.description.hasPrefix("sst2: evaluation.max_new_tokens is 5, but the label \"negative\"") == true)
  }

  @Test("A label that the tokenizer does not give back, or that the protocol has no score for, is refused")
  func unwritable() throws {
    let renderer = try renderer()
    let special = try dataset(#""labels": ["<|end|>", "b"]"#)
    let error = #expect(throws: LabelError.self) {
      try AnswerLimit(special, evaluation: evaluation(), renderer: renderer)
    }
    #expect(error?.description.contains("no answer can be this label") == true)
    let long = try dataset(#""labels": ["card_payment_fee_charged", "b"]"#)
    #expect(try AnswerLimit(long, evaluation: evaluation(), renderer: renderer).tokens == 26)
    let cut = #expect(throws: LabelError.self) {
      try AnswerLimit(long, evaluation: evaluation(#""protocol": "peft-bench""#), renderer: renderer)
    }
    #expect(cut?.description.hasSuffix("has 24; take the protocol strict") == true)
  }

  @Test("Gold answers of free text that are longer than an answer may be are counted")
  func longer() throws {
    let renderer = try renderer()
    let dataset = try dataset(#""metric": "text", "max_new_tokens": 6"#)
    let rows = try ["four", "eleven more"].map {
      try renderer.render(Example(fields: [.init(nil, "q")], answer: $0), of: dataset)
    }
    let notes = try AnswerLimit(dataset, evaluation: evaluation(), renderer: renderer).notes(on: rows)
    #expect(
      notes == [
        "x: 1 of 2 gold answers are longer than the 6 tokens that an answer may take (the longest has 13), so no answer "
          + "can be all of them"
      ])
  }
}
