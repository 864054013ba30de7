import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Weight slots") struct WeightSlotTests {
  @Test("The slots are the tensors of the checkpoint, with their values", arguments: ["llama", "gpt2", "qwen2", "opt"])
  func complete(name: String) throws {
    let (model, _) = try SitesTests.model(name)
    let checkpoint = try SafetensorsCheckpoint.open(directory: GoldenFixture("models/\(name)").folder.path)
    let stored = Dictionary(uniqueKeysWithValues: checkpoint.tensors.map { ($0.name, $0) })
    for slot in model.weightSlots {
      let tensor = try #require(stored[slot.name], "\(slot.name)")
      let values = try tensor.floats()
      #expect(slot.isLoaded && slot.elementCount == values.count && slot.trained == nil)
      #expect(slot.values.sorted() == values.sorted())
      if tensor.shape == slot.shape, tensor.shape != tensor.shape.reversed() { #expect(slot.values == values) }
    }
    #expect(Set(model.weightSlots.map(\.name)).count == model.weightSlots.count)
    #expect(model.weightSlots.reduce(0) { $0 + $1.elementCount } == model.parameterCount)
  }

  @Test("What is put into a slot is what the model computes with, of a tied table in the head too")
  func replacing() throws {
    let (model, context) = try SitesTests.model("gpt2")
    let before = SitesTests.logits(model, context)
    #expect(model.configuration.tiesEmbeddings)
    for slot in [model.weightSlots[0]] + model.weightSlots.filter({ $0.name.contains("h.0.") }) {
      let (matrix, vector) = (slot.matrix, slot.vector)
      let changed = slot.values.enumerated().map { $1 + ($0 % 3 == 0 ? 0.25 : 0) }
      if slot.shape.count == 2 {
        slot.replace(
          matrix: try WeightMatrix(
            values: changed, outputs: slot.shape[0], inputs: slot.shape[1], context: context))
      } else {
        slot.replace(vector: Tensor(changed, shape: slot.shape, in: context.pool))
      }
      #expect(slot.values == changed)
      #expect(model.head.weight === model.embedding.weight)
      // A shift of all keys changes no softmax.
      #expect(SitesTests.logits(model, context) != before, "\(slot.name)")
      if slot.shape.count == 2 { slot.replace(matrix: matrix) } else { slot.replace(vector: vector) }
      #expect(SitesTests.logits(model, context) == before)
    }
  }

  @Test("A parameter of a slot starts at its value and takes its place; all trained, the frozen ones are gone")
  func training() throws {
    let (model, context) = try SitesTests.model("llama")
    let before = SitesTests.logits(model, context)
    for slot in model.weightSlots {
      let parameter = slot.parameter(context: context)
      let placement = try slot.part.place(slot.occupant(parameter), by: "test")
      #expect(slot.trained === parameter && parameter.name == slot.name && parameter.value.values == slot.values)
      placement.undo()
      #expect(slot.trained == nil)
    }
    let parameters = model.makeEverythingTrainable(context: context)
    #expect(model.weightSlots.allSatisfy { !$0.isLoaded })
    #expect(zip(model.weightSlots, parameters).allSatisfy { $0.trained === $1 })
    expectClose(SitesTests.logits(model, context), before, relative: 1e-5, absolute: 1e-5)
    model.freezeEverything()
    try model.restoreWeights()
    #expect(SitesTests.logits(model, context) == before)
  }

  @Test(
    "Selected rows and columns are those of the whole matrix", arguments: [WeightType.float32, .bfloat16, .float16])
  func selection(type: WeightType) throws {
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(GoldenFixture("models/llama").folder.path)
    let model = try files.load(as: type, context: context)
    let matrix = try #require(model.blocks[0].feedForward.down.weight)
    let (rows, columns) = ([3, 0, 15, 3], [1, matrix.inputs - 1, 7])
    let (whole, part) = (matrix.values, try matrix.selecting(rows: rows, columns: columns, context: context))
    #expect(part.format == matrix.format)
    #expect(part.values == rows.flatMap { row in columns.map { whole[row * matrix.inputs + $0] } })
    #expect(try matrix.selecting(rows: rows, context: context).values.count == 4 * matrix.inputs)
    #expect(try matrix.selecting(columns: columns, context: context).values.count == 3 * matrix.outputs)
  }
}
