import PEFTCore
import Testing

@testable import PEFTBench
@testable import TableFiles

@Suite("Rows of the catalogue")
struct SourceRowTests {
  /// What is wrong with a row of `dataset`.
  private func complaint(_ dataset: String, _ json: String) throws -> String {
    do {
      _ = try TaskRows.examples(dataset, json)
      return "no complaint"
    } catch let error as TableError {
      return error.description
    }
  }

  @Test("A missing column is named with its row and the nearest column")
  func missingColumn() throws {
    let text = try complaint("sst2", #"{"sentense": "x", "label": 1}"#)
    #expect(text.hasPrefix("made-up.jsonl:7: there is no column \"sentence\"; did you mean \"sentense\"?"))
  }

  @Test("A column of another type, a null and an empty label are complaints about the row")
  func wrongTypes() throws {
    #expect(
      try complaint("sst2", #"{"sentence": 3, "label": 1}"#)
        == "made-up.jsonl:7: column \"sentence\": expected a string, found 3")
    #expect(try complaint("gsm8k", #"{"question": "x", "answer": null}"#).contains("column \"answer\" is null here"))
    #expect(
      try complaint("winogrande", #"{"sentence": "_", "option1": "a", "option2": "b", "answer": ""}"#).contains(
        "no label"))
    #expect(
      try complaint("mmlu", #"{"question": "q", "choices": ["1", "2", "3"], "answer": 0}"#)
        .contains("expected a list of 4 strings, found 3 elements"))
    #expect(
      try complaint("copa", #"{"premise": "p", "question": "why", "choice1": "", "choice2": "", "label": 0}"#).contains(
        "\"cause\" or \"effect\""))
    #expect(try complaint("stsb", #"{"sentence1": "a", "sentence2": "b", "label": 7}"#).contains("0...5"))
    #expect(
      try complaint("svamp", #"{"question_concat": "q", "Equation": "e", "Answer": "many"}"#).contains(
        "expected a number"))
    #expect(
      try complaint(
        "openbookqa",
        #"{"question_stem": "q", "choices": {"text": ["1","2","3","4"], "label": ["A","B","C","D"]}, "answerKey": "E"}"#
      ).contains("none of the choices' letters"))
    #expect(
      try complaint("record", #"{"passage": "p", "query": "q", "entities": [], "answers": []}"#).contains("is empty"))
    #expect(
      try complaint(
        "wsc",
        #"{"text": "a b c", "span1_index": 0, "span1_text": "zebra", "span2_index": 1, "span2_text": "b", "label": 0}"#
      ).contains("zebra"))
    #expect(
      try complaint("record", #"{"passage": {"text": "abc", "entities": [{"start": 1, "end": 9}]}, "qas": []}"#)
        .contains("outside"))
  }

  @Test("A row of an unlabelled split says so")
  func unlabelled() throws {
    #expect(try complaint("sst2", #"{"sentence": "x", "label": -1}"#).contains("is -1, so this row has no label"))
    #expect(
      try complaint("hellaswag", #"{"ctx": "x", "endings": ["a","b","c","d"], "label": ""}"#).contains("no label"))
  }

  @Test("An unknown label is refused with the valid ones")
  func unknownLabel() throws {
    #expect(
      try complaint("cb", #"{"premise": "a", "hypothesis": "b", "label": 3}"#).hasSuffix(
        "column \"label\": the class 3 is not within 0...2 (entailment, contradiction, neutral)"))
    #expect(
      try complaint("cb", #"{"premise": "a", "hypothesis": "b", "label": "maybe"}"#).contains(
        "\"maybe\" is not a label"))
    #expect(try complaint("mnli", #"{"premise": "a", "hypothesis": "b", "label": true}"#).contains("not a label"))
    #expect(
      try complaint(
        "siqa", #"{"context": "a", "question": "b", "answerA": "", "answerB": "", "answerC": "", "label": "4"}"#
      ).contains("1...3"))
  }

  @Test("Class names that the file carries decide over the order of ids")
  func classNames() throws {
    let dataset = try TaskRows.dataset("rte")
    let row = try TaskRows.row(#"{"sentence1": "a", "sentence2": "b", "label": 0}"#)
    let swapped = try dataset.examples(of: row) { $0 == "label" ? ["not_entailment", "entailment"] : nil }
    #expect(swapped.map(\.answer) == ["not_entailment"])
    let numbers = try dataset.examples(of: row) { _ in ["0", "1"] }
    #expect(numbers.map(\.answer) == ["entailment"])
  }

  @Test("A paragraph of the official MultiRC file becomes one example an answer, grouped by question")
  func nestedMultiRC() throws {
    let examples = try TaskRows.examples(
      "multirc",
      #"""
      {"idx": 5, "passage": {"text": "T.", "questions": [
        {"idx": 8, "question": "Q1", "answers": [{"idx": 1, "text": "a", "label": 0}, {"idx": 2, "text": "b", "label": 1}]},
        {"idx": 9, "question": "Q2", "answers": [{"idx": 3, "text": "c", "label": 1}]}]}}
      """#)
    #expect(examples.map(\.answer) == ["False", "True", "True"])
    #expect(examples.map(\.group) == ["5-8", "5-8", "5-9"])
  }

  @Test("A ReCoRD query keeps all different answers and its number")
  func recordAnswers() throws {
    let example = try TaskRows.example(
      "record",
      #"{"passage": "p", "query": "q", "entities": ["x"], "answers": ["US", "U.S.", "US"], "idx": {"passage": 1, "query": 42}}"#
    )
    #expect(example.allAnswers == ["US", "U.S."])
    #expect(example.group == "42")
  }

  @Test("Halves of surrogate pairs in APPS's solutions are left out, whole pairs and escaped backslashes stay")
  func surrogates() throws {
    let example = try TaskRows.example(
      "apps", #"{"question": "q", "solutions": "[\"a\\ud83db\\ud83d\\ude00c\\\\ud83dd\"]"}"#)
    #expect(example.answer == #"ab😀c\ud83dd"#)
  }

  @Test("Names of groups stand for their datasets, and a misspelt name gets a suggestion")
  func names() throws {
    #expect(try DatasetCatalogue.datasets(named: "glue").count == 8)
    #expect(try DatasetCatalogue.datasets(named: "superglue").count == 7)
    #expect(try DatasetCatalogue.datasets(named: "all").count == 27)
    #expect(throws: UnknownDataset(name: "sst-2")) { try DatasetCatalogue.datasets(named: "sst-2") }
    #expect(UnknownDataset(name: "sst-2").description.contains("did you mean \"sst2\"?"))
  }
}
