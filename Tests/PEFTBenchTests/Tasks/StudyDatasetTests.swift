import PEFTCore
import TableFiles
import Testing

@testable import PEFTBench

@Suite("Datasets of other studies")
struct StudyDatasetTests {
  /// A row with a class id, the same with the publisher's name for it, and what becomes of it.
  struct Case: Sendable, CustomTestStringConvertible {
    let dataset: String
    let split: String
    let row: String
    let named: String
    let fields: [String]
    let answer: String
    var testDescription: String { dataset }
  }

  @Test("A row with an id or a name becomes this prompt and answer, also out of the Hub's layout", arguments: cases)
  func rows(_ golden: Case) throws {
    let dataset = try TaskRows.dataset(golden.dataset)
    #expect(dataset.group == .studies)
    for row in [golden.row, golden.named] {
      let example = try TaskRows.example(golden.dataset, row)
      let instruction = try #require(dataset.layout.instruction)
      #expect(dataset.prompt(for: example).text == ([instruction] + golden.fields).joined(separator: "\n"))
      #expect(example.answer == golden.answer && example.choices == dataset.labels)
      #expect(dataset.labels.allSatisfy { instruction.contains($0) })
      let scores = try dataset.metric.score([example.scored(example.answer)])
      #expect(scores.primary == "accuracy" && scores.value == 1 && scores.scores.contains { $0.name == "macro_f1" })
    }
    for row in [golden.row, golden.named] {
      let files = ["\(golden.dataset)/train.jsonl": row + "\n", "\(golden.dataset)/\(golden.split).jsonl": row + "\n"]
      try TaskRows.withFolder(files) { root in
        let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
        for part in [DatasetPart.training, .evaluation] {
          let loaded = try loader.load(dataset, part)
          #expect(loaded.examples.map(\.answer) == [golden.answer] && loaded.notes.isEmpty)
          #expect(loaded.split == (part == .training ? "train" : golden.split))
        }
      }
    }
  }

  @Test("They are no part of the full suite, and are found by their names and their group") func selection() throws {
    let names = Self.cases.map(\.dataset)
    #expect(DatasetCatalogue.studies.map(\.id) == names && DatasetMetric.studies.map(\.dataset) == names)
    #expect(try DatasetCatalogue.datasets(named: "studies").map(\.id) == names)
    #expect(try DatasetCatalogue.datasets(named: "all").map(\.id).filter(names.contains) == [])
    #expect(try DatasetCatalogue.datasets(named: "imdb").map(\.id) == ["imdb"])
    #expect(UnknownDataset(name: "imbd").description.contains("did you mean \"imdb\"?"))
  }

  @Test("Class names of a file count before the order of ids", arguments: [("imdb", "pos"), ("trec", "HUM")])
  func classNames(_ name: String, _ published: String) throws {
    let dataset = try TaskRows.dataset(name)
    let column = name == "trec" ? "coarse_label" : "label"
    let row = try TaskRows.row(#"{"text": "x", "\#(column)": 0}"#)
    let examples = try dataset.examples(of: row) { $0 == column ? [published] : nil }
    #expect(examples.map(\.answer) == [name == "imdb" ? "positive" : "human"])
  }

  @Test("What is long in a row is cut before its question") func longFields() throws {
    let example = try TaskRows.example("dbpedia_14", #"{"title": "Oak", "content": "A tree.", "label": 10}"#)
    #expect(example.fields.map(\.isQuestion) == [true, false])
    for name in ["imdb", "yelp_polarity", "ag_news"] {
      #expect(try TaskRows.example(name, #"{"text": "Fine.", "label": 1}"#).fields.map(\.isQuestion) == [false])
    }
  }

  @Test("An SNLI row without an agreed label is left out") func noGoldLabel() throws {
    let row = { (label: String) in #"{"premise": "A man sits.", "hypothesis": "He rests.", "label": \#(label)}"# }
    try TaskRows.withFolder(["snli/train.jsonl": [row("-1"), row("0")].joined(separator: "\n")]) { root in
      let loaded = try DatasetLoader(locator: DatasetLocator(root: root, cache: nil)).load(
        TaskRows.dataset("snli"), .training)
      #expect(loaded.examples.map(\.answer) == ["entailment"])
      #expect(loaded.notes == ["snli: 1 rows without an agreed label are left out"])
    }
  }

  @Test("A description of one's own may have such a name, and then is own data") func ownData() throws {
    let json = #"{"name": "imdb", "files": {"train": "a", "validation": "b"}, "prompt": "{text}", "answer": "label"}"#
    let text = DocumentText(name: "c.json", bytes: Array(json.utf8))
    let dataset = try CustomDataset.read(JSONParser.parse(text), of: text, at: "data.datasets[0]")
    #expect(dataset.group == .custom)
  }

  @Test("The mini suite says that it has no counterpart") func mini() throws {
    let locator = DatasetLocator(root: "/nowhere", suite: .mini)
    let error = #expect(throws: DatasetNotFound.self) { try locator.locate(TaskRows.dataset("imdb"), .training) }
    #expect(error?.description.contains("set data.suite to full") == true)
  }

  static let cases: [Case] = [
    Case(
      dataset: "ag_news", split: "test", row: #"{"text": "Chip maker opens a plant.", "label": 3}"#,
      named: #"{"text": "Chip maker opens a plant.", "label": "Sci/Tech"}"#, fields: ["Chip maker opens a plant."],
      answer: "technology"),
    Case(
      dataset: "trec", split: "test", row: #"{"text": "Who dug the canal ?", "coarse_label": 3, "fine_label": 29}"#,
      named: #"{"text": "Who dug the canal ?", "coarse_label": "HUM"}"#, fields: ["Who dug the canal ?"],
      answer: "human"),
    Case(
      dataset: "snips", split: "test", row: #"{"text": "give it two stars", "label": 4}"#,
      named: #"{"text": "give it two stars", "category": "RateBook"}"#, fields: ["give it two stars"],
      answer: "rating"),
    Case(
      dataset: "dbpedia_14", split: "test", row: #"{"title": "Oak", "content": " A tall tree.", "label": 10}"#,
      named: #"{"title": "Oak", "content": " A tall tree.", "label": "Plant"}"#,
      fields: ["Title: Oak", "Description: A tall tree."], answer: "plant"),
    Case(
      dataset: "yelp_polarity", split: "test", row: #"{"text": "Cold soup.\\nNever again.", "label": 0}"#,
      named: #"{"text": "Cold soup.\\nNever again.", "label": "negative"}"#, fields: [#"Cold soup.\nNever again."#],
      answer: "negative"),
    Case(
      dataset: "snli", split: "validation",
      row: #"{"premise": "A man sits.", "hypothesis": "A man runs.", "label": 2}"#,
      named: #"{"sentence1": "A man sits.", "sentence2": "A man runs.", "gold_label": "contradiction"}"#,
      fields: ["Premise: A man sits.", "Hypothesis: A man runs."], answer: "contradiction"),
    Case(
      dataset: "scitail", split: "validation",
      row: #"{"premise": "Ice is frozen water.", "hypothesis": "Water freezes.", "label": "entails"}"#,
      named: #"{"premise": "Ice is frozen water.", "hypothesis": "Water freezes.", "label": "entailment"}"#,
      fields: ["Premise: Ice is frozen water.", "Hypothesis: Water freezes."], answer: "entailment"),
    Case(
      dataset: "yahoo_answers_topics", split: "test",
      row: #"{"topic": 9, "question_title": "Who votes?", "question_content": "", "best_answer": "Adults."}"#,
      named: #"""
        {"topic": "Politics & Government", "question_title": "Who votes?", "question_content": "", "best_answer": "Adults."}
        """#,
      fields: ["Question: Who votes?", "Answer: Adults."], answer: "politics"),
    Case(
      dataset: "sst5", split: "validation",
      row: #"{"text": "a dull thing .", "label": 0, "label_text": "very negative"}"#,
      named: #"{"text": "a dull thing .", "label_text": "very negative"}"#, fields: ["a dull thing ."],
      answer: "very negative"),
    Case(
      dataset: "imdb", split: "test", row: #"{"text": "A joy.<br />See it.", "label": 1}"#,
      named: #"{"text": "A joy.<br />See it.", "label": "pos"}"#, fields: ["A joy.<br />See it."], answer: "positive"),
  ]
}
