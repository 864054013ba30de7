import PEFTBench
import PEFTMethods

/// Where a run is in tables, whatever its id.
struct RunPlace: Hashable {
  let suite: String
  let modelName: String
  let label: String
  let dataset: String
  /// 0 for the base model's own answers, which depend on no seed.
  let seed: Int
}

/// A run that has a place in tables: complete, failed, or missing.
protocol PlacedRun: FilteredRun {
  var suite: String { get }
  var modelName: String { get }
  var methodName: String { get }
  var label: String { get }
  var dataset: String { get }
  var seed: Int { get }
}

extension ReportedRun: PlacedRun {}

extension PlacedRun {
  var place: RunPlace {
    RunPlace(
      suite: suite, modelName: modelName, label: label, dataset: dataset,
      seed: MethodRegistry.trains(methodName) ? seed : 0)
  }

  package func names(under key: String) -> [String] {
    switch key {
    case "dataset": [dataset]
    case "method": [label, methodName]
    case "seed": [String(seed)]
    case "suite": [suite]
    default: [modelName]
    }
  }
}

/// The order of runs in tables: suite, model, dataset, method, seed.
struct RunOrder {
  /// One part of a place in a sorted list.
  enum Key: Comparable {
    case number(Int)
    case text(String)
  }

  private let datasets: [String: Int]
  private let methods: [String: Int]

  /// An order in which the named datasets and methods come first, as they are listed.
  init(datasets: [String], methods: [String]) {
    func order(_ names: [String]) -> [String: Int] {
      Dictionary(names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
    self.datasets = order(datasets)
    self.methods = order(methods)
  }

  /// The runs in this order; those of one place by what `tie` says of them.
  func sorted<Run: PlacedRun>(_ runs: [Run], tie: (Run) -> String = { _ in "" }) -> [Run] {
    runs.map { (key(of: $0) + [.text(tie($0))], $0) }.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
  }

  private func key(of run: some PlacedRun) -> [Key] {
    [
      .text(run.suite), .text(run.modelName), .number(datasets[run.dataset] ?? .max), .text(run.dataset),
      .number(methods[run.label] ?? .max), .text(run.label), .number(run.seed),
    ]
  }
}
