import Foundation
import PEFTCore
import Synchronization
import Testing

@testable import PEFTBench

@Suite("A source of runs that proposes the next ones from finished records")
struct RunSourceTests {
  /// A search of learning rates: two of them at a time, around half or double the one that did best so far.
  private struct Search: RunSource {
    let base: PlannedRun
    let rounds: Int
    /// Told of each question: how many runs had ended, and how many of them well.
    var asked: @Sendable (_ ended: Int, _ complete: Int) -> Void = { _, _ in }

    func batch(after finished: [FinishedRun]) -> RunBatch {
      self.asked(finished.count, finished.count { $0.record != nil })
      let round = finished.count / 2
      guard round < rounds else { return RunBatch([]) }
      // The value of PSCP differs where scores are equal.
      let best = finished.max { $0.record?.pscp?.value ?? -1 < $1.record?.pscp?.value ?? -1 }
      let rate = best?.planned.method.training.learningRate ?? base.method.training.learningRate
      // Three primes, so that no rate comes up twice.
      let factor = [2.0, 3, 5][round]
      return RunBatch([rate / factor, rate * factor].map(run))
    }

    private func run(_ rate: Double) -> PlannedRun {
      var method = base.method
      method.training.learningRate = rate
      method.label = "lr \(rate)"
      return PlannedRun(model: base.model, dataset: base.dataset, method: method, seeds: base.seeds)
    }
  }

  private struct Executor: @unchecked Sendable {
    let executor: RunExecutor
  }

  private let workspace: IdentityWorkspace
  private let configuration: RunConfiguration
  private let base: PlannedRun

  init() throws {
    workspace = try IdentityWorkspace()
    configuration = try workspace.configuration(IdentityWorkspace.Config())
    let datasets = try configuration.data.descriptions(from: configuration.file)
    base = try #require(configuration.selection(datasets: datasets).runs.first { $0.trains })
  }

  /// Carries a search out in a folder; `see` is told what happens and may raise the wish to stop.
  private func run(
    _ search: Search, in folder: String, workers count: Int = 1, _ choice: Sweep.Choice = .init(),
    see: @escaping @Sendable (RunEvent, CancellationFlag) -> Void = { _, _ in }
  ) throws -> Sweep.Result {
    let flag = CancellationFlag()
    let results = ResultsFolder(path: workspace.path(folder))
    let sweep = try Sweep(
      configuration, search, results: results, context: ComputeContext(threads: 1), cancellation: flag,
      watch: { see($0, flag) })
    guard count > 1 else { return try sweep.run(choice) }
    try results.prepare()
    let executors = try (0..<count).map { _ in
      Executor(
        executor: try RunExecutor(
          configuration, results: results, context: ComputeContext(threads: 1), cancellation: flag,
          watch: { see($0, flag) }))
    }
    return try sweep.run(
      choice, workers: executors.map { one in { try one.executor.perform($0, fresh: choice.isFresh) } })
  }

  private func labels(_ result: Sweep.Result) -> [String] { result.records.compactMap(\.method.label) }

  @Test("Each batch follows from the records of those before it, and the plan has them all") func batches() throws {
    let result = try run(Search(base: base, rounds: 3), in: "out")
    #expect(result.records.count == 6 && result.failures == 0 && Set(result.records.map(\.id)).count == 6)
    let best = try #require(result.records.prefix(2).max { $0.pscp?.value ?? 0 < $1.pscp?.value ?? 0 })
    let rate = try #require(best.training?.number("learning_rate"))
    #expect(labels(result).dropFirst(2).prefix(2) == ["lr \(rate / 3)", "lr \(rate * 3)"])
    let status = try SweepStatus(of: ResultsFolder(path: workspace.path("out")))
    #expect(SweepStatus.counts(status.runs).complete == 6 && status.runs.map(\.id) == result.records.map(\.id))
    // Nothing is done twice.
    let again = try run(Search(base: base, rounds: 3), in: "out") { event, flag in
      if case .began = event { flag.cancel() }
    }
    #expect(again.records.map(\.id) == result.records.map(\.id))
  }

  @Test("Stopped in any run, it goes on with the same proposals to the same bytes", arguments: 1...6)
  func resuming(place: Int) throws {
    let whole = try run(Search(base: base, rounds: 3), in: "whole")
    let begun = Mutex(0)
    #expect(throws: Interruption.self) {
      try run(Search(base: base, rounds: 3), in: "stopped") { event, flag in
        switch event {
        case .began: begun.withLock { $0 += 1 }
        case .step where begun.withLock({ $0 }) == place: flag.cancel()
        default: break
        }
      }
    }
    let done = ResultsFolder(path: workspace.path("stopped")).records().complete.count
    #expect(done == place - 1)
    let resumed = try run(Search(base: base, rounds: 3), in: "stopped")
    #expect(resumed.records.map(\.id) == whole.records.map(\.id) && labels(resumed) == labels(whole))
    for record in whole.records {
      for name in ["predictions.jsonl", "history.jsonl", "adapter/adapter_model.safetensors"] {
        let files = ["whole", "stopped"].map { workspace.path("\($0)/runs/\(record.id)/\(name)") }
        #expect(FileManager.default.contentsEqual(atPath: files[0], andPath: files[1]), "\(name)")
      }
    }
  }

  @Test("With several workers the next batch is asked for once, when all of the one before has ended") func workers()
    throws
  {
    let questions = Mutex<[[Int]]>([])
    var search = Search(base: base, rounds: 3)
    search.asked = { ended, complete in questions.withLock { $0.append([ended, complete]) } }
    let result = try run(search, in: "many", workers: 3)
    let alone = try run(Search(base: base, rounds: 3), in: "one")
    #expect(result.records.map(\.id) == alone.records.map(\.id) && labels(result) == labels(alone))
    #expect(questions.withLock { $0 } == [[0, 0], [2, 2], [4, 4], [6, 6]])
  }

  @Test("A run that failed is told as such, and its place stays") func failures() throws {
    let folder = workspace.path("out")
    let questions = Mutex<[[Int]]>([])
    var search = Search(base: base, rounds: 2)
    search.asked = { ended, complete in questions.withLock { $0.append([ended, complete]) } }
    let begun = Mutex(0)
    let result = try run(search, in: "out") { event, _ in
      // A folder in the place of a file that the run is to write.
      guard case .began(let run) = event,
        begun.withLock({
          $0 += 1; return $0
        }) == 1
      else { return }
      try? FileManager.default.createDirectory(
        atPath: "\(folder)/runs/\(run.id)/predictions.jsonl/x", withIntermediateDirectories: true)
    }
    #expect(result.failures == 1 && result.records.count == 3)
    #expect(questions.withLock { $0 } == [[0, 0], [2, 1], [4, 3]])
  }
}
