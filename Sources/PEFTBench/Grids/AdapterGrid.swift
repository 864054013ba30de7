import Foundation
import PEFTCore
import PEFTMethods

/// Goes from a folder of trained adapters to the table that says whether what is made of them is as good as they are.
///
/// Runs that differ in their dataset alone belong together. Of every set of them, what the grid makes is judged on the
/// training rows that each run held back, one candidate is chosen by the mean of these scores, and it alone, with the own
/// adapters, is judged on evaluation rows. The model is loaded once.
package final class AdapterGrid {
  /// What is made of the adapters.
  package enum Plan: Sendable {
    /// Combinations of the adapters of as many tasks as the expression names.
    case combinations(CombinationGrid)
    /// Compressions of each.
    case compressions(CompressionGrid)

    /// How many tasks one choice is about.
    var taskCount: Int { if case .combinations(let grid) = self { grid.taskCount } else { 1 } }
  }

  /// One trained adapter.
  struct Member {
    let run: PlannedRun
    let id: String
    let folder: String
  }

  /// One choice that is to be made.
  package struct Problem {
    let members: [Member]
    let plan: Plan
    /// The share that is kept, of a compression.
    let share: Double?

    /// What progress calls it: `sst2 + mnli`.
    package var title: String {
      let names = members.map(\.run.dataset.id).joined(separator: " + ")
      return share.map { "\(names), \(NumberText.percent($0)) % kept" } ?? names
    }
  }

  private let configuration: RunConfiguration
  private let results: ResultsFolder
  private let context: ComputeContext
  private let cancellation: CancellationFlag
  private let heldOutLimit: Int?
  private let assembly: RunAssembly
  private var judge: (model: ModelConfiguration, judge: AdapterJudge)?

  /// - Parameters:
  ///   - configuration: The config of the results folder.
  ///   - results: The folder.
  ///   - context: Memory and threads.
  ///   - heldOutLimit: Most held-out rows of a task; all unless given.
  ///   - cancellation: The request to stop.
  ///   - note: Called with what the user should know.
  package init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext, heldOutLimit: Int? = nil,
    cancellation: CancellationFlag, note: @escaping (String) -> Void
  ) {
    (self.configuration, self.results, self.context) = (configuration, results, context)
    (self.heldOutLimit, self.cancellation) = (heldOutLimit, cancellation)
    assembly = RunAssembly(configuration, context: context, note: note)
  }

  // MARK: - What is to be done

  /// All choices that a plan has to make among complete runs.
  ///
  /// - Parameters:
  ///   - plan: What is made of the adapters.
  ///   - runs: The runs whose adapters count; those that are not complete are left out.
  ///   - sets: The datasets of each set, where not all sets of one size are wanted.
  /// - Throws: An `InputError` for a set that cannot be put together, or where nothing is left to do.
  package func problems(of plan: Plan, among runs: [PlannedRun], sets: [[String]] = []) throws -> [Problem] {
    var groups: [(key: String, members: [Member])] = []
    for run in runs where run.trains {
      guard let id = try assembly.identity(of: run)?.id, results.isComplete(id) else { continue }
      let folder = "\(results.folder(of: id))/adapter"
      guard FileManager.default.fileExists(atPath: folder) else { continue }
      let member = Member(run: run, id: id, folder: folder)
      let key = "\(run.model.name)\n\(run.method.label)\n\(run.seed)"
      if let place = groups.firstIndex(where: { $0.key == key }) {
        groups[place].members.append(member)
      } else {
        groups.append((key, [member]))
      }
    }
    let problems = try groups.flatMap { group in
      try Self.sets(of: plan.taskCount, among: group.members, named: sets).flatMap { members in
        switch plan {
        case .combinations: [Problem(members: members, plan: plan, share: nil)]
        case .compressions(let grid): grid.shares.map { Problem(members: members, plan: plan, share: $0) }
        }
      }
    }
    guard !problems.isEmpty else {
      throw FileError(
        path: results.path,
        plan.taskCount == 1
          ? "has no complete run with an adapter that matches"
          : "has no \(plan.taskCount) complete runs of different datasets with the same method, model and seed")
    }
    return problems
  }

  /// The sets of members that are wanted.
  private static func sets(
    of count: Int, among members: [Member], named sets: [[String]]
  ) throws(FileError) -> [[Member]] {
    guard !sets.isEmpty else { return combinations(of: count, among: members) }
    var result: [[Member]] = []
    for names in sets {
      guard names.count == count else {
        throw FileError(
          path: names.joined(separator: "+"), "expected \(count) datasets, as many as the expression has adapters")
      }
      let found = names.compactMap { name in members.first { $0.run.dataset.id == name } }
      guard found.count == count else {
        let missing = names.first { name in !members.contains { $0.run.dataset.id == name } } ?? ""
        let known = members.map(\.run.dataset.id)
        let guess = NearestName.of(missing, among: known).map { "; did you mean \($0)?" } ?? ""
        throw FileError(
          path: names.joined(separator: "+"),
          "there is no complete run of \(missing) with \(members.first?.run.method.label ?? "this method")\(guess)")
      }
      result.append(found)
    }
    return result
  }

  private static func combinations(of count: Int, among members: [Member]) -> [[Member]] {
    guard count > 0 else { return [[]] }
    return members.indices.flatMap { index in
      combinations(of: count - 1, among: Array(members[(index + 1)...])).map { [members[index]] + $0 }
    }
  }

  // MARK: - Doing it

  /// Makes a choice, or reads what an earlier call came to.
  ///
  /// - Returns: The record, and whether it is new.
  /// - Throws: `Interruption`; an `InputError` for adapters or rows that do not fit.
  package func solve(_ problem: Problem) throws -> (record: GridRecord, isNew: Bool) {
    let scene = try GridScene(problem, judge: judge(of: problem.members[0].run.model), assembly, heldOutLimit)
    let path = GridRecord.path(of: scene.id, in: results.path)
    if let record = GridRecord.read(path), record.id == scene.id { return (record, false) }
    let record = try scene.record()
    try AtomicFile.makeFolder("\(results.path)/\(GridRecord.folderName)")
    try AtomicFile.write(record.json.prettyText + "\n", to: path)
    return (record, true)
  }

  private func judge(of model: ModelConfiguration) throws -> AdapterJudge {
    if let judge, judge.model == model { return judge.judge }
    judge = nil
    context.pool.trim()
    let loaded = try LoadedModel(try assembly.outline(of: model), context: context)
    let new = AdapterJudge(
      loaded, evaluation: configuration.evaluation, context: context, check: { try self.cancellation.check() })
    judge = (model, new)
    return new
  }
}
