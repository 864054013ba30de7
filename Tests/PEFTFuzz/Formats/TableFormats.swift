import Foundation
import PEFTBench
import PEFTCore
import TableFiles

/// Reads a table's first rows, as much as one looks at before trusting it.
private func readRows(_ path: String) throws {
  let table = try TableFile.open(path: path)
  for column in table.columns { _ = table.classLabels(of: column) }
  let rows = try table.rows()
  var count = 0
  while count < 2000, let row = try rows.next() {
    count += 1
    _ = row.values.reduce(0) { $0 + ($1.string?.utf8.count ?? 1) }
  }
}

/// Parquet files of all encodings and codecs that are read.
struct ParquetFormat: FuzzedFormat {
  static let name = "parquet"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    samples = try corpus.files(in: "Tests/Fixtures/parquet", suffix: ".parquet").map {
      Sample("train.parquet", try corpus.bytes($0), .parquet)
    }
  }

  func read(_ sample: Sample, in folder: String) throws { try readRows(folder + "/" + sample.main) }
}

/// The same files, whose pages are damaged after checksums and lengths that fit the damage.
struct ParquetPagesFormat: FuzzedFormat {
  static let name = "parquet-pages"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    samples = try corpus.files(in: "Tests/Fixtures/parquet", suffix: ".parquet").compactMap {
      let bytes = try corpus.bytes($0)
      return ParquetPages(bytes) == nil ? nil : Sample("train.parquet", bytes, .parquetPages)
    }
  }

  func read(_ sample: Sample, in folder: String) throws { try readRows(folder + "/" + sample.main) }
}

/// Tables of text, plain and compressed.
struct TextTableFormat: FuzzedFormat {
  static let name = "tables"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let lines =
      "{\"sentence\": \"a \\u00e9 film\", \"label\": 1, \"idx\": 0}\n{\"sentence\": \"b\", \"label\": 0, \"idx\": [1, {}]}\n"
    let list = "[{\"a\": \"x\", \"b\": 1.5}, {\"a\": \"y\", \"b\": null}]"
    let comma = "id,question,answer\n1,\"What, \"\"this\"\"?\",yes\r\n2,\"two\nlines\",no\n"
    let tab = "index\tsentence\tlabel\n0\tit \"works\t1\n1\tit does not\t0\n"
    let pieces = ["\"\"\"", "\n", "\t", ",", "\u{FEFF}", "\r", "\"\n"]
    samples =
      [
        Sample("train.jsonl", lines, pieces: pieces), Sample("train.json", list, pieces: pieces),
        Sample("train.csv", comma, pieces: pieces), Sample("train.tsv", tab, pieces: pieces),
      ]
      + (try ["rows.jsonl.gz", "rows-1.jsonl.zst", "rows-19.jsonl.zst"].map {
        Sample($0, try corpus.bytes("Tests/Fixtures/parquet/\($0)"), .bytes)
      })
  }

  func read(_ sample: Sample, in folder: String) throws { try readRows(folder + "/" + sample.main) }
}

/// Rows of the datasets of the catalogue, on their way to becoming examples.
struct DatasetRowsFormat: FuzzedFormat {
  static let name = "dataset-rows"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    samples = try DatasetCatalogue.all.map { dataset in
      Sample(
        "\(dataset.id)/validation.jsonl", try corpus.lines("datasets/mini/\(dataset.id)/validation.jsonl", 2),
        .text(pieces: ["\"label\": 7,", "\"idx\": {},", "\"choices\": [],", "\\ud800"]))
    }
  }

  func read(_ sample: Sample, in folder: String) throws {
    guard let id = sample.main.split(separator: "/").first, let dataset = DatasetCatalogue.dataset(String(id)) else {
      return
    }
    let loaded = try DatasetLoader(locator: DatasetLocator(root: folder, cache: nil)).load(dataset, .evaluation)
    let answers = loaded.examples.map { $0.scored($0.answer) }
    for kind in [ScoringProtocol.strict, .peftBench] { _ = try dataset.metric.score(answers, under: kind) }
  }
}

/// A dataset_info.json of PEFT-Bench or LLaMA-Factory.
struct DatasetInfoFormat: FuzzedFormat {
  static let name = "dataset_info.json"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let text = """
      {"sst2": {"hf_hub_url": "nyu-mll/glue", "subset": "sst2", "instruction": "Say positive or negative.",
        "columns": {"prompt": "sentence", "response": "label"}},
       "sst2_eval": {"split": "validation", "instruction": "", "columns": {"prompt": "sentence", "query": "idx", "response": "label"}}}
      """
    samples = [
      Sample([
        .init(
          name: "dataset_info.json", bytes: Array(text.utf8),
          mutation: .text(pieces: ["\"columns\": {},", "\"x\": 1,"])),
        .init(
          name: "sst2/validation.jsonl", bytes: try corpus.lines("datasets/mini/sst2/validation.jsonl", 2),
          mutation: nil
        ),
      ])
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    let info = try DatasetInfo(path: folder + "/" + sample.main)
    guard let dataset = DatasetCatalogue.dataset("sst2") else { return }
    _ = try DatasetLoader(locator: DatasetLocator(root: folder, cache: nil), datasetInfo: info).load(
      dataset, .evaluation)
  }
}
