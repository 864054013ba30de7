import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// What one or several results folders hold: complete, failed and missing runs, and the configs.
package struct ReportedResults: Sendable {
  /// The form of a report as JSON.
  static let schema = "peft-bench.report/1"

  /// The folders or files, as the user named them.
  package let paths: [String]
  /// The experiment's name; the folder's where no config says.
  package private(set) var name = ""
  /// The complete runs by suite, model, dataset, method and seed.
  package private(set) var runs: [ReportedRun] = []
  /// The runs that failed, in the same order.
  package private(set) var failures: [FailedRun] = []
  /// The runs that a plan has and that are neither complete nor failed.
  package private(set) var missing: [MissingRun] = []
  /// Whether every folder says which runs are planned, so that nothing else counts as missing.
  package private(set) var isPlanned = true
  /// The resolved configs.
  package private(set) var configurations: [JSONValue] = []
  /// What readers of the numbers must know about how they were put together.
  package private(set) var notes: [String] = []
  /// What is wrong with the first value of `--only` that no run has; nil where all of them are there.
  private(set) var onlyComplaint: String?
  /// The labels of methods and the names of datasets in the order of the configs.
  private(set) var methodOrder: [String] = []
  private(set) var datasetOrder: [String] = []

  /// Reads results.
  ///
  /// - Parameters:
  ///   - paths: Results folders, or JSON files as `report --format json` and `run --json` print them.
  ///   - only: Keep what matches all of these (`dataset`, `method`, `seed`, `model`, `suite`).
  ///   - readsMarks: Whether to look into the predictions for the rows that were right.
  /// - Throws: `InputError` for what is not a results folder, and for a report that cannot be read. A damaged record is
  ///   no error: its run is missing.
  package init(_ paths: [String], only: [(key: String, value: String)] = [], readsMarks: Bool = true) throws {
    try self.init(paths, only: only, readsMarks: readsMarks, locks: nil)
  }

  /// Reads results; `locks` are those of the folder where this process has them open, which it may do but once.
  init(_ paths: [String], only: [(key: String, value: String)] = [], readsMarks: Bool = true, locks: RunLocks?) throws {
    self.paths = paths
    var names: [String] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw FileError(path: path, "there is no such results folder or file")
      }
      names.append(isFolder.boolValue ? try addFolder(path, readsMarks: readsMarks, locks: locks) : try addFile(path))
    }
    name = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
    keep(only)
    tellContentsApart()
    removeDuplicates()
    mergeModelNames()
    // One folder may have what another one lacks.
    let complete = Set(runs.map(\.id))
    var known = complete
    failures = failures.filter { known.insert($0.id).inserted }
    var places = Set(runs.map(\.place) + failures.map(\.place))
    missing = missing.filter { run in
      !(run.id.map(complete.contains) ?? false) && places.insert(run.place).inserted
    }
    sort()
  }

  /// The same results with another score as the headline.
  ///
  /// - Throws: `FileError` naming the scores that there are, where no run has one of that name.
  package func headlined(by metric: String) throws(FileError) -> ReportedResults {
    var results = self
    results.runs = runs.compactMap { $0.headlined(by: metric) }
    guard !results.runs.isEmpty || runs.isEmpty else {
      let names = Set(runs.flatMap { $0.scores.map(\.name) }).sorted()
      let nearest = NearestName.of(metric, among: names).map { "; did you mean \"\($0)\"?" } ?? "."
      throw FileError(
        path: paths.joined(separator: ", "),
        "no run has a score \"\(metric)\"\(nearest) The records have \(names.joined(separator: ", "))")
    }
    let lost = Set(runs.map(\.dataset)).subtracting(results.runs.map(\.dataset)).sorted()
    if !lost.isEmpty { results.notes.append("Without a score \(metric), so left out: \(lost.joined(separator: ", "))") }
    return results
  }

  /// The same results with PSCP by other exponents or by the paper's constants, from the costs that were measured.
  package func penalized(beta: PSCP.Exponents?, preset: PSCP.Preset?) -> ReportedResults {
    var results = self
    for index in results.runs.indices {
      results.runs[index].penalties = results.runs[index].penalized(beta: beta, preset: preset)
    }
    return results
  }

  private mutating func addFolder(_ path: String, readsMarks: Bool, locks: RunLocks?) throws -> String {
    let folder = ResultsFolder(path: path)
    let ids = ((try? FileManager.default.contentsOfDirectory(atPath: path + "/runs")) ?? []).sorted()
    guard FileManager.default.fileExists(atPath: path + "/runs") else {
      throw FileError(path: path, "is not a results folder: expected runs/<id>/record.json in it")
    }
    var found: [ReportedRun] = []
    var damaged: [(id: String, reason: String)] = []
    var incomplete: [String] = []
    for id in ids {
      switch folder.recordState(of: id) {
      case .absent: incomplete.append(id)
      case .damaged(let reason): damaged.append((id, reason))
      // Nothing makes such a run anew, so that it is neither failed nor missing.
      case .refused(let reason): notes.append("Left out: \(reason)")
      case .complete(let record):
        let place = folder.folder(of: id)
        var run = try ReportedRun(record.json, folder: place, source: "\(place)/\(ResultsFolder.recordName)")
        if readsMarks { readPredictions("\(place)/predictions.jsonl", of: &run) }
        found.append(run)
      }
    }
    runs += found
    let plan = try addPlan(of: folder, suite: found.first?.suite, locks: locks)
    failures += failures(in: folder, ids: incomplete, of: plan)
    missing += plan.missing
    let planned = Set(plan.entries.compactMap(\.id))
    notes += damaged.filter { !planned.contains($0.id) }.map { "Left out: \($0.reason)" }
    return plan.name
  }

  /// Takes from a run's predictions which rows were right; a note says where they are damaged, or say something else than
  /// the record.
  private mutating func readPredictions(_ path: String, of run: inout ReportedRun) {
    do {
      run.marks = try AnswerMarks(predictions: path)
      if let marks = run.marks, let differences = run.differences(from: marks) {
        notes.append("\(run) (\(run.id)): \(differences); the record's score counts, and no row of the file does")
        run.marks = nil
        return
      }
      run.baseline = try run.baseline.completed(byPredictions: path, isShare: run.isScoredByRow)
    } catch {
      notes.append("Which rows were right is unknown: \(error)")
    }
  }

  private mutating func addFile(_ path: String) throws -> String {
    let (document, text) = try JSONParser.parse(file: path)
    isPlanned = false
    let list: [DocumentValue]
    switch document["schema"]?.string {
    case Self.schema?: list = document["runs"]?.array ?? []
    case RunRecord.schema?: list = [document]
    case let schema? where Self.isNewer(schema):
      throw DocumentError(
        "a newer version of peft-bench wrote this report (\(schema)); this one reads \(Self.schema)",
        at: document["schema"]?.offset ?? document.offset, of: text)
    default:
      guard let records = document.array else {
        throw DocumentError(
          "expected a report as `report --format json` writes it, or records as `run --json` prints them",
          at: document.offset, of: text)
      }
      list = records
    }
    for value in list { runs.append(try ReportedRun(JSONValue(value), folder: nil, source: path)) }
    failures += (document["failed"]?.array ?? []).map { FailedRun(reported: JSONValue($0)) }
    missing += (document["missing"]?.array ?? []).map { MissingRun(reported: JSONValue($0)) }
    return document["name"]?.string ?? FilePath.stem(of: path)
  }

  /// Whether a schema is that of reports of a later version.
  private static func isNewer(_ schema: String) -> Bool {
    func parts(_ schema: String) -> (name: Substring, version: Int)? {
      let parts = schema.split(separator: "/")
      return parts.count == 2 ? Int(parts[1]).map { (parts[0], $0) } : nil
    }
    guard let given = parts(schema), let own = parts(Self.schema) else { return false }
    return given.name == own.name && given.version > own.version
  }

  // MARK: - Plans

  /// What a folder says about the planned runs.
  private struct Plan {
    var name: String
    var suite: String
    var entries: [SweepPlan.Entry] = []
    /// The method's name in the registry by its label.
    var methodNames: [String: String] = [:]
    var missing: [MissingRun] = []
  }

  /// Takes the order of methods and datasets from a folder's config, and the runs that are yet to do from its plan, or
  /// from the config where there is no plan.
  private mutating func addPlan(of folder: ResultsFolder, suite: String?, locks: RunLocks?) throws -> Plan {
    var plan = Plan(name: FilePath.fullName(of: folder.path), suite: suite ?? "mini")
    plan.entries = SweepPlan(folder: folder.path).entries
    let hasPlan = !plan.entries.isEmpty
    let config = folder.path + "/" + ResultsFolder.configName
    if FileManager.default.fileExists(atPath: config) {
      do {
        try add(config, to: &plan)
      } catch let error as any InputError {
        let loss = hasPlan ? "what its methods are" : "which runs are missing"
        notes.append("The config does not tell \(loss): \(error)")
      }
    }
    if plan.entries.isEmpty { isPlanned = false }
    let states = SweepStatus(
      of: folder, entries: plan.entries, locks: locks ?? RunLocks(forLookingIn: folder.path)
    ).runs
    // Without ids, a complete run is known by its place.
    let complete = Set(runs.map(\.place))
    plan.missing = states.compactMap { run in
      let missing = MissingRun(
        id: run.id, suite: plan.suite, modelName: run.model, methodName: plan.methodNames[run.method] ?? run.method,
        label: run.method, dataset: run.dataset, seed: run.seed, state: run.state)
      return missing.flatMap { run.id == nil && complete.contains($0.place) ? nil : $0 }
    }
    return plan
  }

  private mutating func add(_ config: String, to plan: inout Plan) throws {
    let json = JSONValue(try JSONParser.parse(file: config).value)
    configurations.append(json)
    let suite = json.string("data.suite")
    if !suite.isEmpty { plan.suite = suite }
    let configuration = try RunConfiguration(
      ConfigFile.load(path: config, overrides: [], environment: [:]),
      isForNames: true)
    plan.name = configuration.name
    let datasets = try configuration.data.descriptions(from: configuration.file)
    for method in configuration.methods {
      plan.methodNames[method.label] = method.name
      if !methodOrder.contains(method.label) { methodOrder.append(method.label) }
    }
    for dataset in datasets where !datasetOrder.contains(dataset.id) { datasetOrder.append(dataset.id) }
    guard plan.entries.isEmpty else { return }
    plan.entries = SweepPlan(configuration.selection(datasets: datasets).all, known: [], possible: []).entries
  }

  /// The failures that are on disk, less those of runs that the folder's present plan does not have.
  private mutating func failures(in folder: ResultsFolder, ids: [String], of plan: Plan) -> [FailedRun] {
    var found: [FailedRun] = []
    var strays = 0
    for id in ids {
      guard let cause = folder.failure(of: id) else { continue }
      let entry = plan.entries.first { $0.id == id }
      let run = FailedRun(
        id: id, cause: cause, file: folder.folder(of: id) + "/" + ResultsFolder.failureName, entry: entry,
        suite: plan.suite, methodNames: plan.methodNames)
      guard !run.label.isEmpty, !run.dataset.isEmpty else {
        notes.append("The run \(id) failed, but neither its error nor a plan tells which one it is: \(cause)")
        continue
      }
      // Another process, or another machine whose runs were copied here, may know the id where this plan does not.
      let isPlanned =
        plan.entries.isEmpty || entry != nil || plan.entries.contains { $0.id == nil && $0.key == run.planKey }
      if isPlanned { found.append(run) } else { strays += 1 }
    }
    if strays > 0 {
      notes.append("\(NumberText.counted(strays, "failed run")) of earlier configs in \(folder.path) left out")
    }
    let places = Set(found.map(\.place))
    missing.removeAll { places.contains($0.place) }
    return found
  }

  private mutating func keep(_ only: [(key: String, value: String)]) {
    let filter = RunFilter(only)
    onlyComplaint = filter.complaint { key in
      let names = runs.flatMap { $0.names(under: key) } + failures.flatMap { $0.names(under: key) }
      return names + missing.flatMap { $0.names(under: key) }
    }
    runs.removeAll { !filter.keeps($0) }
    failures.removeAll { !filter.keeps($0) }
    missing.removeAll { !filter.keeps($0) }
  }

  /// Gives runs keys of their own that agree in all that keys are made of, but not in the rest of what decides their
  /// numbers, such as the tokenizer.
  private mutating func tellContentsApart() {
    var contents: [String: Set<String>] = [:]
    for run in runs { if let content = run.content { contents[run.key, default: []].insert(content) } }
    for index in runs.indices {
      guard let content = runs[index].content, contents[runs[index].key, default: []].count > 1 else { continue }
      runs[index].key += "-\(content)"
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
        (runs.count - kept.count == 1
          ? "1 run was there more than once; the last one counts"
          : "\(runs.count - kept.count) runs were there more than once; of each the last one counts")
          + (differing > 0 ? ". \(differing) of them \(differing == 1 ? "has" : "have") different scores" : ""))
    }
    runs = Array(kept.values)
  }

  /// Gives runs of one model, by the hash of its weights, the name that the last of them has.
  ///
  /// Names under which the same runs were done are kept apart, for then they are meant to tell something apart.
  private mutating func mergeModelNames() {
    for (hash, own) in Dictionary(grouping: runs.filter { !$0.modelHash.isEmpty }, by: \.modelHash)
      .sorted(by: { $0.key < $1.key })
    {
      let names = Set(own.map(\.modelName))
      guard names.count > 1 else { continue }
      let places = Dictionary(grouping: own) { run in
        [run.suite, run.label, run.dataset, "\(run.isZeroShot ? 0 : run.seed)"]
      }
      guard places.values.allSatisfy({ Set($0.map(\.modelName)).count == 1 }),
        let name = own.max(by: { ($0.finished, $0.id) < ($1.finished, $1.id) })?.modelName
      else { continue }
      for index in runs.indices where runs[index].modelHash == hash { runs[index].modelName = name }
      for index in failures.indices where failures[index].modelHash == hash { failures[index].modelName = name }
      // A missing run has a name alone; one that other weights have too tells nothing.
      let others = Set(runs.filter { $0.modelHash != hash }.map(\.modelName))
      for index in missing.indices where names.contains(missing[index].modelName) {
        if !others.contains(missing[index].modelName) { missing[index].modelName = name }
      }
      notes.append(
        "The model \(names.subtracting([name]).sorted().joined(separator: ", ")) has the same weights as \(name), by which "
          + "its runs are called")
    }
  }

  private mutating func sort() {
    let catalogue = (DatasetMetric.all + DatasetMetric.studies).map(\.dataset)
    // Datasets are ordered as in PEFT-Bench's main table, then come those of other studies and the user's own.
    datasetOrder = catalogue + datasetOrder.filter { !catalogue.contains($0) }
    let order = RunOrder(datasets: datasetOrder, methods: [MethodRegistry.baseName] + methodOrder)
    runs = order.sorted(runs, tie: \.key)
    failures = order.sorted(failures)
    missing = order.sorted(missing)
  }
}
