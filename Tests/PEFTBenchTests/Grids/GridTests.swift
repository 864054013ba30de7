import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Grids of numbers") struct GridTests {
  @Test("A range has both ends, and decimal steps are decimal numbers")
  func ranges() {
    let axis = GridAxis("l", parsing: "0:1:0.05")
    #expect(axis?.values.count == 21 && axis?.values.first == 0 && axis?.values.last == 1)
    #expect(axis?.values[3] == 0.15 && axis?.values[6] == 0.3 && axis?.values[14] == 0.7)
    #expect(GridAxis("l", parsing: "1:0:-0.5")?.values == [1, 0.5, 0])
    #expect(GridAxis("l", parsing: "0,0.5,1e0")?.values == [0, 0.5, 1])
    #expect(GridAxis("l", parsing: "2")?.values == [2])
    // Both ends count, so a last number that no step meets is no range.
    for wrong in ["", "a", "0:1", "0:1:0", "0:1:-1", "0,0", "0:1:1e-9", "1,", "nan", "0:1:0.3"] {
      #expect(GridAxis("l", parsing: wrong) == nil, "\(wrong)")
    }
  }

  @Test("All combinations, the last number fastest; one of none")
  func combinations() {
    let axes = [GridAxis("l", values: [0, 1]), GridAxis("m", values: [2, 3])]
    #expect(GridAxis.combinations(of: axes).map { $0.map(\.value) } == [[0, 2], [0, 3], [1, 2], [1, 3]])
    #expect(GridAxis.combinations(of: []).count == 1)
  }

  @Test("The best mean is chosen, of equal ones the middle one, and without scores the first")
  func choice() {
    func candidates(_ scores: [[Double]]) -> [GridRecord.Candidate] { scores.map { .init(values: [], heldOut: $0) } }
    #expect(GridRecord.choice(among: candidates([[0.2, 0.9], [0.6, 0.6], [0.1, 0.1]])) == 1)
    #expect(GridRecord.choice(among: candidates([[0.5], [0.7], [0.7], [0.7], [0.1]])) == 2)
    #expect(GridRecord.choice(among: candidates([[0.7], [0.7]])) == 0)
    #expect(GridRecord.choice(among: candidates([[]])) == 0)
  }

  @Test("a, b … are tasks, every other name a number from 0 to 1 unless its values are given")
  func expressions() throws {
    let grid = try CombinationGrid(
      ["combine": "origin + l*a + (1 - l)*b + m*1e-3*a"], axes: [GridAxis("m", values: [0])], step: 0.5)
    #expect(grid.taskCount == 2 && grid.axes.map(\.name) == ["l", "m"])
    #expect(grid.axes[0].values == [0, 0.5, 1] && grid.axes[1].values == [0])
    #expect(try CombinationGrid(["combine": "origin + a + b + c"], axes: [], step: 0.05).taskCount == 3)
    for (expression, message) in [
      ("origin + l*b", "expected an expression over the tasks"), ("origin", "expected an expression"),
      ("origin + l*a*b", "a"), ("origin + (a", "expected"),
      ("l*(a + b)", "is a vector, not an adapter: write origin + l*(a + b)"),
    ] {
      let error = #expect(throws: DocumentError.self) {
        try CombinationGrid(["combine": JSONValue(expression)], axes: [], step: 0.05)
      }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
    #expect(throws: DocumentError.self) {
      try CombinationGrid(["combine": "origin + l*a"], axes: [GridAxis("k", values: [1])], step: 0.05)
    }
    #expect(throws: DocumentError.self) { try CombinationGrid(["combine": "origin + l*a"], axes: [], step: 0) }
    #expect(grid.readsOrigins)
    #expect(
      try !CombinationGrid(["combine": "l*a", "convention": "delta"], axes: [], step: 0.5).readsOrigins)
  }

  @Test("A record is read back as it was written")
  func record() throws {
    let task = GridRecord.Task(
      name: "a", dataset: "sst2", run: "0123", primary: "accuracy", heldOutRows: 12, evaluationRows: 128,
      ownHeldOut: 0.75, own: GridScore(value: 0.8, interval: 0.7...0.9), chosen: GridScore(value: 0.6, interval: nil))
    let record = GridRecord(
      id: "abc", kind: .combination, recipe: ["combine": "origin + l*a"], model: "mini", method: "prompt-tuning",
      seed: 42, tasks: [task],
      candidates: [.init(values: [.init(name: "l", value: 0.05)], heldOut: [0.5]), .init(values: [], heldOut: [])],
      chosen: 0, bytes: 12, ratioToFloat16: 4.5, seconds: 1.5)
    #expect(GridRecord(record.json) == record)
    #expect(try #require(record.tasks[0].retained) == 0.6 / 0.8)
    let text = DocumentText(name: "record", bytes: Array(record.json.prettyText.utf8))
    #expect(GridRecord(JSONValue(try JSONParser.parse(text))) == record)
    var other = record.json
    other["schema"] = "peft-bench.grid/2"
    #expect(GridRecord(other) == nil)
  }

  @Test("The rows to choose on are those that the run did not train on", arguments: [0.1, 0.4])
  func heldOut(share: Double) throws {
    let model = GoldenFixture("gguf_models").url("llama-q8_0.gguf").path
    let text = """
      model: \(model)
      data: {suite: mini, datasets: [sst2], train_limit: 30, eval_limit: 4}
      methods: [{name: lora, rank: 2, validation_fraction: \(share)}, {name: lora, rank: 3, validation_fraction: 0}]
      seeds: [3]
      training: {cutoff_tokens: 128}
      """
    let configuration = try RunConfiguration(
      try ConfigFile.read(DocumentText(name: "run.yaml", bytes: Array(text.utf8))))
    let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
    let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
    let run = try #require(runs.first { $0.method.training.validationFraction == share && $0.trains })
    let (data, outline) = (try assembly.data(of: run), try assembly.outline(of: run.model))
    let cutoff = try assembly.cutoff(of: run)
    let held = try #require(try data.heldOutRows(of: run, outline, cutoff: cutoff))
    let parts = data.parts(run.training, TrainingSeeds(run.seeds))
    #expect(held.examples.count == parts.validation.count && held.examples.count == Int(share * 30))
    #expect(parts.training.count == 30 - held.examples.count)
    // The very rows: prompts are cut alike here, so that they are the same ids.
    #expect(held.rendered.map(\.promptIDs) == parts.validation.map(\.prompt))
    #expect(held.split == PreparedDataset.heldOutSplit)
    let all = data.trainingExamples
    #expect(held.examples.allSatisfy(all.contains) && !held.examples.contains { data.scored.examples.contains($0) })
    #expect(
      try data.heldOutRows(of: run, outline, cutoff: cutoff, limit: 2)?.examples == Array(held.examples.prefix(2)))
    let other = try #require(runs.first { $0.method.training.validationFraction == 0 && $0.trains })
    #expect(try assembly.data(of: other).heldOutRows(of: other, outline, cutoff: cutoff) == nil)
  }
}
