import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Training of several tasks") struct TaskTrainingTests {
  private static let settings = #"{"steps": 2, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0}"#

  private static func examples(_ tiny: TinyTraining, tasks: [Int]) -> [EncodedExample] {
    zip(tiny.examples(tasks.count, shared: 6, own: 1...5, answer: 2), tasks).map { example, task in
      EncodedExample(prompt: example.prompt, answer: example.answer, task: task)
    }
  }

  private static func train(_ tiny: TinyTraining, _ examples: [EncodedExample]) throws -> [Double] {
    var losses: [Double] = []
    _ = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.methods[0].training,
      seeds: SeedStream(1), context: tiny.context
    ).train(examples, validation: []) { _, _, loss, _ in losses.append(loss) }
    return losses
  }

  @Test("Rows train the matrices of their own task and no other's, and the shared prompt") func ownMatrices() throws {
    let method = #"{"name": "mpt", "tokens": 3, "tasks": 3}"#
    let tiny = try TinyTraining("llama", method: method, training: Self.settings)
    let before = tiny.attachment.parameters.map(\.value.values)
    _ = try Self.train(tiny, Self.examples(tiny, tasks: [2, 0, 2, 0, 0, 2]))
    let after = tiny.attachment.parameters.map(\.value.values)
    #expect(after[0] != before[0])
    for place in 1...2 {
      let size = before[place].count / 3
      for task in 0..<3 {
        let own = (task * size)..<((task + 1) * size)
        #expect((after[place][own] != before[place][own]) == (task != 1), "task \(task)")
      }
    }
  }

  @Test("A step of several tasks has the mean loss of all rows, each with its task's prompt") func loss() throws {
    let method = #"{"name": "mpt", "tokens": 3, "tasks": 2}"#
    let tiny = try TinyTraining("llama", method: method, training: Self.settings)
    let examples = Self.examples(tiny, tasks: [1, 0, 1, 0])
    let step = TrainingStep(model: tiny.model, context: tiny.context)
    let apart = examples.reduce(0.0) { sum, example in
      tiny.attachment.tasks?.show(example.task)
      return sum + step.loss(of: TrainingBatch([example], model: tiny.model, labelCount: 8))
    }
    let losses = try Self.train(tiny, examples)
    #expect(abs(losses[0] - apart) < 1e-5)
  }

  @Test("Where nothing tells tasks apart, they change nothing, to the bit") func plain() throws {
    func values(_ tasks: [Int]) throws -> [[Float]] {
      let tiny = try TinyTraining("llama", method: #"{"name": "lora", "rank": 2}"#, training: Self.settings)
      _ = try Self.train(tiny, Self.examples(tiny, tasks: tasks))
      return tiny.attachment.parameters.map(\.value.values)
    }
    #expect(try values([0, 1, 2, 0, 1, 2]) == values([0, 0, 0, 0, 0, 0]))
  }
}
