import Foundation
import PEFTBench
import PEFTCore

extension DataCommand {
  static let importing = Command(
    name: "data import", summary: "Turn a dataset's published files into JSONL with the Hub's columns.",
    discussion: [
      "SOURCE is a file (JSONL, JSON, CSV, TSV, Parquet; gzip or Zstandard around it) or a folder with the files of the "
        + "splits, such as an unpacked archive of GLUE or SuperGLUE. Writes DIR/NAME/<split>.jsonl. A row that the "
        + "dataset's reader cannot use is left out, and the report says why."
    ],
    positionals: [PositionalSpec(name: "SOURCE", help: "A file or a folder.", isRepeated: true)],
    options: [
      OptionSpec(
        long: "dataset", valueName: "NAME", isRequired: true,
        help: "Which dataset of the catalogue it is, or one that --config describes."),
      config,
      OptionSpec(long: "to", valueName: "DIR", help: "The folder of the datasets; datasets/full unless given."),
      OptionSpec(
        long: "split", valueName: "SPLIT",
        choices: [
          "train", "validation", "test", "auxiliary_train", "validation_matched", "validation_mismatched",
        ], help: "Which split the files are; taken from their names unless given."),
      .json,
    ],
    examples: [
      .init(line: "peft-bench data import glue_data/SST-2 --dataset sst2 --to data", meaning: "An official archive."),
      .init(
        line: "peft-bench data import a.csv b.csv --dataset mnli --to data --split train",
        meaning: "Two shards of one split."),
    ],
    run: { arguments, console in
      let name = try arguments.required("dataset")
      let place = try DataPlace(arguments)
      let dataset = try place.dataset(name)
      let folder = arguments.value("to") ?? DataConfiguration.Suite.full.defaultRoot
      let reports = try DatasetImport(dataset, to: folder, nulls: place.loader.nulls).run(
        arguments.positionals("SOURCE"), split: arguments.value("split"))
      if arguments.flag("json") {
        console.print(json: ["dataset": JSONValue(name), "splits": .array(reports.map(\.json))])
        return .done
      }
      for report in reports {
        let lost = report.dropped.reduce(0) { $0 + $1.count }
        console.print(
          "\(report.path): \(Format.count(Double(report.writtenCount))) rows written of "
            + "\(Format.count(Double(report.readCount))) read, \(Format.count(Double(lost))) left out")
        for reason in report.dropped {
          console.print(
            Console.harmless("  \(Format.count(Double(reason.count))) × \(reason.reason) (first: \(reason.first))"))
        }
      }
      return .done
    })

  static let fetch = Command(
    name: "data fetch", summary: "Fetch datasets from the Hugging Face Hub.",
    discussion: [
      "Puts the files of the splits into the Hub's cache, where runs look for them, and with --to also into a folder "
        + "of datasets. An interrupted transfer resumes where it stopped; large files are checked by their SHA-256. "
        + "HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE count as for the Hub's own tools. The program "
        + "curl does the transfer."
    ],
    positionals: [
      PositionalSpec(name: "DATASET", help: "Datasets, groups such as glue, or all.", isRepeated: true)
    ],
    options: [
      OptionSpec(long: "to", valueName: "DIR", help: "A folder of datasets that gets the files too."),
      OptionSpec(long: "revision", valueName: "R", help: "A branch, tag or commit; main unless given."), .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench data fetch sst2", meaning: "Into the Hub's cache."),
      .init(line: "peft-bench data fetch glue superglue --to data", meaning: "Two groups, and a copy in data."),
    ],
    run: { arguments, console in
      var datasets: [DatasetDescription] = []
      for name in arguments.positionals("DATASET") {
        for dataset in try DatasetCatalogue.datasets(named: name)
        where !datasets.contains(where: { $0.id == dataset.id }) {
          datasets.append(dataset)
        }
      }
      let fetch = DatasetFetch(HubDownloader())
      var json: [JSONValue] = []
      for dataset in datasets {
        let transfer = TransferLine(dataset.id, console: console)
        defer { transfer.finish() }
        let parts = try fetch.fetch(
          dataset, revision: arguments.value("revision"), to: arguments.value("to"), progress: transfer.update)
        transfer.finish()
        for part in parts {
          json.append([
            "dataset": JSONValue(dataset.id), "part": JSONValue(part.part.rawValue), "split": JSONValue(part.split),
            "files": JSONValue(part.files),
          ])
          guard !arguments.flag("json") else { continue }
          for file in part.files { console.print("\(dataset.id)  \(part.split)  \(file)") }
        }
      }
      if arguments.flag("json") { console.print(json: .array(json)) }
      return .done
    })
}

/// The live line of a transfer.
final class TransferLine {
  private let title: String
  private let console: Console
  private var shown = -Double.infinity
  /// Least seconds between two pictures of it.
  private static let interval = 0.1

  init(_ title: String, console: Console) {
    self.title = title
    self.console = console
  }

  func update(_ file: String, _ bytes: Int, _ total: Int?) {
    let now = ProcessInfo.processInfo.systemUptime
    guard now - shown >= Self.interval else { return }
    shown = now
    let whole = total.map { " of \(Format.bytes(Double($0)))" } ?? ""
    console.setLiveLine(
      TextTable.fitted(
        "fetch \(title)  \(file)  \(Format.bytes(Double(bytes)))\(whole)", columns: console.diagnosticTraits.width - 1))
  }

  func finish() { console.clearLive() }
}
