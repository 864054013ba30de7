import PEFTBench
import PEFTCore
import PEFTMethods

/// The results of one suite, arranged by method and dataset.
package struct SuiteResults: Sendable {
  /// A method with its options on one model: a row of every table.
  package struct Method: Sendable {
    /// What reports call the model.
    package let modelName: String
    /// The SHA-256 of the model's weights.
    package let modelHash: String
    /// The method's name in the registry.
    package let name: String
    /// What the config calls the method with its options.
    package let label: String
    /// The label, with the model where there are several, and with what tells it from another of that label.
    package let title: String
    /// What tells it from another one of its label, in brackets; empty where the label is its own.
    let distinction: String
    /// What its runs depend on beside their settings, where runs of one label, dataset and seed differ in it; else empty.
    let contents: [RunContents.Distinction]
    /// Whether it is the base model's own answer.
    package var isZeroShot: Bool { !MethodRegistry.trains(name) }
  }

  /// The runs of one method on one dataset, a seed each.
  package struct Cell: Sendable {
    /// Complete runs by seed.
    package internal(set) var runs: [ReportedRun] = []
    /// Seeds whose run failed.
    package internal(set) var failedSeeds: [Int] = []
    /// Seeds whose run is not there, though another method, another dataset or the config has it.
    package internal(set) var missingSeeds: [Int] = []

    /// The headline scores by seed.
    package var values: [Double] { runs.map(\.value) }
    /// Mean and spread of the headline score over the seeds that are there; nil without any.
    package var summary: Summary? { runs.isEmpty ? nil : Summary(values) }

    func run(seed: Int) -> ReportedRun? { runs.first { $0.seed == seed } }
  }

  /// `mini`, `full` or `own`.
  package let suite: String
  /// What tells these evaluation rows from those of other runs of the suite; empty where there are no others.
  package let rowsName: String
  /// Tells the parts of a suite apart where its runs used several sets of evaluation rows; 0 for the first.
  let part: Int
  /// The models, in the order of their names.
  package let modelNames: [String]
  /// The methods: rows of every table.
  package let methods: [Method]
  /// The datasets, in the order of PEFT-Bench's main table.
  package let datasets: [String]
  /// The headline score of each dataset; several names where runs differ.
  package let metrics: [String]
  /// By method, then by dataset.
  package let cells: [[Cell]]
  /// The datasets that every trained method has with at least one common seed: what methods are compared on.
  package let sharedDatasets: [Int]
  /// The seeds that every trained method has on a dataset, by dataset; empty where they share none.
  package let sharedSeeds: [[Int]]
  /// The seeds whose runs the comparison is made of, whichever the dataset.
  package var comparedSeeds: [Int] { Set(sharedSeeds.joined()).sorted() }
  /// All seeds.
  package let seeds: [Int]
  /// The complete runs.
  package let runs: [ReportedRun]
  /// What must be known of runs that share a label, a dataset and a seed.
  let contentNotes: [String]
  /// The methods of the runs by the runs' keys.
  private let owners: [String: Int]
  /// The runs that failed, in the same order.
  package let failures: [FailedRun]
  /// The runs that a plan has and that are not there.
  package let missing: [MissingRun]

  /// What people read of the suite: `mini suite`, `own data`, `mini suite, 16 rows`.
  package var suiteTitle: String {
    DataConfiguration.Suite.title(of: [suite]) + (rowsName.isEmpty ? "" : ", \(rowsName)")
  }

  /// Arranges the results of one suite: a part for each set of evaluation rows and each way of scoring a dataset, so that
  /// nothing is compared across them.
  ///
  /// Failed and missing runs, whose rows are not known, are in the part whose runs ended last.
  static func parts(_ suite: String, of results: ReportedResults) -> [SuiteResults] {
    let runs = results.runs.filter { $0.suite == suite }
    let rows = RowSets(runs, .evaluation)
    let groups = rows.names.indices.map { group in zip(runs, rows.assignment).filter { $0.1 == group }.map(\.0) }
    func ended(_ group: Int) -> String { groups[group].map(\.finished).max() ?? "" }
    let last = groups.indices.max { (ended($0), $1) < (ended($1), $0) }
    return groups.indices.map { group in
      SuiteResults(
        suite, rowsName: rows.names[group], part: group, runs: groups[group], hasOthers: group == last, of: results)
    }
  }

  private init(
    _ suite: String, rowsName: String, part: Int, runs: [ReportedRun], hasOthers: Bool, of results: ReportedResults
  ) {
    (self.suite, self.rowsName, self.part) = (suite, rowsName, part)
    let failures = hasOthers ? results.failures.filter { $0.suite == suite } : []
    let missing = hasOthers ? results.missing.filter { $0.suite == suite } : []
    self.failures = failures
    self.missing = missing
    let models = Self.models(of: runs, failures: failures, missing: missing)
    modelNames = Self.unique(models.map { $0[0] })
    let (methods, assignment, contentNotes) = Self.methods(
      of: runs, models: models, order: results.methodOrder, failures: failures, missing: missing)
    let kept = zip(runs, assignment).filter { $0.1 != nil }.map(\.0)
    self.runs = kept
    self.contentNotes = contentNotes
    owners = Dictionary(
      zip(runs, assignment).compactMap { run, method in method.map { (run.key, $0) } },
      uniquingKeysWith: { first, _ in first })
    let datasets = Self.unique(
      results.datasetOrder.filter { name in
        runs.contains { $0.dataset == name } || failures.contains { $0.dataset == name }
          || missing.contains { $0.dataset == name }
      } + runs.map(\.dataset) + failures.map(\.dataset) + missing.map(\.dataset))
    seeds = Set(runs.filter { !$0.isZeroShot }.map(\.seed)).sorted()

    var cells = methods.map { _ in datasets.map { _ in Cell() } }
    let datasetIndex = Dictionary(uniqueKeysWithValues: datasets.enumerated().map { ($0.element, $0.offset) })
    for (run, method) in zip(runs, assignment) {
      if let method, let dataset = datasetIndex[run.dataset] { cells[method][dataset].runs.append(run) }
    }
    for failure in failures {
      guard let dataset = datasetIndex[failure.dataset], let method = Self.method(of: failure, among: methods) else {
        continue
      }
      cells[method][dataset].failedSeeds.append(failure.seed)
    }
    for method in methods.indices {
      for dataset in datasets.indices {
        cells[method][dataset].runs.sort { $0.seed < $1.seed }
        cells[method][dataset].missingSeeds = Self.missingSeeds(
          cells, method: method, dataset: dataset, methods: methods, name: datasets[dataset], planned: missing,
          infersOthers: !results.isPlanned)
      }
    }
    let hasSeedsOnce = cells.allSatisfy { $0.allSatisfy { Set($0.runs.map(\.seed)).count == $0.runs.count } }
    precondition(hasSeedsOnce, "SuiteResults: two runs of one method, dataset and seed")
    self.methods = methods
    self.datasets = datasets
    self.cells = cells
    metrics = datasets.map { name in
      Self.unique(kept.filter { $0.dataset == name }.map(\.metric)).joined(separator: ", ")
    }

    // A method without any complete run shares nothing and would leave nothing to compare.
    let trained = methods.indices.filter { method in
      !methods[method].isZeroShot && cells[method].contains { !$0.runs.isEmpty }
    }
    let compared = trained.isEmpty ? Array(methods.indices) : trained
    let shared = datasets.indices.map { dataset -> [Int] in
      let seeds: [Set<Int>] = compared.map { Set(cells[$0][dataset].runs.map(\.seed)) }
      let common: Set<Int>? = seeds.dropFirst().reduce(seeds.first) { $0?.intersection($1) }
      return common?.sorted() ?? []
    }
    sharedSeeds = shared
    sharedDatasets = datasets.indices.filter { !shared[$0].isEmpty }
  }

  /// What the user should know about the rows that runs used, each thing once.
  var rowNotes: [String] { Self.unique(runs.flatMap(\.rowNotes)) }

  /// The runs of a method that a comparison uses on a dataset: those of the shared seeds; the base model's answers,
  /// which depend on no seed, stand for all of them.
  func sharedRuns(_ method: Int, _ dataset: Int) -> [ReportedRun] {
    let runs = cells[method][dataset].runs
    if methods[method].isZeroShot { return runs }
    return runs.filter { sharedSeeds[dataset].contains($0.seed) }
  }

  /// The majority's score or that of chance on a dataset, from any run that says it.
  func baseline(_ dataset: Int, _ value: (AnswerBaseline) -> Double?) -> Double? {
    cells.flatMap { $0[dataset].runs }.compactMap { value($0.baseline) }.first
  }

  /// What a run is called beside its dataset and its seed: its label, with what tells it from another one of that label.
  func label(of run: ReportedRun) -> String { run.label + (owners[run.key].map { methods[$0].distinction } ?? "") }

  /// What the run depends on beside its settings, in brackets, where runs of its label, dataset and seed differ in it;
  /// else empty.
  func contentName(of run: ReportedRun) -> String {
    RunContents.name(of: contents(of: run))
  }

  /// The same by its parts.
  func contents(of run: ReportedRun) -> [RunContents.Distinction] { owners[run.key].map { methods[$0].contents } ?? [] }

  /// The mean over the shared datasets of what one and the same answer to every row reaches; nil where that is not known
  /// of one of them, and where no dataset has a most frequent answer.
  var majority: Double? {
    let values = sharedDatasets.compactMap { dataset in
      cells.lazy.flatMap { $0[dataset].runs }.compactMap(\.constantScore).first
    }
    let hasMajority = sharedDatasets.contains { baseline($0, \.majority) != nil }
    return !hasMajority || values.count < sharedDatasets.count ? nil : Summary.mean(values)
  }

  /// The mean of a baseline over the shared datasets; nil where one of them has none.
  func baseline(_ value: (AnswerBaseline) -> Double?) -> Double? {
    let values = sharedDatasets.compactMap { baseline($0, value) }
    return values.isEmpty || values.count < sharedDatasets.count ? nil : Summary.mean(values)
  }

  /// Methods with a run on every shared dataset, so that their means can be set beside each other.
  var comparable: [Int] {
    methods.indices.filter { method in
      !sharedDatasets.isEmpty && sharedDatasets.allSatisfy { !sharedRuns(method, $0).isEmpty }
    }
  }

  // MARK: - Arranging

  /// The seeds that the plan has; without a plan, those that the method has elsewhere or that others have here.
  private static func missingSeeds(
    _ cells: [[Cell]], method: Int, dataset: Int, methods: [Method], name: String, planned: [MissingRun],
    infersOthers: Bool
  ) -> [Int] {
    let cell = cells[method][dataset]
    let there = Set(cell.runs.map(\.seed) + cell.failedSeeds)
    let wanted = planned.filter {
      $0.dataset == name && $0.label == methods[method].label && $0.modelName == methods[method].modelName
    }.map(\.seed)
    if methods[method].isZeroShot { return there.isEmpty && (infersOthers || !wanted.isEmpty) ? [0] : [] }
    guard infersOthers else { return Set(wanted).subtracting(there).sorted() }
    let others = methods.indices.filter { !methods[$0].isZeroShot }.flatMap { cells[$0][dataset].runs.map(\.seed) }
    let own = cells[method].flatMap { $0.runs.map(\.seed) }
    return Set(others + own + wanted).subtracting(there).sorted()
  }

  /// The values in the order in which they come, each once.
  static func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}
