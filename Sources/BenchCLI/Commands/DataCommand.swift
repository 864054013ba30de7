import PEFTBench
import PEFTCore
import TableFiles

/// `data …`: what is on disk, what the model is shown of it, and how it gets there.
enum DataCommand {
  static let root = OptionSpec(
    long: "root", valueName: "DIR", help: "The folder of the datasets; the config's, else datasets/full.")
  static let config = OptionSpec(
    long: "config", short: "c", valueName: "FILE",
    help: "A config whose datasets, folder and model are used unless an option says otherwise.")

  static let cat = Command(
    name: "data cat", summary: "Print any readable table as JSONL.",
    discussion: ["Reads JSONL, JSON, CSV, TSV and Parquet, chosen by content; gzip and Zstandard around them too."],
    positionals: [PositionalSpec(name: "FILE", help: "The table.")],
    options: [
      OptionSpec(long: "columns", valueName: "A,B", help: "Only these columns."),
      OptionSpec(long: "limit", valueName: "N", help: "Only the first N rows."),
    ],
    examples: [
      .init(line: "peft-bench data cat train.parquet --limit 5", meaning: "The first rows."),
      .init(line: "peft-bench data cat train.parquet --columns premise,label", meaning: "Two columns."),
    ],
    run: { arguments, console in
      let columns = arguments.value("columns").map { $0.split(separator: ",").map(String.init) }
      let table = try TableFile.open(path: arguments.positional("FILE") ?? "", columns: columns)
      var left = try arguments.integer("limit", in: 0...Int.max) ?? Int.max
      let rows = try table.rows()
      while left > 0, let row = try rows.next() {
        left -= 1
        console.print(line: JSONValue(DocumentValue(.object(row.object))))
      }
      return .done
    })

  static let status = Command(
    name: "data status", summary: "Which datasets are where, their rows, and how to get the missing ones.",
    discussion: [
      "Looks in the folder of the datasets and in the Hub's cache, as a run does. A row count is that of the files; "
        + "a run may leave out a few rows and then says so. The rows of each label follow after the datasets, which "
        + "takes reading all files.",
      "With --baselines, shows what the label words of each task can be guessed by without understanding: always the most "
        + "frequent one, and a logistic regression on the words of the fields (of an option, where options are given), both "
        + "fitted to training rows and scored by accuracy on evaluation rows. Of large datasets the first "
        + "\(SurfaceBaselines.maximumTraining) rows of each count.",
    ],
    options: [
      root, config,
      OptionSpec(
        long: "suite", valueName: "SUITE", choices: ["mini", "full"],
        help: "Whose folder to look in; full unless given, and mini with --baselines."),
      OptionSpec(long: "baselines", help: "Show how far labels can be guessed without understanding the text."), .json,
    ],
    examples: [
      .init(line: "peft-bench data status", meaning: "The full suite's folder and the Hub's cache."),
      .init(line: "peft-bench data status --baselines", meaning: "How far surface cues go in the mini suite."),
    ],
    run: { arguments, console in
      let place = try DataPlace(arguments)
      if let root = arguments.value("root"), !ReportCommand.isFolder(root) {
        console.warning("--root: there is no folder \(root), so that nothing is looked for but the Hub's cache")
      }
      if arguments.flag("baselines") { return try printBaselines(place, arguments, console) }
      let states = place.datasets.map { dataset in
        (
          dataset,
          dataset.parts.map { PartState(dataset, $0, loader: place.loader) }
            .filter { $0.part != .test || $0.split != nil || $0.error != nil }
        )
      }
      if arguments.flag("json") {
        console.print(json: .array(states.map { json(of: $0, parts: $1) }))
        return .done
      }
      let columns = states.map(\.1.count).max() ?? 0
      var table = TextTable(
        [.init(title: "dataset")]
          + DatasetPart.allCases.prefix(columns).flatMap {
            [TextTable.Column(title: $0.rawValue), TextTable.Column(title: "rows", isNumber: true)]
          } + [.init(title: "where")])
      for (dataset, parts) in states {
        let folders = parts.compactMap(\.files.first).map {
          String($0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.endIndex))
        }
        let command = hint(for: dataset, parts: parts)
        table.add(
          [dataset.id]
            + parts.flatMap { [$0.split ?? "missing", $0.rowCount.map { Format.count(Double($0)) } ?? ""] }
            + Array(repeating: "", count: 2 * (columns - parts.count))
            + [command ?? folders.last ?? ""])
      }
      table.print(to: console)
      printClasses(states, console)
      let complete = states.count { $0.1.allSatisfy { $0.rowCount != nil } }
      console.print("\(complete) of \(states.count) datasets are complete")
      for (dataset, parts) in states {
        for part in parts {
          if let note = part.note { console.note("note: \(note)") }
          if let error = part.error { console.warning("\(dataset.id): \(error)") }
        }
      }
      return .done
    })

  /// How many rows have each label, a line for each split.
  private static func printClasses(_ states: [(DatasetDescription, [PartState])], _ console: Console) {
    var table = TextTable([.init(title: "dataset"), .init(title: "split"), .init(title: "classes")])
    for (dataset, parts) in states {
      for part in parts {
        if let split = part.split, let classes = part.classes { table.add([dataset.id, split, classes.text]) }
      }
    }
    guard !table.rows.isEmpty else { return }
    console.print("")
    table.print(to: console)
    console.print("")
  }

  private static func json(of dataset: DatasetDescription, parts: [PartState]) -> JSONValue {
    var value: JSONValue = ["dataset": JSONValue(dataset.id), "group": JSONValue(dataset.group.rawValue)]
    for part in parts {
      value["\(part.part.rawValue)_split"] = JSONValue(part.split)
      value["\(part.part.rawValue)_rows"] = JSONValue(part.rowCount)
      value["\(part.part.rawValue)_files"] = JSONValue(part.files)
      value["\(part.part.rawValue)_classes"] = part.classes?.json
    }
    value["path"] = JSONValue(parts.last?.files.first)
    value["source"] = JSONValue(dataset.source?.repository)
    value["missing"] = JSONValue(parts.filter { $0.rowCount == nil }.map(\.part.rawValue))
    value["get"] = JSONValue(hint(for: dataset, parts: parts))
    value["notes"] = JSONValue(parts.compactMap(\.note))
    value["errors"] = JSONValue(parts.compactMap(\.error))
    return value
  }

  /// The command that gets what is missing.
  private static func hint(for dataset: DatasetDescription, parts: [PartState]) -> String? {
    guard dataset.source != nil, parts.contains(where: { $0.rowCount == nil && $0.error == nil }) else { return nil }
    return "\(ProgramFile.name) data fetch \(dataset.id)"
  }

  /// What is there of one part of a dataset.
  private struct PartState {
    let part: DatasetPart
    private(set) var split: String?
    private(set) var files: [String] = []
    private(set) var rowCount: Int?
    /// How many rows have each label; nil where answers are free text, or a row cannot be read.
    private(set) var classes: ClassCounts?
    private(set) var note: String?
    /// What is wrong with files that are there.
    private(set) var error: String?

    init(_ dataset: DatasetDescription, _ part: DatasetPart, loader: DatasetLoader) {
      self.part = part
      do {
        let located = try loader.locator.locate(dataset, part)
        (split, files, note) = (located.split, located.files, located.note)
        rowCount = try loader.rowCount(of: dataset, part)
        classes = try loader.classCounts(of: dataset, part)
      } catch is DatasetNotFound {
        // Nothing is wrong with what is not there.
      } catch {
        self.error = "\(error)"
      }
    }
  }
}

/// The datasets and their places that a command's arguments name.
struct DataPlace {
  /// Those that a config trains together stand for themselves.
  let datasets: [DatasetDescription]
  private let mixtures: [DatasetDescription]
  let loader: DatasetLoader
  let configuration: RunConfiguration?

  init(_ arguments: ParsedArguments) throws {
    configuration = try arguments.value("config").map { path in
      try RunConfiguration(try ConfigFile.load(path: path, environment: RunSession.environment))
    }
    let data = configuration?.data
    let info = arguments.value("dataset-info") ?? data?.datasetInfo
    let asked = arguments.value("suite").flatMap(DataConfiguration.Suite.init)
    let suite = asked ?? data?.suite ?? (arguments.flag("baselines") ? .mini : .full)
    let all = suite == .mini ? DatasetCatalogue.all : DatasetCatalogue.everything
    let described = try configuration.map { try $0.data.descriptions(from: $0.file) } ?? all
    mixtures = described.filter { $0.mixture != nil }
    datasets = described.flatMap(\.members).reduce(into: []) { known, dataset in
      if !known.contains(where: { $0.id == dataset.id }) { known.append(dataset) }
    }
    let root = arguments.value("root") ?? (asked == nil ? data?.folder : nil) ?? suite.defaultRoot
    loader = DatasetLoader(
      locator: DatasetLocator(root: root, suite: suite, revision: data?.revision),
      datasetInfo: try info.map { try DatasetInfo(path: $0) }, nulls: data?.nulls ?? .empty)
  }

  /// The dataset called `name`: one of the config's, or of the catalogue.
  func dataset(_ name: String) throws -> DatasetDescription {
    try (datasets + mixtures).first { $0.id == name } ?? DatasetCatalogue.known(name)
  }
}
