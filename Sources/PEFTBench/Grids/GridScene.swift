import Dispatch
import PEFTCore
import PEFTMethods

/// One choice in the making: its adapters, its rows, and the id that stands for all of it.
struct GridScene {
  /// One task.
  private struct Task {
    let member: AdapterGrid.Member
    let file: AdapterFile
    /// Rows to choose on; nil where the run held none back.
    let heldOut: AdapterJudge.Question?
    let evaluation: AdapterJudge.Question
  }

  /// The id.
  let id: String
  private let problem: AdapterGrid.Problem
  private let judge: AdapterJudge
  private let tasks: [Task]
  private let candidates: [[GridValue]]

  /// - Parameters:
  ///   - problem: What is to be chosen.
  ///   - judge: Judges adapters on the model.
  ///   - assembly: Has the tasks' rows.
  ///   - heldOutLimit: Most held-out rows of a task; all unless given.
  /// - Throws: An `InputError` for adapters or rows that cannot be read, and where there are no rows to choose on.
  init(
    _ problem: AdapterGrid.Problem, judge: AdapterJudge, _ assembly: RunAssembly, _ heldOutLimit: Int?
  ) throws {
    (self.problem, self.judge) = (problem, judge)
    let outline = judge.model.outline
    switch problem.plan {
    case .combinations(let grid): candidates = GridAxis.combinations(of: grid.axes)
    case .compressions(let grid): candidates = grid.alphas.map { [GridValue(name: "alpha", value: $0)] }
    }
    let candidates = candidates
    tasks = try problem.members.map { member in
      let run = member.run
      let data = try assembly.data(of: run)
      let held = try assembly.heldOutRows(of: run, limit: heldOutLimit)
      guard held != nil || candidates.count == 1 else {
        throw FileError(
          path: run.title,
          "held no training rows back, so that there is nothing to choose on: train with validation_fraction: 0.1")
      }
      func question(_ rows: ScoredRows) -> AdapterJudge.Question {
        .init(dataset: run.dataset, rows: rows, answerLimit: data.answerLimit)
      }
      return Task(
        member: member, file: try AdapterFile.open(member.folder), heldOut: held.map(question),
        evaluation: question(data.scored))
    }
    guard let model = outline.identity else { throw FileError(path: outline.configuration.path, "has no weights") }
    id = RunIdentity.hash(
      of: try Self.identity(problem, tasks, candidates, model, assembly.configuration.evaluation), digits: 16)
  }

  /// All that the numbers depend on; of combinations of what adapters gained also what these started from.
  private static func identity(
    _ problem: AdapterGrid.Problem, _ tasks: [Task], _ candidates: [[GridValue]], _ model: ModelIdentity,
    _ evaluation: EvaluationConfiguration
  ) throws -> JSONValue {
    var readsOrigins = false
    if case .combinations(let grid) = problem.plan { readsOrigins = grid.readsOrigins }
    return [
      "schema": JSONValue(GridRecord.schema), "engine": JSONValue(RunIdentity.engine), "model": model.json,
      "recipe": Self.recipe(of: problem),
      "tasks": .array(
        try tasks.map { task in
          var json: JSONValue = [
            "run": JSONValue(task.member.id), "adapter": JSONValue(task.file.valueHash),
            "dataset": JSONValue(task.member.run.dataset.id),
            "evaluation": evaluation.canonical(for: task.member.run.dataset),
            "rows": JSONValue([task.heldOut?.rows.sha256 ?? "", task.evaluation.rows.sha256]),
          ]
          if readsOrigins { json["origin"] = JSONValue(try AdapterFile.originHash(of: task.member.folder)) }
          return json
        }),
      "candidates": .array(
        candidates.map { .object(JSONObject(distinct: $0.map { ($0.name, JSONValue($0.value)) })) }),
    ]
  }

  private static func recipe(of problem: AdapterGrid.Problem) -> JSONValue {
    switch problem.plan {
    case .combinations(let grid): grid.members
    case .compressions(let grid): grid.recipe(problem.share ?? 1)
    }
  }

  // MARK: - Judging

  /// Judges all candidates on held-out rows, and the chosen one with the own adapters on evaluation rows.
  ///
  /// - Throws: `Interruption`; an `InputError` for adapters that do not fit.
  func record() throws -> GridRecord {
    let start = DispatchTime.now()
    let heldOut = tasks.compactMap(\.heldOut)
    let isChoice = heldOut.count == tasks.count
    let tried = try candidates.map { values in
      GridRecord.Candidate(
        values: values,
        heldOut: isChoice ? try judge.scores(of: try adapter(at: values).file, on: heldOut).map(\.value) : [])
    }
    let chosen = GridRecord.choice(among: tried)
    let best = try adapter(at: candidates[chosen])
    let scores = try judge.scores(of: best.file, on: tasks.map(\.evaluation))
    let results = try zip(tasks, scores).map { task, score in
      let own = try judge.scores(of: task.file, on: [task.evaluation] + [task.heldOut].compactMap { $0 })
      return GridRecord.Task(
        name: name(of: task), dataset: task.member.run.dataset.id, run: task.member.id, primary: score.primary,
        heldOutRows: task.heldOut?.rows.examples.count ?? 0, evaluationRows: task.evaluation.rows.examples.count,
        ownHeldOut: own.count > 1 ? own[1].value : nil, own: GridScore(own[0]), chosen: GridScore(score))
    }
    let run = tasks[0].member.run
    return GridRecord(
      id: id, kind: best.bytes == nil ? .combination : .compression, recipe: Self.recipe(of: problem),
      model: run.model.name, method: run.method.label, seed: run.seed, tasks: results, candidates: tried,
      chosen: chosen, bytes: best.bytes, ratioToFloat16: best.ratio, seconds: start.secondsUntilNow)
  }

  private func name(of task: Task) -> String {
    guard case .combinations = problem.plan,
      let place = tasks.firstIndex(where: { $0.member.id == task.member.id })
    else { return task.member.run.dataset.id }
    return CombinationGrid.taskNames[place]
  }

  /// The adapter at one place of the grid, with its size where that is what the grid is about.
  private func adapter(at values: [GridValue]) throws -> (file: AdapterFile, bytes: Int?, ratio: Double?) {
    let files = tasks.map(\.file)
    switch problem.plan {
    case .combinations(let grid):
      let recipe = try grid.recipe(adapters: files.map(\.path), values: values)
      return (try judge.combined(recipe, files), nil, nil)
    case .compressions(let grid):
      let compressed = try grid.compressed(files[0], keeping: problem.share ?? 1, alpha: values[0].value)
      let bytes = compressed.tensors.serialized.count
      return (
        try compressed.file(named: files[0].path), bytes, Double(2 * compressed.tensors.count) / Double(max(1, bytes))
      )
    }
  }
}
