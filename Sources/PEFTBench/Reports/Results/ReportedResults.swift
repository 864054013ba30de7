import Foundation
import PEFTCore

/// A run that was tried and failed.
public struct FailedRun: Sendable, Equatable {
  /// The run's id.
  public let id: String
  /// `mini` or `full`.
  public let suite: String
  /// The SHA-256 of the model's weights.
  public let modelHash: String
  /// The method's name in the registry.
  public let methodName: String
  /// What reports call the method; the method's name where the error does not tell.
  public let label: String
  /// The dataset's name.
  public let dataset: String
  /// The seed.
  public let seed: Int
  /// What went wrong.
  public let error: String
}

/// A run that a config asks for and that is neither complete nor failed.
public struct MissingRun: Sendable, Equatable {
  /// `mini` or `full`.
  public let suite: String
  /// What reports call the model.
  public let modelName: String
  /// What reports call the method with its options.
  public let label: String
  /// The dataset's name.
  public let dataset: String
  /// The seed.
  public let seed: Int
}

/// What one or several results folders hold: complete, failed and missing runs, and the configs.
public struct ReportedResults: Sendable {
  /// The folders or files, as the user named them.
  public let paths: [String]
  /// The experiment's name; the folder's where no config tells.
  public private(set) var name = ""
  /// The complete runs by suite, model, dataset, method and seed.
  public private(set) var runs: [ReportedRun] = []
  /// The runs that failed, in the same order.
  public private(set) var failures: [FailedRun] = []
  /// The runs that a config asks for and that are not there.
  public private(set) var missing: [MissingRun] = []
  /// The resolved configs.
  public private(set) var configurations: [JSONValue] = []
  /// What readers of the numbers must know about how they were put together.
  public private(set) var notes: [String] = []
  /// The labels of methods and the names of datasets in the order of the configs.
  private(set) var methodOrder: [String] = []
  private(set) var datasetOrder: [String] = []

  /// Reads results.
  ///
  /// - Parameters:
  ///   - paths: Results folders, or JSON files as `report --format json` and `run --json` print them.
  ///   - only: Keep what matches all of these (`dataset`, `method`, `seed`, `model`, `suite`).
  ///   - readsMarks: Whether to look into the predictions for the rows that were right.
  /// - Throws: `InputError` for what is no results folder, and for a record that cannot be read.
  public init(_ paths: [String], only: [(key: String, value: String)] = [], readsMarks: Bool = true) throws {
    self.paths = paths
    var names: [String] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw FileError(path: path, "there is no such results folder or file")
      }
      names.append(isFolder.boolValue ? try addFolder(path, readsMarks: readsMarks) : try addFile(path))
    }
    name = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
    keep(only)
    removeDuplicates()
    // A run that failed once and is complete by now did not fail.
    let complete = Set(runs.map(\.id))
    failures.removeAll { complete.contains($0.id) }
    let places = Set(runs.map { [$0.suite, $0.modelName, $0.label, $0.dataset, String($0.seed)] })
    missing.removeAll { places.contains([$0.suite, $0.modelName, $0.label, $0.dataset, String($0.seed)]) }
    sort()
  }

  private mutating func addFolder(_ path: String, readsMarks: Bool) throws -> String {
    let folder = ResultsFolder(path: path)
    let ids = ((try? FileManager.default.contentsOfDirectory(atPath: path + "/runs")) ?? []).sorted()
    guard FileManager.default.fileExists(atPath: path + "/runs") else {
      throw FileError(path: path, "is no results folder: expected runs/<id>/record.json in it")
    }
    for id in ids {
      let place = folder.folder(of: id)
      if folder.isComplete(id) {
        var run = try ReportedRun(
          RunRecord.read(place + "/record.json").json, folder: place, source: place + "/record.json")
        if readsMarks { run.marks = try AnswerMarks(predictions: place + "/predictions.jsonl") }
        runs.append(run)
      } else if FileManager.default.fileExists(atPath: place + "/error.json") {
        failures.append(try Self.failure(place + "/error.json", id: id))
      }
    }
    var name = URL(filePath: path).standardizedFileURL.lastPathComponent
    if FileManager.default.fileExists(atPath: path + "/config.json") {
      name = try addConfiguration(path + "/config.json") ?? name
    }
    return name
  }

  private mutating func addFile(_ path: String) throws -> String {
    let text = DocumentText(name: path, bytes: try MemoryMappedFile(path: path).contents)
    let document = try JSONParser.parse(text)
    let list: [DocumentValue]
    switch document["schema"]?.string {
    case JSONReport.schema?: list = document["runs"]?.array ?? []
    case RunRecord.schema?: list = [document]
    default:
      guard let records = document.array else {
        throw DocumentError(
          "expected a report as `report --format json` writes it, or records as `run --json` prints them",
          at: document.offset, of: text)
      }
      list = records
    }
    for value in list { runs.append(try ReportedRun(JSONValue(value), folder: nil, source: path)) }
    for value in document["failed"]?.array ?? [] {
      let json = RunRecord(json: JSONValue(value))
      failures.append(
        FailedRun(
          id: json.string("id"), suite: json.string("suite"), modelHash: json.string("model_sha256"),
          methodName: json.string("method"), label: json.string("label"), dataset: json.string("dataset"),
          seed: json.number("seed").flatMap { Int(exactly: $0) } ?? 0, error: json.string("error")))
    }
    return document["name"]?.string ?? URL(filePath: path).deletingPathExtension().lastPathComponent
  }

  private static func failure(_ path: String, id: String) throws -> FailedRun {
    let text = DocumentText(name: path, bytes: try MemoryMappedFile(path: path).contents)
    let json = RunRecord(json: JSONValue(try JSONParser.parse(text)))
    let method = json.string("identity.method.name")
    let label = json.string("label").isEmpty ? json.string("identity.method.label") : json.string("label")
    return FailedRun(
      id: id, suite: json.string("identity.suite"), modelHash: json.string("identity.model.sha256"),
      methodName: method, label: label.isEmpty ? method : label, dataset: json.string("identity.dataset.id"),
      seed: json.number("identity.seed").flatMap { Int(exactly: $0) } ?? 0, error: json.string("error"))
  }

  /// Takes from a config which runs are missing; returns the experiment's name.
  private mutating func addConfiguration(_ path: String) throws -> String? {
    do {
      let json = JSONValue(
        try JSONParser.parse(DocumentText(name: path, bytes: try MemoryMappedFile(path: path).contents)))
      configurations.append(json)
      let configuration = try RunConfiguration(ConfigFile.load(path: path, overrides: [], environment: [:]))
      let datasets = try configuration.data.descriptions(from: configuration.file)
      for method in configuration.methods where !methodOrder.contains(method.label) { methodOrder.append(method.label) }
      for dataset in datasets where !datasetOrder.contains(dataset.id) { datasetOrder.append(dataset.id) }
      let suite = configuration.data.suite.rawValue
      func place(_ model: String, _ label: String, _ dataset: String, _ seed: Int) -> String {
        "\(suite)\n\(model)\n\(label)\n\(dataset)\n\(seed)"
      }
      var there = Set(runs.map { place($0.modelName, $0.label, $0.dataset, $0.seed) })
      // An error does not name the model as reports do, so it counts for all models of its hash.
      for failure in failures {
        for model in configuration.models.map(\.name) {
          // The base model's answers depend on no seed, and their identity has none.
          for seed in failure.methodName == "none" ? configuration.seeds : [failure.seed] {
            there.insert(place(model, failure.label, failure.dataset, seed))
          }
        }
      }
      for run in configuration.selection(datasets: datasets).all
      where !there.contains(place(run.model.name, run.method.label, run.dataset.id, run.seed)) {
        missing.append(
          MissingRun(
            suite: suite, modelName: run.model.name, label: run.method.label, dataset: run.dataset.id, seed: run.seed))
      }
      return configuration.name
    } catch let error as any InputError {
      notes.append("The config does not tell which runs are missing: \(error)")
      return nil
    }
  }

  private mutating func keep(_ only: [(key: String, value: String)]) {
    for (key, value) in only {
      runs.removeAll { run in
        switch key {
        case "dataset": run.dataset != value
        case "method": run.label != value && run.methodName != value
        case "seed": String(run.seed) != value
        case "suite": run.suite != value
        default: run.modelName != value
        }
      }
      failures.removeAll { run in
        switch key {
        case "dataset": run.dataset != value
        case "method": run.label != value && run.methodName != value
        case "seed": String(run.seed) != value
        case "suite": run.suite != value
        default: false
        }
      }
      missing.removeAll { run in
        switch key {
        case "dataset": run.dataset != value
        case "method": run.label != value
        case "seed": String(run.seed) != value
        case "suite": run.suite != value
        default: run.modelName != value
        }
      }
    }
  }

  /// Of runs with the same numbers to expect, the one that ended last stays.
  private mutating func removeDuplicates() {
    var kept: [String: ReportedRun] = [:]
    var differing = 0
    for run in runs {
      guard let other = kept[run.key] else {
        kept[run.key] = run
        continue
      }
      if other.value != run.value { differing += 1 }
      if (other.finished, other.id) < (run.finished, run.id) { kept[run.key] = run }
    }
    if kept.count < runs.count {
      notes.append(
        "\(runs.count - kept.count) runs were there more than once; of each the last one counts"
          + (differing > 0 ? ". \(differing) of them have different scores" : ""))
    }
    runs = Array(kept.values)
  }

  private mutating func sort() {
    let catalogue = DatasetMetric.all.map(\.dataset)
    func order(_ names: [String]) -> [String: Int] {
      Dictionary(names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
    // Datasets stand as in PEFT-Bench's main table, the user's own behind them.
    let own = datasetOrder.filter { !catalogue.contains($0) }
    let datasets = order(catalogue + own)
    let methods = order(["none"] + methodOrder)
    func place(_ suite: String, _ model: String, _ dataset: String, _ label: String, _ seed: Int) -> [SortKey] {
      [
        .text(suite), .text(model), .number(datasets[dataset] ?? .max), .text(dataset), .number(methods[label] ?? .max),
        .text(label), .number(seed),
      ]
    }
    runs = runs.map { (place($0.suite, $0.modelName, $0.dataset, $0.label, $0.seed) + [.text($0.key)], $0) }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    failures = failures.map { (place($0.suite, $0.modelHash, $0.dataset, $0.label, $0.seed), $0) }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    missing = missing.map { (place($0.suite, $0.modelName, $0.dataset, $0.label, $0.seed), $0) }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    datasetOrder = catalogue + own
  }
}

/// One part of a place in a sorted list.
private enum SortKey: Comparable {
  case number(Int)
  case text(String)
}
