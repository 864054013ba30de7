import Foundation
import PEFTBench
import PEFTCore
import TableFiles
import Testing

@Suite("Finding and loading datasets")
struct DatasetLocatorTests {
  private static let sst2 = #"{"sentence": "good", "label": 1}"# + "\n" + #"{"sentence": "bad", "label": 0}"# + "\n"

  /// The paths below `root` of the files found for a part.
  private func found(_ dataset: String, _ part: DatasetPart, in root: String, cache: HubCache? = nil) throws -> [String]
  {
    let located = try DatasetLocator(root: root, cache: cache).locate(try TaskRows.dataset(dataset), part)
    return located.files.map { String($0.dropFirst(root.count + 1)) }
  }

  @Test(
    "Files are found in every known layout",
    arguments: [
      ("sst2", "sst2/train.jsonl"), ("sst2", "sst2/sst2/train.parquet"), ("sst2", "SST-2/train.tsv"),
      ("gsm8k", "gsm8k/data/train.csv"), ("gsm8k", "gsm8k/main/train-00000-of-00001.parquet"),
      ("gsm8k", "openai/gsm8k/main/train.json"), ("boolq", "BoolQ/train.jsonl"),
      ("sst2", "glue/sst2/train/0000.parquet"),
      ("mmlu", "mmlu/all/auxiliary_train-00000-of-00001.parquet"), ("apps", "apps/train.jsonl.gz"),
      ("conala", "conala/data/train-00000-of-00001-9a8b7c6d5e4f3a2b.parquet"),
    ])
  func layouts(_ dataset: String, _ path: String) throws {
    try TaskRows.withFolder([path: "x"]) { root in
      let files = try found(dataset, .training, in: root)
      #expect(files == [path])
    }
  }

  @Test("Publishers' other names of the validation split are known")
  func splitNames() throws {
    try TaskRows.withFolder(["MNLI/dev_mismatched.tsv": "", "MNLI/dev_matched.tsv": "", "BoolQ/val.jsonl": ""]) {
      root in
      let files = try found("mnli", .evaluation, in: root) + found("boolq", .evaluation, in: root)
      #expect(files == ["MNLI/dev_mismatched.tsv", "BoolQ/val.jsonl"])
    }
  }

  @Test("A fallback split is used with a note")
  func fallback() throws {
    try TaskRows.withFolder(["mnli/validation.jsonl": "", "gsm8k/validation.jsonl": "", "gsm8k/test.jsonl": ""]) {
      root in
      let located = try DatasetLocator(root: root, cache: nil).locate(try TaskRows.dataset("mnli"), .evaluation)
      #expect(located.split == "validation")
      #expect(located.note?.contains("there is no validation_mismatched") == true)
      #expect(try found("gsm8k", .evaluation, in: root) == ["gsm8k/test.jsonl"])
    }
  }

  @Test("Shards come in order, and a missing one is an error")
  func shards() throws {
    let names = (0..<12).map { "qqp/train-\(String(format: "%05d", $0))-of-00012.jsonl" }
    let files = Dictionary(uniqueKeysWithValues: names.map { ($0, "") })
    try TaskRows.withFolder(files) { root in
      #expect(try found("qqp", .training, in: root) == names)
      try FileManager.default.removeItem(atPath: root + "/" + names[3])
      let error = #expect(throws: FileError.self) { try found("qqp", .training, in: root) }
      #expect(error?.description.contains("11 of 12 shards") == true)
    }
  }

  @Test(
    "Files of two downloads of one split, and a gap between numbered files, are errors",
    arguments: [
      (["qqp/train-00000-of-00001.jsonl", "qqp/train-00000-of-00002.jsonl"], "in 1 and in 2 files"),
      (
        ["qqp/train-00000-of-00001-aa.jsonl", "qqp/train-00000-of-00001-bb.jsonl"],
        "train-00000-of-00001-aa.jsonl and train-00000-of-00001-bb.jsonl are both number 0 of 1"
      ), (["qqp/train/0000.parquet", "qqp/train/0002.parquet"], "number 1 is missing"),
    ])
  func mixedShards(_ names: [String], _ message: String) throws {
    try TaskRows.withFolder(Dictionary(uniqueKeysWithValues: names.map { ($0, "") })) { root in
      let error = #expect(throws: FileError.self) { try found("qqp", .training, in: root) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }

  @Test("The Hub's cache is looked through")
  func hubCache() throws {
    let commit = String(repeating: "a1", count: 20)
    let folder = "datasets--nyu-mll--glue"
    try TaskRows.withFolder([
      "\(folder)/refs/main": commit, "\(folder)/snapshots/\(commit)/rte/train-00000-of-00001.parquet": "",
    ]) { root in
      let files = try found("rte", .training, in: root, cache: HubCache(path: root))
      #expect(files == ["\(folder)/snapshots/\(commit)/rte/train-00000-of-00001.parquet"])
    }
  }

  @Test("A missing dataset says where it was looked for and what may be meant")
  func missing() throws {
    try TaskRows.withFolder(["winogrand/train.jsonl": ""]) { root in
      let error = #expect(throws: DatasetNotFound.self) { try found("winogrande", .training, in: root) }
      let text = try #require(error).description
      #expect(text.contains("looked in \(root)/winogrande/winogrande_xl, \(root)/winogrande, "))
      #expect(text.contains("did you mean the folder winogrand?"))
      #expect(text.contains("allenai/winogrande"))
    }
  }

  @Test("Rows come in the order of the file, up to the limit")
  func limit() throws {
    try TaskRows.withFolder(["sst2/train.jsonl": Self.sst2]) { root in
      let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
      let dataset = try TaskRows.dataset("sst2")
      #expect(try loader.load(dataset, .training).examples.map(\.answer) == ["positive", "negative"])
      #expect(try loader.load(dataset, .training, .first(1)).examples.map(\.answer) == ["positive"])
      #expect(try loader.rowCount(of: dataset, .training) == 2)
    }
  }

  @Test("A bad row is an error with its line, whatever came before")
  func badRow() throws {
    try TaskRows.withFolder(["sst2/train.jsonl": Self.sst2 + #"{"sentence": "x", "label": 9}"#]) { root in
      let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
      let error = #expect(throws: TableError.self) { try loader.load(try TaskRows.dataset("sst2"), .training) }
      #expect(error?.description.contains("train.jsonl:3") == true)
    }
  }

  @Test("Rows without a solution and repeated queries are left out and counted")
  func leftOut() throws {
    let apps = #"{"question": "a", "solutions": ""}"# + "\n" + #"{"question": "b", "solutions": "[\"b\"]"}"# + "\n"
    let query =
      #"{"passage": "p", "query": "q", "entities": ["x"], "answers": ["x"], "idx": {"passage": 1, "query": 2}}"#
    try TaskRows.withFolder(["apps/train.jsonl": apps, "record/train.jsonl": query + "\n" + query]) { root in
      let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
      let loaded = try loader.load(try TaskRows.dataset("apps"), .training)
      #expect(loaded.examples.map(\.answer) == ["b"])
      #expect(loaded.notes == ["apps: 1 rows without a solution are left out"])
      #expect(try loader.load(try TaskRows.dataset("record"), .training).examples.count == 1)
    }
  }

  @Test("The official TSV files load: CoLA without header, QQP with its broken lines, RTE with names for classes")
  func archives() throws {
    try TaskRows.withFolder([
      "CoLA/train.tsv": "gj04\t1\t\tThe cat sat.\ngj04\t0\t*\tCat the sat.\n",
      "QQP/train.tsv":
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tWhy \"x\"?\tHow?\t0\n4\t5\t6\tcut\n",
      "RTE/dev.tsv": "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n",
    ]) { root in
      let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
      let cola = try loader.load(try TaskRows.dataset("cola"), .training)
      #expect(cola.examples.map(\.answer) == ["acceptable", "unacceptable"])
      #expect(cola.examples.map { $0.fields[0].text } == ["The cat sat.", "Cat the sat."])
      let qqp = try loader.load(try TaskRows.dataset("qqp"), .training)
      #expect(qqp.examples.map { $0.fields[0].text } == ["Why \"x\"?"])
      #expect(qqp.notes.first?.contains("1 broken rows are left out") == true)
      #expect(try loader.load(try TaskRows.dataset("rte"), .evaluation).examples.map(\.answer) == ["not_entailment"])
    }
  }

  @Test("The validation part is a seeded share that keeps groups together")
  func holdingBack() throws {
    let examples = (0..<100).map { index in
      Example(fields: [.init(nil, "\(index)")], label: index % 2, of: ["no", "yes"], group: "\(index / 4)")
    }
    let stream = SeedStream(42).child("validation")
    let held = DatasetLoader.heldBack(0.1, of: examples, drawing: stream)
    #expect((10...13).contains(held.count))
    let groups = Set(held.map { examples[$0].group })
    #expect(examples.indices.allSatisfy { held.contains($0) == groups.contains(examples[$0].group) })
    #expect(DatasetLoader.heldBack(0.1, of: examples, drawing: stream) == held)
    #expect(DatasetLoader.heldBack(0.1, of: examples, drawing: SeedStream(1)) != held)
    #expect(DatasetLoader.heldBack(0, of: examples, drawing: stream).isEmpty)
    // Two rows of one group cannot be parted.
    #expect(DatasetLoader.heldBack(0.01, of: Array(examples.prefix(2)), drawing: stream).isEmpty)
  }

  @Test("A revision is looked for in the Hub's cache, and nowhere else")
  func revision() throws {
    let (main, other) = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
    let base = "hub/datasets--nyu-mll--glue"
    let files = [
      "data/sst2/train.jsonl": Self.sst2, "\(base)/refs/main": main, "\(base)/refs/fixed": other,
      "\(base)/snapshots/\(main)/sst2/train.jsonl": Self.sst2, "\(base)/snapshots/\(other)/sst2/train.jsonl": Self.sst2,
    ]
    try TaskRows.withFolder(files) { root in
      let sst2 = try TaskRows.dataset("sst2")
      func file(_ revision: String?) throws -> String? {
        try DatasetLocator(root: root + "/data", cache: HubCache(path: root + "/hub"), revision: revision)
          .locate(sst2, .training).files.first.map { String($0.dropFirst(root.count + 1)) }
      }
      #expect(try file(nil) == "data/sst2/train.jsonl")
      #expect(try file("fixed") == "\(base)/snapshots/\(other)/sst2/train.jsonl")
      #expect(try file(main) == "\(base)/snapshots/\(main)/sst2/train.jsonl")
      let error = #expect(throws: DatasetNotFound.self) { try file("nothing") }
      #expect(error?.description.contains("at the revision nothing in the Hub's cache") == true)
      #expect(error?.description.contains("data fetch sst2 --revision nothing") == true)
    }
  }
}
