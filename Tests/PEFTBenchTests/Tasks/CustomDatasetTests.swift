import Foundation
import PEFTBench
import PEFTCore
import TableFiles
import Testing

@Suite("Datasets that a config describes, and dataset_info.json")
struct CustomDatasetTests {
  private func read(_ json: String) throws -> DatasetDescription {
    let text = DocumentText(name: "config.json", bytes: Array(json.utf8))
    return try CustomDataset.read(try JSONParser.parse(text), of: text, at: "data.datasets[0]")
  }

  private func complaint(_ json: String) throws -> String {
    do {
      _ = try read(json)
      return "no complaint"
    } catch let error as DocumentError {
      return error.description
    }
  }

  private static let files = #""files": {"train": "a.jsonl", "validation": ["b.jsonl", "c.jsonl"]}"#

  @Test("A prompt template with a map of labels")
  func template() throws {
    let dataset = try read(
      #"""
      {"name": "tickets", \#(Self.files), "prompt": "Who handles {{this}}?\n{subject}: {body}\nReply!", "answer": "team",
       "labels": {"0": "billing", "1": "network", "2": "billing"}}
      """#)
    let row = try TaskRows.row(#"{"subject": "Bill", "body": "too {high}", "team": 2}"#)
    let example = try #require(try dataset.examples(of: row).first)
    #expect(dataset.prompt(for: example).text == "Who handles {this}?\nBill: too {high}\nReply!")
    #expect(example.answer == "billing")
    #expect(dataset.metric.family == .binaryClassification(labels: ["billing", "network"], positive: "network"))
    #expect(dataset.files[.evaluation] == ["b.jsonl", "c.jsonl"])
    #expect(dataset.maximumNewTokens == 8)
  }

  @Test("An instruction with columns, and free text for an answer")
  func columns() throws {
    let dataset = try read(
      #"{"name": "qa", \#(Self.files), "instruction": "Answer.", "columns": ["context", "question"], "answer": "reply", "metric": "text"}"#
    )
    let row = try TaskRows.row(#"{"context": "C", "question": "Q", "reply": 4.5}"#)
    let example = try #require(try dataset.examples(of: row).first)
    #expect(dataset.prompt(for: example).text == "Answer.\ncontext: C\nquestion: Q")
    #expect(example.answer == "4.5")
    #expect(dataset.metric.family == .recordSpan)
  }

  @Test("Mistakes in a description name their key")
  func mistakes() throws {
    #expect(
      try complaint(#"{"name": "sst2", \#(Self.files), "answer": "a", "columns": ["b"]}"#).contains(
        "data.datasets[0].name: \"sst2\" is a dataset of the catalogue"))
    #expect(
      try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "colums": ["b"]}"#).contains(
        "did you mean \"columns\"?"))
    #expect(
      try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "prompt": "no column"}"#).contains(
        "at least one {column}"))
    #expect(try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "prompt": "{b"}"#).contains("is not closed"))
    #expect(
      try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"], "metric": "accuracy"}"#).contains(
        "at least two labels"))
    #expect(
      try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"], "labels": ["Yes", "yes"]}"#)
        .contains("given twice"))
    #expect(
      try complaint(#"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"], "labels": {"0": "y", "0 ": "n"}}"#)
        .contains("labels: \"0\" is given twice, with different words"))
    #expect(try complaint(#"{"name": "x", "answer": "a", "columns": ["b"]}"#).contains("files: missing"))
    #expect(
      try complaint(#"{"name": "../x", \#(Self.files), "answer": "a", "columns": ["b"]}"#).contains("expected letters"))
    #expect(
      try complaint(
        #"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"], "labels": ["y", "n"], "positive": "z"}"#
      ).contains("none of the labels"))
  }

  @Test("A label that is none of the described ones is refused at its row")
  func unknownLabel() throws {
    let dataset = try read(#"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"], "labels": ["yes", "no"]}"#)
    #expect(try dataset.examples(of: TaskRows.row(#"{"b": "t", "a": "YES"}"#)).first?.answer == "yes")
    #expect(try dataset.examples(of: TaskRows.row(#"{"b": "t", "a": 1}"#)).first?.answer == "no")
    let error = #expect(throws: TableError.self) { try dataset.examples(of: TaskRows.row(#"{"b": "t", "a": "yess"}"#)) }
    #expect(error?.description.contains("did you mean \"yes\"?") == true)
    let list = #expect(throws: TableError.self) { try dataset.examples(of: TaskRows.row(#"{"b": "t", "a": ["yes"]}"#)) }
    #expect(list?.description.contains("expected a label, found a list") == true, "\(list?.description ?? "")")
    #expect(list?.description.contains("such as a[0]") == true)
  }

  @Test("A file that a description names twice for one part is refused, however it is spelled")
  func namedTwice() throws {
    try TaskRows.withFolder(["a.jsonl": "{}", "b.jsonl": "{}"]) { root in
      let dataset = try read(
        #"{"name": "x", "files": {"train": ["\#(root)/a.jsonl", "\#(root)/*.jsonl"], "validation": "\#(root)/a.jsonl"}, "#
          + #""answer": "a", "columns": ["b"]}"#)
      let locator = DatasetLocator(root: nil, cache: nil)
      let error = #expect(throws: FileError.self) { try locator.locate(dataset, .training) }
      #expect(error?.description.contains("a.jsonl: is named twice for training of the dataset x") == true)
      #expect(try locator.locate(dataset, .evaluation).files == ["\(root)/a.jsonl"])
    }
  }

  @Test("A config's names and descriptions become datasets, each once, and an unknown name is located")
  func selection() throws {
    func datasets(_ list: String) throws -> [String] {
      let text = DocumentText(
        name: "c.json",
        bytes: Array(#"{"model": {"path": "m"}, "methods": ["none"], "data": {"datasets": \#(list)}}"#.utf8))
      let file = try ConfigFile.read(text)
      let configuration = try RunConfiguration(file)
      return try configuration.data.descriptions(from: file).map(\.id)
    }
    #expect(try datasets(#"["rte", "code", "rte"]"#) == ["rte", "conala", "codealpacapy", "apps"])
    let custom = #"{"name": "x", \#(Self.files), "answer": "a", "columns": ["b"]}"#
    #expect(try datasets("[\(custom), \"cb\"]") == ["x", "cb"])
    let error = #expect(throws: DocumentError.self) { try datasets(#"["rtee"]"#) }
    #expect(error?.description.contains("did you mean \"rte\"?") == true)
    #expect(error?.location.line == 1)
    #expect(throws: DocumentError.self) { try datasets("[\(custom), \(custom)]") }
  }

  @Test("A dataset_info.json replaces instructions, and columns where the data has them")
  func datasetInfo() throws {
    let info = #"""
      {"rte": {"hf_hub_url": "nyu-mll/glue", "instruction": "Other words.", "columns":
        {"prompt": "sentence1", "query": "sentence2", "response": "label"}},
       "winogrande": {"instruction": "", "columns": {"prompt": "inputs", "response": "targets"}},
       "winogrande_eval": {"instruction": "Which one?", "columns": {"prompt": "inputs", "response": "targets"}},
       "siqa": {"instruction": "Pick.", "columns": {"prompt": "context", "query": "question", "response": "label"}}}
      """#
    let siqa = #"{"context": "C.", "question": "Q?", "answerA": "x", "answerB": "y", "answerC": "z", "label": "1"}"#
    let wino = #"{"sentence": "_ ran.", "option1": "Al", "option2": "Bo", "answer": "1"}"#
    try TaskRows.withFolder([
      "rte/train.jsonl": #"{"sentence1": "A.", "sentence2": "B.", "label": 1}"#, "winogrande/train.jsonl": wino,
      "cb/train.jsonl": #"{"premise": "A", "hypothesis": "B", "label": 0}"#, "info.json": info,
      "siqa/train.jsonl": siqa, "own.jsonl": #"{"a": "x", "b": "y"}"#,
    ]) { root in
      let loader = DatasetLoader(
        locator: DatasetLocator(root: root, cache: nil), datasetInfo: try DatasetInfo(path: root + "/info.json"))
      func prompt(_ id: String) throws -> (text: String, answer: String, notes: [String]) {
        let loaded = try loader.load(try TaskRows.dataset(id), .training)
        return (loaded.dataset.prompt(for: loaded.examples[0]).text, loaded.examples[0].answer, loaded.notes)
      }
      let rte = try prompt("rte")
      #expect(rte.text == "Other words.\nA.\nB.")
      #expect(rte.answer == "not_entailment")
      #expect(rte.notes.isEmpty)
      let winogrande = try prompt("winogrande")
      #expect(winogrande.text == "Which one?\nSentence: _ ran.\noption1: Al\noption2: Bo")
      #expect(winogrande.notes.count == 1)
      #expect(try prompt("cb").notes.first?.contains("has no entry") == true)
      // Its labels count from 1, whoever words the prompt.
      let social = try prompt("siqa")
      #expect(social.text == "Pick.\nC.\nQ?" && social.answer == "A")
      let own = try read(
        #"{"name": "x", "files": {"train": "\#(root)/own.jsonl", "validation": "b"}, "answer": "a", "columns": ["b"]}"#)
      #expect(
        try loader.load(own, .training).notes
          == ["x: its own description words the prompt, so dataset_info is not used for it"])
    }
  }
}
