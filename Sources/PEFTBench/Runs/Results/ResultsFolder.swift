import Foundation
import PEFTCore

/// A folder of results: the resolved config, the plan, and one folder a run.
///
/// A run's record.json is written last and appears by a rename, so its presence means that the run is complete.
/// Several processes may work on one folder at once (see `RunLocks`): only the holder of a run's lock writes to the
/// run's folder.
package struct ResultsFolder: Sendable {
  /// The folder.
  package let path: String

  /// Names a folder, which need not exist yet.
  package init(path: String) { self.path = path }

  /// The folder of one run.
  package func folder(of id: String) -> String { "\(path)/runs/\(id)" }

  /// Whether a run is complete: its record is there, and is a record of this run.
  package func isComplete(_ id: String) -> Bool {
    if case .complete = recordState(of: id) { true } else { false }
  }

  /// The record of a complete run.
  ///
  /// - Throws: `DocumentError` for a record that cannot be read.
  package func record(of id: String) throws -> RunRecord {
    try RunRecord.read("\(folder(of: id))/\(Self.recordName)", of: id)
  }

  /// The folder as one that this program writes, which it is without a marker too where its files show it.
  package var output: OutputFolder {
    OutputFolder(path, .results) { [self] in isOfOurs }
  }

  /// Whether what is in a folder without a marker is of this program: its config, its plan or its records.
  private var isOfOurs: Bool {
    let names = names(in: path)
    func value(_ name: String) -> DocumentValue? { try? JSONParser.parse(file: "\(path)/\(name)").value }
    if names.contains(Self.configName) {
      let config = value(Self.configName)
      return config?["methods"] != nil && (config?["model"] ?? config?["models"]) != nil
    }
    if names.contains(SweepPlan.fileName) { return value(SweepPlan.fileName)?["runs"]?.array != nil }
    if names.contains(RunLocks.fileName) { return true }
    return names == ["runs"]
      && self.names(in: path + "/runs").contains { id in
        value("runs/\(id)/record.json")?["schema"]?.string?.hasPrefix("peft-bench.run/") == true
      }
  }

  /// Makes the folder, and refuses one that holds something else or cannot be written to.
  package func prepare() throws {
    try output.claim()
    try AtomicFile.makeFolder(path + "/runs")
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw FileError(path: path, "the results folder cannot be written to")
    }
  }

  /// Writes the config and the plan, and sweeps away what killed writers of them left.
  func announce(_ configuration: RunConfiguration, plan: SweepPlan, locks: RunLocks) throws {
    try locks.withFolderLock {
      // Whoever writes one of these has the lock.
      let ours = [Self.configName, SweepPlan.fileName] + Self.reportNames
      for name in names(in: path) where ours.contains(where: { AtomicFile.isLeftover(name, of: $0) }) {
        try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
      }
      try AtomicFile.write(configuration.resolvedJSON.prettyText, to: "\(path)/\(Self.configName)")
      try AtomicFile.write(plan.merged(with: SweepPlan(folder: path)).text, to: "\(path)/\(SweepPlan.fileName)")
    }
  }

  /// Whether a file is one that a sweep needs, or lies among its runs: nothing else may be written there.
  ///
  /// - Parameter path: The file, which need not exist.
  package static func isReserved(_ path: String) -> Bool {
    let file = URL(filePath: path).standardizedFileURL
    let ours = [configName, SweepPlan.fileName, RunLocks.fileName, OutputFolder.markerName]
    func isResultsFolder(_ folder: URL) -> Bool {
      FileManager.default.fileExists(atPath: folder.appending(path: "runs").path)
        && ours.contains { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }
    }
    var folder = file.deletingLastPathComponent()
    if (ours + ["runs"]).contains(file.lastPathComponent), isResultsFolder(folder) { return true }
    while folder.pathComponents.count > 1 {
      let parent = folder.deletingLastPathComponent()
      if folder.lastPathComponent == "runs", isResultsFolder(parent) { return true }
      folder = parent
    }
    return false
  }

  /// The reports that a sweep leaves in its folder: as CSV, JSON, HTML and Markdown.
  package static let reportNames = ["summary.csv", "leaderboard.json", "report.html", "report.md"]

  package static let configName = "config.json"
  /// Where a run in progress keeps what it needs to resume after a kill.
  static let checkpointName = "checkpoint"
  package static let failureName = "error.json"
  /// The failure of an earlier attempt at a run that was begun again since.
  private static let retriedName = "error-before.json"

  /// Makes the run's folder, and removes what an earlier attempt left there but its checkpoint and damaged records.
  ///
  /// - Returns: What became of a damaged record, in words; nil without one.
  /// - Throws: `FileError` where the folder cannot be written to.
  @discardableResult func begin(_ id: String, fresh: Bool) throws -> String? {
    let folder = folder(of: id)
    var note: String?
    if case .damaged(let reason) = recordState(of: id) {
      note = "\(reason); the run is done again, and the file is kept as \(try putRecordAside(of: id))"
    }
    // The record goes first: while it is there, the run counts as complete.
    try? FileManager.default.removeItem(atPath: "\(folder)/\(Self.recordName)")
    // The failure is kept until the run is complete: --retry-failed comes back to what was stopped in between.
    if !fresh { rename("\(folder)/\(Self.failureName)", "\(folder)/\(Self.retriedName)") }
    for name in names(in: folder)
    where (![Self.checkpointName, Self.retriedName].contains(name) || fresh) && !AtomicFile.isPutAside(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    let checkpoint = "\(folder)/\(Self.checkpointName)"
    for name in names(in: checkpoint) where AtomicFile.isLeftover(name) {
      try? FileManager.default.removeItem(atPath: "\(checkpoint)/\(name)")
    }
    try AtomicFile.makeFolder(folder)
    return note
  }

  /// Removes what a complete run needs no more.
  func tidy(_ id: String) {
    let folder = folder(of: id)
    for name in names(in: folder) where Self.isPassing(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  /// Whether a process that was killed just after the record left anything in the run's folder.
  func isUntidy(_ id: String) -> Bool { names(in: folder(of: id)).contains(where: Self.isPassing) }

  /// Only what this program writes besides a run's results: files that someone put there stay.
  private static func isPassing(_ name: String) -> Bool {
    [checkpointName, failureName, retriedName, RunProgress.fileName].contains(name) || AtomicFile.isLeftover(name)
  }

  private func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  // MARK: - Failures

  /// Keeps why a run of a config with these data failed, with the members by which a record identifies the run.
  func fail(_ run: SweepRun, data: DataConfiguration, cause: String, seconds: Double) throws {
    let planned = run.planned
    var report: JSONValue = [
      "id": JSONValue(run.id), "suite": JSONValue(data.suite(of: planned.dataset).rawValue),
      "model": ["name": JSONValue(planned.model.name), "sha256": JSONValue(run.modelHash)],
      "method": ["name": JSONValue(planned.method.name), "label": JSONValue(planned.method.label)],
      "dataset": JSONValue(planned.dataset.id), "seed": JSONValue(planned.seed),
      "error": JSONValue(VisibleText.shortened(cause)),
      "seconds": JSONValue(seconds), "failed": JSONValue(Date().formatted(.iso8601)),
    ]
    let strategy = planned.training.strategy
    if !planned.isZeroShot, strategy != .standard || planned.trains { report["strategy"] = JSONValue(strategy.label) }
    let folder = folder(of: run.id)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try AtomicFile.write(report.prettyText, to: "\(folder)/\(Self.failureName)")
    for name in [RunProgress.fileName, Self.retriedName] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  /// Whether the last attempt at a run that came to an end failed.
  func hasFailed(_ id: String) -> Bool {
    [Self.failureName, Self.retriedName].contains {
      FileManager.default.fileExists(atPath: "\(folder(of: id))/\($0)")
    }
  }

  /// Why a run failed; nil if it did not.
  package func failure(of id: String) -> String? {
    let path = "\(folder(of: id))/\(Self.failureName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let value = try? JSONParser.parse(file: path, limit: DocumentText.largestDescription).value
    return value?["error"]?.string ?? "for a reason that cannot be read in \(path)"
  }

  /// What tells a failure from a later one of the same run; nil if it did not fail.
  func failureMark(of id: String) -> [Int]? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder(of: id))/\(Self.failureName)")
    guard let attributes, let date = attributes[.modificationDate] as? Date else { return nil }
    return [Int(date.timeIntervalSince1970 * 1e6), attributes[.systemFileNumber] as? Int ?? 0]
  }

  // MARK: - Reading

  /// What to say of complete runs that an earlier engine made: their ids are not those of today, so that a sweep does
  /// such runs again.
  ///
  /// - Parameter ids: The runs of the sweep, which are not looked at.
  func noteOfEarlierEngines(besides ids: Set<String>) -> String? {
    let others = names(in: path + "/runs").filter { !ids.contains($0) }
    let engines = others.compactMap { (try? record(of: $0))?.engine }.filter { $0 < RunIdentity.engine }
    guard let oldest = engines.min() else { return nil }
    let runs = NumberText.counted(engines.count, "run")
    let which = oldest == engines.max() ? "engine \(oldest)" : "engines \(oldest) to \(engines.max() ?? oldest)"
    return "\(path) holds \(runs) of \(which), from before peft-bench \(Version.current) with engine "
      + "\(RunIdentity.engine), which gives other numbers or covers more by its ids; what this config asks for is done "
      + "again beside them, and report and compare still read them"
  }

  /// What to say of interrupted trainings that no run of a sweep resumes; nil without any.
  ///
  /// - Parameter ids: The runs of the sweep.
  func noteOfInterrupted(besides ids: Set<String>) -> String? {
    let left = names(in: path + "/runs").filter { id in
      // A complete run seldom has one, so few records are read.
      !ids.contains(id) && FileManager.default.fileExists(atPath: "\(folder(of: id))/\(Self.checkpointName)")
        && !isComplete(id)
    }.sorted()
    guard let first = left.first else { return nil }
    let others = left.count > 1 ? " and \(left.count - 1) more" : ""
    return
      "\(path) holds \(NumberText.counted(left.count, "run")) that \(left.count == 1 ? "was" : "were") interrupted "
      + "and that this sweep does not resume, of other settings, other data or another engine: runs/\(first)\(others)"
  }

  /// The records of complete runs, and why others cannot be used, both sorted by id.
  package func records() -> (complete: [RunRecord], unusable: [(id: String, reason: String)]) {
    var complete: [RunRecord] = []
    var unusable: [(id: String, reason: String)] = []
    for id in names(in: path + "/runs").sorted() {
      switch recordState(of: id) {
      case .absent: break
      case .complete(let record): complete.append(record)
      case .damaged(let reason), .refused(let reason): unusable.append((id, reason))
      }
    }
    return (complete, unusable)
  }
}
