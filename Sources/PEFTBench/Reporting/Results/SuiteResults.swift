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
    let contents: String
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
    guard let method = owners[run.key], !methods[method].contents.isEmpty else { return "" }
    return " (\(methods[method].contents))"
  }

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

  /// The models of complete runs by name and hash, and those that have nothing but failed or missing runs.
  private static func models(of runs: [ReportedRun], failures: [FailedRun], missing: [MissingRun]) -> [[String]] {
    var models = unique(runs.map { [$0.modelName, $0.modelHash] })
    for failure in failures where !models.contains(where: { isModel($0, of: failure) }) {
      models.append([failure.modelName, failure.modelHash])
    }
    for run in missing where !models.contains(where: { $0[0] == run.modelName }) { models.append([run.modelName, ""]) }
    return models
  }

  /// Whether a model, by name and hash, is that of a failed run, whose error may not tell the hash.
  private static func isModel(_ model: [String], of failure: FailedRun) -> Bool {
    model[0] == failure.modelName && (failure.modelHash.isEmpty || model[1].isEmpty || model[1] == failure.modelHash)
  }

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

  private static func method(of failure: FailedRun, among methods: [Method]) -> Int? {
    methods.firstIndex { $0.label == failure.label && isModel([$0.modelName, $0.modelHash], of: failure) }
  }

  /// One method for each model and label; more where one label stands for unlike runs, so that nothing unlike is averaged.
  ///
  /// A run that nothing tells from a later one has no method.
  private static func methods(
    of runs: [ReportedRun], models: [[String]], order: [String], failures: [FailedRun], missing: [MissingRun]
  ) -> (methods: [Method], assignment: [Int?], notes: [String]) {
    // Training on other rows is another setting.
    let rows = RowSets(runs, .training)
    var groups: [[String]: [Int]] = [:]
    for (index, run) in runs.enumerated() {
      groups[[run.modelName, run.modelHash, run.label], default: []].append(index)
    }
    let labels = unique(
      [MethodRegistry.baseName] + order + runs.map(\.label) + failures.map(\.label) + missing.map(\.label))
    let names = unique(models.map { $0[0] })
    var methods: [Method] = []
    var assignment = [Int?](repeating: nil, count: runs.count)
    var notes: [String] = []
    for model in models {
      // Two files of one name are told apart by their hashes.
      let isAmbiguous = models.count { $0[0] == model[0] } > 1
      let modelTitle = isAmbiguous ? "\(model[0]) [\(model[1].prefix(6))]" : model[0]
      let prefix = names.count > 1 || isAmbiguous ? "\(modelTitle) · " : ""
      for label in labels {
        guard let members = groups[[model[0], model[1], label]] else {
          // A method may have nothing but failed or missing runs.
          let name =
            failures.first { $0.label == label && isModel(model, of: $0) }?.methodName
            ?? missing.first { $0.label == label && $0.modelName == model[0] }?.methodName
          if let name {
            methods.append(
              Method(
                modelName: model[0], modelHash: model[1], name: name, label: label,
                title: prefix + ShortLabel.of(label),
                distinction: "", contents: ""))
          }
          continue
        }
        let variants = Dictionary(grouping: members) { [runs[$0].settings.compactText, "\(rows.assignment[$0])"] }
          .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        for (number, variant) in variants.enumerated() {
          let split = ContentSplit(variant, of: runs)
          notes += split.superseded.map { note(runs[$0.run], replacedBy: runs[$0.by]) }
          let settings = variants.count > 1 ? distinctions(of: variant, among: variants, runs, rows: rows) : []
          for group in split.groups {
            for index in group.members { assignment[index] = methods.count }
            var parts = settings + (group.name.isEmpty ? [] : [group.name])
            if parts.isEmpty, variants.count > 1 { parts = ["\(number + 1)"] }
            let distinction = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
            methods.append(
              Method(
                modelName: model[0], modelHash: model[1], name: runs[variant[0]].methodName, label: label,
                title: prefix + ShortLabel.of(label) + distinction, distinction: distinction,
                contents: group.name))
          }
        }
      }
    }
    return (methods, assignment, notes)
  }

  /// What is said of a run that is left out for a later one, with both scores.
  private static func note(_ run: ReportedRun, replacedBy later: ReportedRun) -> String {
    "Two runs of \(run) differ in what their records do not tell: \(NumberText.percent(later.value)), which ended last, "
      + "counts, and \(NumberText.percent(run.value)) is left out (\(run.id))."
  }

  /// What tells a variant from the others of its label: `lr=1e-3`, `16 training rows`.
  private static func distinctions(
    of variant: [Int], among variants: [[Int]], _ runs: [ReportedRun], rows: RowSets
  ) -> [String] {
    func flat(_ run: ReportedRun) -> [(key: String, value: String)] {
      run.flatSettings.map { ($0.key, $0.value.compactText) }
    }
    let own = flat(runs[variant[0]])
    let all = variants.map { flat(runs[$0[0]]) }
    let differing = own.filter { key, value in
      all.contains { other in !other.contains { $0.key == key && $0.value == value } }
    }
    var parts = differing.map { ShortLabel.of($0.key, $0.value.replacing("\"", with: "")) }
    if Set(variants.map { rows.assignment[$0[0]] }).count > 1 { parts.append(rows.names[rows.assignment[variant[0]]]) }
    return parts
  }

  private static func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}

extension SuiteResults {
  /// What tables and sentences call a method: its title, and of the model's own answers that it is that.
  package func title(_ method: Int) -> String {
    let title = methods[method].title
    return methods[method].isZeroShot && title == MethodRegistry.baseName ? "\(title) (zero-shot)" : title
  }
}
