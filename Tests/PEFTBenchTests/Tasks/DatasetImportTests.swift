import Foundation
import PEFTCore
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Importing datasets") struct DatasetImportTests {
  /// The lines of each file that importing `files` writes, and the reports.
  private func imported(_ dataset: String, _ files: [String: String], _ sources: [String], split: String? = nil) throws
    -> (lines: [String: [String]], reports: [DatasetImport.Report])
  {
    try TaskRows.withFolder(files) { root in
      let target = root + "/to"
      let reports = try DatasetImport(try TaskRows.dataset(dataset), to: target)
        .run(sources.map { root + "/" + $0 }, split: split)
      var lines: [String: [String]] = [:]
      for report in reports {
        #expect(report.path == "\(target)/\(dataset)/\(report.split).jsonl")
        lines[report.split] = try String(contentsOfFile: report.path, encoding: .utf8).split(separator: "\n").map(
          String.init)
      }
      // What was written loads as the dataset.
      _ = try DatasetLoader(locator: DatasetLocator(root: target, cache: nil)).load(
        try TaskRows.dataset(dataset), reports.contains { $0.split.hasSuffix("train") } ? .training : .evaluation)
      return (lines, reports)
    }
  }

  @Test("A folder of GLUE becomes both splits, with class ids, and says what is left out") func glueFolder() throws {
    let (lines, reports) = try imported(
      "rte",
      [
        "RTE/train.tsv":
          "index\tsentence1\tsentence2\tlabel\n0\tA \"b.\tB.\tnot_entailment\n1\tC\tD\tentailment\n2\tE\tF\t\n3\tcut\n",
        "RTE/dev.tsv": "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n",
      ], ["RTE"])
    #expect(
      lines["train"] == [
        #"{"sentence1":"A \"b.","sentence2":"B.","label":1,"idx":0}"#,
        #"{"sentence1":"C","sentence2":"D","label":0,"idx":1}"#,
      ])
    #expect(lines["validation"]?.count == 1)
    #expect(reports[0].readCount == 4 && reports[0].writtenCount == 2)
    #expect(reports[0].dropped.map(\.count) == [1, 1])
    #expect(reports[0].dropped.contains { $0.reason.contains("has no label") && $0.first.hasSuffix("train.tsv:4") })
    #expect(reports[0].dropped.contains { $0.reason.contains("expected 4") && $0.first.hasSuffix("train.tsv:5") })
  }

  @Test("Columns without a header and other publishers' names become the Hub's") func names() throws {
    let cola = try imported(
      "cola", ["a_train.tsv": "gj04\t1\t\tThe cat sat.\ngj04\t0\t*\tCat sat the.\n"], ["a_train.tsv"])
    #expect(cola.lines["train"]?.first == #"{"sentence":"The cat sat.","label":1}"#)
    let mnli = try imported(
      "mnli", ["dev_mismatched.tsv": "index\tsentence1\tsentence2\tgold_label\n7\tA\tB\tneutral\n"],
      ["dev_mismatched.tsv"])
    #expect(
      mnli.lines["validation_mismatched"] == [#"{"premise":"A","hypothesis":"B","label":1,"idx":7}"#])
    let stsb = try imported(
      "stsb", ["x.csv": "sentence1,sentence2,score\n\"a, b\",c,3.8\n"], ["x.csv"], split: "validation")
    #expect(stsb.lines["validation"] == [#"{"sentence1":"a, b","sentence2":"c","label":3.8}"#])
  }

  @Test("What SuperGLUE nests is spread over rows") func nested() throws {
    let multirc = try imported(
      "multirc",
      [
        "val.jsonl":
          #"{"idx": 3, "passage": {"text": "P.", "questions": [{"question": "q?", "idx": 7, "answers": "#
          + #"[{"text": "a", "idx": 1, "label": 1}, {"text": "b", "idx": 2, "label": 0}]}]}}"# + "\n"
      ], ["val.jsonl"])
    #expect(
      multirc.lines["validation"] == [
        #"{"paragraph":"P.","question":"q?","answer":"a","idx":{"paragraph":3,"question":7,"answer":1},"label":1}"#,
        #"{"paragraph":"P.","question":"q?","answer":"b","idx":{"paragraph":3,"question":7,"answer":2},"label":0}"#,
      ])
    let record = try imported(
      "record",
      [
        "train.jsonl":
          #"{"idx": 3, "passage": {"text": "Ann met Bob.", "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 10}]},"#
          + #""qas": [{"idx": 5, "query": "@placeholder met", "answers": [{"start": 0, "end": 2, "text": "Ann"}]}]}"#
      ], ["train.jsonl"])
    #expect(
      record.lines["train"] == [
        #"{"passage":"Ann met Bob.","query":"@placeholder met","entities":["Ann","Bob"],"answers":["Ann"],"#
          + #""idx":{"passage":3,"query":5}}"#
      ])
  }

  @Test("Nothing is written where no row can be used, and a split must be known") func refusals() throws {
    try TaskRows.withFolder(["train.jsonl": #"{"a": 1}"#, "rows.jsonl": "{}", "empty/x": ""]) { root in
      let importing = DatasetImport(try TaskRows.dataset("sst2"), to: root + "/to")
      func message(_ source: String) -> String {
        let error = #expect(throws: FileError.self) { try importing.run([root + "/" + source]) }
        return error?.description ?? ""
      }
      #expect(message("train.jsonl").contains("none of its 1 rows can be used for sst2"))
      #expect(!FileManager.default.fileExists(atPath: root + "/to/sst2"))
      #expect(message("rows.jsonl").contains("--split"))
      #expect(message("empty").contains("no file of the splits train, validation"))
      #expect(message("absent").contains("no such file"))
    }
  }

  @Test("A file that is named twice is refused before anything is written") func namedTwice() throws {
    try TaskRows.withFolder(["train.jsonl": #"{"sentence": "a", "label": 1}"#]) { root in
      let error = #expect(throws: FileError.self) {
        try DatasetImport(try TaskRows.dataset("sst2"), to: root + "/to").run(
          [root + "/train.jsonl", root + "/./train.jsonl"])
      }
      #expect(error?.description.contains("is named twice for train of sst2") == true)
      #expect(!FileManager.default.fileExists(atPath: root + "/to"))
    }
  }

  @Test("Rows with a null in the prompt are left out where nulls are errors") func nulls() throws {
    let rows = #"{"sentence": null, "label": 1}"# + "\n" + #"{"sentence": "a", "label": 1}"# + "\n"
    try TaskRows.withFolder(["train.jsonl": rows]) { root in
      for (nulls, expected) in [(NullPolicy.empty, 2), (.error, 1)] {
        let reports = try DatasetImport(try TaskRows.dataset("sst2"), to: "\(root)/\(nulls)", nulls: nulls)
          .run([root + "/train.jsonl"])
        #expect(reports[0].writtenCount == expected)
      }
    }
  }

  @Test(
    "A file's name tells its split",
    arguments: [
      ("train-00000-of-00002.parquet", "train"), ("dev.tsv", "validation"), ("x/test/0000.parquet", "test"),
      ("in_domain_train.tsv", "train"), ("auxiliary_train.jsonl", "auxiliary_train"),
      ("dev_matched.tsv", "validation_matched"),
      ("conala-test.json.gz", "test"),
    ]) func splits(_ path: String, _ split: String)
  {
    #expect(DatasetImport.split(ofFile: "/data/" + path) == split)
  }

  @Test("The files of a split are found in a repository's list as they are on disk") func repositoryFiles() throws {
    func files(_ id: String, _ split: String, _ names: [String], _ revision: String = "main") throws -> [String]? {
      try DatasetFetch.Repository.files(
        of: split, try #require(TaskRows.dataset(id).source), among: names, revision: revision)
    }
    let glue = ["README.md", "rte/train-00000-of-00001.parquet", "sst2/train-00000-of-00001.parquet"]
    #expect(try files("sst2", "train", glue) == ["sst2/train-00000-of-00001.parquet"])
    #expect(
      try files("hellaswag", "train", ["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet"])
        == ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"])
    #expect(try files("piqa", "train", ["piqa.py"]) == nil)
    let converted = ["plain_text/train/0000.parquet", "plain_text/partial-test/0000.parquet"]
    #expect(try files("piqa", "train", converted, "refs/convert/parquet") == ["plain_text/train/0000.parquet"])
    #expect(throws: FileError.self) { try files("hellaswag", "train", ["data/train-00001-of-00002.parquet"]) }
  }
}
