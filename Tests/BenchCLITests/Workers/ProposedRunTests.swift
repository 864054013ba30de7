import Foundation
import PEFTCore
import Synchronization
import Testing

@testable import BenchCLI
@testable import PEFTBench

/// A search proposes runs that no list of the config has; worker processes are told them whole.
@Suite("Proposed runs in worker processes") struct ProposedRunTests {
  /// First two ranks; then, around the better of them, another learning rate, another seed, and steps in place of epochs.
  private struct Search: RunSource {
    let base: PlannedRun

    func batch(after finished: [FinishedRun]) throws -> RunBatch {
      switch finished.count {
      case 0:
        return RunBatch(
          try [2, 3].map { (rank: Int) in
            PlannedRun(
              model: base.model, dataset: base.dataset,
              method: try base.method.changing([("rank", JSONValue(rank))], label: "rank \(rank)"), seeds: base.seeds)
          })
      case 2:
        let best = finished.max { ($0.record?.pscp?.value ?? -1) < ($1.record?.pscp?.value ?? -1) }
        guard let planned = best?.planned else { return RunBatch([]) }
        var (slow, short) = (planned.method, planned.method)
        slow.training.learningRate /= 3
        slow.label += ", slow"
        (short.training.steps, short.training.warmupSteps, short.training.validationRows) = (4, 1, 3)
        short.label += ", short"
        let seeds = RunSeeds(sources: [7, 8, 9, 42])
        return RunBatch(
          [(slow, planned.seeds), (slow, seeds), (short, planned.seeds)].map {
            PlannedRun(model: planned.model, dataset: planned.dataset, method: $0, seeds: $1)
          }, isLast: true)
      default: return RunBatch([])
      }
    }
  }

  /// A sweep of the search in this process, by workers that are processes of the built program.
  private struct Trial {
    let folder: String
    let program: String
    let configuration: RunConfiguration
    let search: Search
    let text: DocumentText

    init(folder: String, program: String) throws {
      (self.folder, self.program) = (folder, program)
      text = try ConfigFile.text(of: folder + "/config.json")
      configuration = try RunConfiguration(ConfigFile.read(text))
      let datasets = try configuration.data.descriptions(from: configuration.file)
      let runs = configuration.selection(datasets: datasets).runs
      search = Search(base: try #require(runs.first { $0.trains }))
    }

    func run(
      in output: String, workers count: Int, see: @escaping @Sendable (RunEvent, [WorkerProcess]) -> Void = { _, _ in }
    ) throws -> Sweep.Result {
      let (flag, results) = (CancellationFlag(), ResultsFolder(path: "\(folder)/\(output)"))
      let crew = Mutex<[WorkerProcess]>([])
      let watch: @Sendable (RunEvent) -> Void = { event in see(event, crew.withLock { $0 }) }
      let sweep = try Sweep(
        configuration, search, results: results, context: ComputeContext(threads: 1), cancellation: flag, watch: watch)
      guard count > 0 else { return try sweep.run(Sweep.Choice()) }
      let launch = WorkerProcess.Launch(
        program: program, arguments: ["--threads=1", "--output=\(results.path)", "--", "\(folder)/config.json"],
        config: text)
      let workers = (0..<count).map { _ in
        WorkerProcess(launch, isFresh: false, results: results, cancellation: flag, watch: watch)
      }
      crew.withLock { $0 = workers }
      defer { for worker in workers { worker.finish() } }
      return try sweep.run(Sweep.Choice(), workers: workers.map { worker in { try worker.perform($0) } })
    }
  }

  private let workspace: Workspace
  private let trial: Trial

  init() throws {
    workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        methods: #"[{"name": "lora", "r": 4, "dropout": 0.1}]"#,
        datasets: """
          [{"name": "tones", "prompt": "{sentence}? $$", "answer": "label", "labels": {"0": "bad", "1": "good"},
            "files": {"train": "\(workspace.path("data/sst2/train.jsonl"))",
                      "validation": "\(workspace.path("data/sst2/validation.jsonl"))"}}]
          """,
        training: #", "checkpoint_steps": 1"#,
        evaluation: #", "zero_shot": false"#), to: "config.json")
    trial = try Trial(folder: workspace.folder.path, program: SpawnedProgram.binary.path)
  }

  /// The bytes of the runs of a sweep, by their paths; other runs may lie beside them.
  private func bytes(_ result: Sweep.Result, in output: String) throws -> [String: Data] {
    let ids = Set(result.records.map(\.id))
    return try workspace.results(output).filter { path, _ in ids.contains { path.contains("runs/\($0)/") } }
  }

  @Test("Workers make the same runs, ids and bytes of proposals as one process does") func workers() throws {
    let alone = try trial.run(in: "alone", workers: 0)
    let shared = try trial.run(in: "shared", workers: 2)
    #expect(alone.records.count == 5 && alone.failures == 0 && shared.failures == 0)
    #expect(shared.records.map(\.id) == alone.records.map(\.id) && Set(alone.records.map(\.id)).count == 5)
    #expect(shared.records.compactMap(\.method.label) == alone.records.compactMap(\.method.label))
    let (one, other) = (try bytes(alone, in: "alone"), try bytes(shared, in: "shared"))
    #expect(one.count >= 15 && one == other)
  }

  @Test("A killed worker costs its run alone, and the same search makes it good") func killedWorker() throws {
    let whole = try trial.run(in: "whole", workers: 0)
    let isKilled = Mutex(false)
    let disturbed = try trial.run(in: "out", workers: 1) { event, crew in
      guard case .step = event else { return }
      let isFirst = isKilled.withLock { was in
        defer { was = true }
        return !was
      }
      if isFirst { for worker in crew { worker.kill() } }
    }
    #expect(disturbed.failures == 1 && disturbed.records.count == 4)
    let mended = try trial.run(in: "out", workers: 2)
    #expect(mended.failures == 0 && mended.records.map(\.id) == whole.records.map(\.id))
    #expect(try bytes(mended, in: "out") == bytes(whole, in: "whole"))
  }

  @Test("A search that was killed with its workers goes on to the same bytes", arguments: [1, 4])
  func killedSearch(place: Int) async throws {
    let (folder, program) = (trial.folder, trial.program)
    let whole = try trial.run(in: "whole", workers: 0)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [folder = folder as String, program = program as String, place = place as Int] in
      let begun = Mutex(0)
      _ = try Trial(folder: folder, program: program).run(in: "out", workers: 1) { event, _ in
        switch event {
        case .began: begun.withLock { $0 += 1 }
        case .step where begun.withLock({ $0 }) == place: kill(getpid(), SIGKILL)
        default: break
        }
      }
    }
    #expect(ResultsFolder(path: "\(folder)/out").records().complete.count < 5)
    let mended = try trial.run(in: "out", workers: 2)
    #expect(mended.failures == 0 && mended.records.map(\.id) == whole.records.map(\.id))
    #expect(try bytes(mended, in: "out") == bytes(whole, in: "whole"))
  }

  @Test("A proposal that is none is refused in words") func mistakes() throws {
    let run = trial.search.base
    var proposal = trial.configuration.proposal(of: run)
    #expect(try trial.configuration.run(proposed: proposal).method.options == run.method.options)
    proposal["dataset"] = "other"
    #expect(throws: FileError.self) { try trial.configuration.run(proposed: proposal) }
    #expect(throws: (any Error).self) { try trial.configuration.run(proposed: [:]) }
  }
}
