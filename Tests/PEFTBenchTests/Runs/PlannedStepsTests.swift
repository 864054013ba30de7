import Foundation
import PEFTCore
import PEFTMethods
import Testing

@testable import PEFTBench

@Suite("Planned steps") struct PlannedStepsTests {
  typealias Config = IdentityWorkspace.Config

  private static func run(
    _ workspace: IdentityWorkspace, _ config: Config, keeping: RunAssembly.Keeping
  ) throws -> (assembly: RunAssembly, run: PlannedRun) {
    let configuration = try workspace.configuration(config)
    let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
    return (
      RunAssembly(configuration, context: ComputeContext(threads: 1), keeping: keeping, note: { _ in }),
      try #require(runs.first)
    )
  }

  @Test(
    "A plan counts the rows that a run trains on: where few are held back, whole groups, or reworded ones with them",
    arguments: [
      // Of eight rows one is held back, though a tenth of them is less.
      ("", "[\"lora\"]", "7", 7, 2), ("topic", "[\"lora\"]", "3", 6, 4),
      ("", #"[{"name": "lora", "strategy": {"name": "augmentation", "copies": 2}}]"#, "4", nil, nil),
      ("topic", #"[{"name": "lora", "validation_rows": 3, "strategy": "augmentation"}]"#, "4", nil, nil),
    ])
  func rows(group: String, methods: String, batchSize: String, expected: Int?, steps: Int?) throws {
    let workspace = try IdentityWorkspace()
    var config = Config()
    if !group.isEmpty { config.dataset.append(("group", "\"\(group)\"")) }
    config.methods = methods
    config.training = [("epochs", "2"), ("batch_size", batchSize)]
    let (assembly, run) = try Self.run(workspace, config, keeping: .rows)
    let seeds = TrainingSeeds(run.seeds)
    let parts = try assembly.data(of: run).parts(run.training, seeds)
    let planner = try Self.run(workspace, config, keeping: .sizes).assembly
    let counts = try planner.size(of: run).rows.counts(run.training, seeds)
    #expect(counts.epoch == parts.training.count && counts.heldBack == parts.validation.count)
    let work = try planner.cost(of: run).work
    #expect(work.steps == Trainer.stepCount(examples: parts.training.count, configuration: run.training))
    if let expected { #expect(counts.epoch == expected && work.steps == steps) }
  }

  @Test("A schedule that the steps of the epochs have no room for is refused before the run, with its rows")
  func schedule() throws {
    let workspace = try IdentityWorkspace()
    for keeping in [RunAssembly.Keeping.rows, .sizes] {
      for (epochs, fits) in [("1", false), ("2", true)] {
        var config = Config()
        config.methods = #"[{"name": "adalora", "initial_steps": 2, "final_steps": 1}]"#
        config.training = [("epochs", epochs), ("batch_size", "3")]
        let (assembly, run) = try Self.run(workspace, config, keeping: keeping)
        if fits {
          #expect(try assembly.identity(of: run) != nil)
        } else {
          let error = #expect(throws: DocumentError.self) { try assembly.identity(of: run) }
          let text = error?.description ?? ""
          #expect(text.contains("methods[0]: on reviews, of which 7 rows are trained on: "), "\(text)")
          #expect(text.contains("of a training of 3 steps, initial_steps: 2 and final_steps: 1 leave none"), "\(text)")
        }
      }
    }
  }
}
