import PEFTCore
import Testing

@testable import PEFTBench
@testable import TableFiles

@Suite("Labels of described datasets") struct LabelColumnTests {
  private static let files = #""files": {"train": "train.jsonl", "validation": "dev.jsonl"}"#

  private func members(_ labels: String) -> String {
    #"\#(Self.files), "prompt": "{q}", "answer": "a", "labels": \#(labels)"#
  }

  private func rows(_ values: [String]) -> String {
    values.map { "{\"q\": \"x\", \"a\": \($0)}\n" }.joined()
  }

  /// The answers of the training rows.
  private func answers(_ labels: String, _ train: [String], dev: [String]? = nil) throws -> [String] {
    try DescribedDataset.load(
      members(labels), ["train.jsonl": rows(train), "dev.jsonl": rows(dev ?? train)]
    ).examples.map(\.answer)
  }

  private func complaint(_ labels: String, _ train: [String], dev: [String]? = nil) throws -> String {
    try DescribedDataset.complaint(members(labels), ["train.jsonl": rows(train), "dev.jsonl": rows(dev ?? train)])
  }

  @Test("A value that is a label word is that word, and numbers are taken as words")
  func words() throws {
    for labels in [#"["1", "2", "3", "4", "5"]"#, "[1, 2, 3, 4, 5]"] {
      #expect(try answers(labels, ["1", "5", "3", "2", "4"]) == ["1", "5", "3", "2", "4"])
      // Tables with a gap make fractions of whole numbers.
      #expect(try answers(labels, ["1.0", "5.0"]) == ["1", "5"])
      #expect(try answers(labels, [#""1""#, #"" 4 ""#]) == ["1", "4"])
    }
    #expect(try answers(#"["1", "0"]"#, ["0", "1"]) == ["0", "1"])
    #expect(try answers(#"["Yes", "no"]"#, [#""YES""#, #""no""#]) == ["Yes", "no"])
    #expect(try answers("[0.5, 1.0]", ["1", "0.5"]) == ["1.0", "0.5"])
  }

  @Test("Ids count only where no value of the column is a word")
  func ids() throws {
    #expect(try answers(#"["bad", "good"]"#, ["0", "1", "1"]) == ["bad", "good", "good"])
    #expect(try answers(#"["bad", "good"]"#, ["0.0", "1.0", #""1""#, #""0.0""#]) == ["bad", "good", "good", "bad"])
  }

  @Test("The column is read in one way over all files, and a column of both ways shows both")
  func bothWays() throws {
    let mixed = try complaint(#"["1", "2"]"#, ["1", "0", "1"], dev: ["1"])
    #expect(
      mixed
        == "train.jsonl: column \"a\" can be read in two ways: 3 values as label words (first \"1\", train.jsonl:1: it is "
        + "\"1\"), 1 value only as ids from 0 (first \"0\", train.jsonl:2: it is \"1\"); so \"1\" would be \"1\" or \"2\". "
        + "Say what each value means, as in labels: {\"1\": word, \"0\": word}")
    // Neither file is mixed by itself.
    let files = try complaint(#"["1", "2"]"#, ["1", "1"], dev: ["0", "1"])
    #expect(files.contains("3 values as label words (first \"1\", train.jsonl:1"), "\(files)")
    #expect(files.contains("(first \"0\", dev.jsonl:1"), "\(files)")
    let kinds = try complaint(#"["bad", "good"]"#, [#""bad""#, "1"])
    #expect(kinds.contains("can be read in two ways") && !kinds.contains("so \""), "\(kinds)")
    // Further sets are of the same column.
    let further = try DescribedDataset.complaint(
      members(#"["bad", "good"]"#) + #", "evaluate_on": {"more": "more.jsonl"}"#,
      ["train.jsonl": rows(["0", "1"]), "dev.jsonl": rows(["1"]), "more.jsonl": rows([#""good""#])])
    #expect(further.contains("can be read in two ways") && further.contains("more.jsonl:1"), "\(further)")
  }

  @Test("An object says what each value means, whatever its words are")
  func listed() throws {
    #expect(try answers(#"{"0": "1", "1": "10"}"#, ["0", "1", "1"]) == ["1", "10", "10"])
    #expect(try answers(#"{"0": "1", "1": "10"}"#, ["0.0", #""1""#]) == ["1", "10"])
    #expect(try answers(#"{"a": "x", "b": "y", "c": "x"}"#, [#""c""#, #""b""#]) == ["x", "y"])
    let teams = #"{"0": "billing", "1": "network"}"#
    #expect(try answers(teams, [#""network""#, #""Billing""#]) == ["network", "billing"])
    #expect(try answers(#"{"u": "1", "U": "2"}"#, [#""U""#, #""u""#]) == ["2", "1"])
    let both = try complaint(#"{"0": "1", "1": "10"}"#, ["1", "10"], dev: ["1"])
    #expect(both.contains("2 values as values that labels lists"), "\(both)")
    #expect(both.contains("1 value only as label words"), "\(both)")
    let unknown = try complaint(#"{"0": "no", "1": "yes"}"#, ["0", "2"])
    #expect(
      unknown
        == "train.jsonl:2: column \"a\": \"2\" is none of the values that labels lists: 0, 1; did you mean \"0\"?")
  }

  @Test("Truth values are labels: by their words, by what an object lists, and as no and yes of two words")
  func truths() throws {
    #expect(try answers(#"["True", "False"]"#, ["true", "false", #""True""#]) == ["True", "False", "True"])
    #expect(try answers("[false, true]", ["true", "false"]) == ["true", "false"])
    let listed = #"{"true": "spam", "false": "ham"}"#
    #expect(try answers(listed, ["true", "false", #""False""#]) == ["spam", "ham", "ham"])
    #expect(try answers(#"{"1": "spam", "0": "ham"}"#, ["true", "false"]) == ["spam", "ham"])
    let loaded = try DescribedDataset.load(
      members(#"["no", "yes"]"#), ["train.jsonl": rows(["true", "false"]), "dev.jsonl": rows(["true"])])
    #expect(loaded.examples.map(\.answer) == ["yes", "no"])
    #expect(loaded.notes == ["x: column \"a\" holds truth values: false is read as \"no\", true as \"yes\""])
    let reversed = try complaint(#"["yes", "no"]"#, ["true", "false"])
    #expect(reversed.contains("labels: {\"false\": \"yes\", \"true\": \"no\"}"), "\(reversed)")
  }

  @Test("A value that is neither is refused at its row, with the nearest word and never with itself")
  func unknown() throws {
    let typo = try complaint(#"["yes", "no"]"#, [#""yes""#, #""yess""#])
    #expect(typo == "train.jsonl:2: column \"a\": \"yess\" is none of the labels yes, no; did you mean \"yes\"?")
    let counted = try complaint(#"["a", "b", "c"]"#, ["1", "2", "3"])
    #expect(
      counted.hasPrefix("train.jsonl:3: column \"a\": the id 3 is not within 0...2 (a, b, c); where ids do not count"))
    #expect(try complaint(#"["a", "b"]"#, ["0", "-1"]).contains("-1 says that this row has no label"))
    #expect(try complaint(#"["7", "007"]"#, [#""07""#]).contains("none of the labels"))
  }

  @Test("Class names that the file has decide what its ids are, and contradict no order of the config in silence")
  func classNames() throws {
    // The file's classes are entailment, neutral, contradiction.
    let path = "\(ParquetFixtures.folder)/class-labels.parquet"
    func load(_ labels: String) throws -> [String] {
      let text = DocumentText(
        name: "config.json",
        bytes: Array(
          #"""
          {"name": "x", "files": {"train": "\#(path)", "validation": "\#(path)"}, "prompt": "{premise}", "answer": "label",
           "labels": \#(labels)}
          """#.utf8))
      let dataset = try CustomDataset.read(try JSONParser.parse(text), of: text, at: "d")
      return try DatasetLoader(locator: DatasetLocator(root: nil, cache: nil)).load(dataset, .training).examples
        .map(\.answer)
    }
    let ids = try TableFile.open(path: path).allRows().map { $0["label"]?.integer ?? -1 }
    let names = ["entailment", "neutral", "contradiction"]
    #expect(try load(#"["entailment", "neutral", "contradiction"]"#) == ids.map { names[$0] })
    let renamed = #"{"entailment": "yes", "neutral": "maybe", "contradiction": "no"}"#
    #expect(try load(renamed) == ids.map { ["yes", "maybe", "no"][$0] })
    #expect(try load(#"["x", "y", "z"]"#) == ids.map { ["x", "y", "z"][$0] })
    for labels in [
      #"["neutral", "entailment", "contradiction"]"#, #"{"0": "contradiction", "1": "neutral", "2": "entailment"}"#,
    ] {
      let error = #expect(throws: TableError.self) { try load(labels) }
      let message = "the file's own classes are entailment, neutral, contradiction, so the id 0 is \"entailment\""
      #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
  }

  @Test("Names that are numbers decide as well: an id is not the word that it looks like")
  func numberedNames() throws {
    let column = LabelColumn(words: ["1", "2", "3"], listed: nil, name: "a", columns: ["a"]) { $0["a"] }
    let row = try TaskRows.row(#"{"a": 1}"#)
    #expect(try column.index(of: row, RowReading(classNames: { _ in ["1", "2", "3"] })) == 1)
    #expect(try column.index(of: row, RowReading()) == 0)
    #expect(throws: TableError.self) { try column.index(of: row, RowReading(classNames: { _ in ["0", "2", "1"] })) }
  }

  @Test("A column of the catalogue gives names or ids, not both")
  func catalogue() throws {
    func load(_ labels: [String]) throws -> [String] {
      let rows = labels.map { "{\"sentence\": \"x\", \"label\": \($0)}\n" }.joined()
      return try TaskRows.withFolder(["sst2/train.jsonl": rows]) { root in
        try DatasetLoader(locator: DatasetLocator(root: root, cache: nil)).load(TaskRows.dataset("sst2"), .training)
          .examples.map(\.answer)
      }
    }
    #expect(try load(["1", "0.0", "\"1.0\""]) == ["positive", "negative", "positive"])
    #expect(try load(["\"positive\"", "\"Negative\""]) == ["positive", "negative"])
    let error = #expect(throws: TableError.self) { try load(["\"positive\"", "0"]) }
    #expect(error?.message.contains("\"positive\" is a class name") == true)
    #expect(error?.description.contains("train.jsonl:2:") == true)
  }

  @Test("A column that is imported is read by the same rule")
  func imported() throws {
    try TaskRows.withFolder(["a.jsonl": rows(["1", "2", "3", "9"]), "b.jsonl": rows(["1", "0"])]) { root in
      let text = DocumentText(name: "c.json", bytes: Array(#"{"name": "x", \#(members("[1, 2, 3]"))}"#.utf8))
      let dataset = try CustomDataset.read(try JSONParser.parse(text), of: text, at: "d")
      let report = try DatasetImport(dataset, to: root + "/out").run([root + "/a.jsonl"], split: "train")[0]
      #expect(report.writtenCount == 3)
      #expect(report.dropped.map(\.count) == [1])
      let error = #expect(throws: TableError.self) {
        try DatasetImport(dataset, to: root + "/out").run([root + "/b.jsonl"], split: "train")
      }
      #expect(error?.message.contains("can be read in two ways") == true)
    }
  }

  @Test("Shards whose classes are ordered otherwise are no table")
  func shards() throws {
    struct Shard: TableReader {
      let name: String
      let names: [String]
      let format = TableFormat.parquet
      let columns = ["label"]
      let rowCount: Int? = 0
      let byteCount = 0
      func classLabels(of column: String) -> [String]? { names }
      func rows() throws -> TableRows { throw TableError("no rows", at: .file(name)) }
    }
    let error = #expect(throws: TableError.self) {
      _ = try ShardedTable([Shard(name: "a", names: ["x", "y"]), Shard(name: "b", names: ["y", "x"])])
    }
    #expect(
      error?.description.hasPrefix("b: the classes of column \"label\" are y, x, but those of a are x, y") == true)
  }
}
