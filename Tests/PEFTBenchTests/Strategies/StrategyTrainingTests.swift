import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Training with a strategy against chance") struct StrategyTrainingTests {
  static let strategies = [
    #""best-practices""#, #""noise-input""#, #""noise-weights""#, #"{"name": "swa", "start": 0.3}"#,
    #"{"name": "ema", "decay": 0.8}"#, #""mixout""#, #""prior-noise""#, #"{"name": "ni", "members": 3}"#,
    #"{"name": "de", "members": 3}"#, #"{"name": "deni", "members": 3}"#,
  ]

  @Test("Each strategy changes the result, by the same bits every time", arguments: strategies)
  func effect(strategy: String) throws {
    let plain = try #require(try StrategyTraining(#""default""#).train())
    let one = try #require(try StrategyTraining(strategy).train())
    let again = try #require(try StrategyTraining(strategy).train())
    #expect(one.values == again.values && one.copies == again.copies && one.outcome.history == again.outcome.history)
    let all = [one.values] + one.copies
    #expect(all.contains { $0 != plain.values })
    #expect(all.allSatisfy { $0.allSatisfy { $0.allSatisfy(\.isFinite) } })
  }

  @Test("Stopped after any step and taken up, a training ends with the same bits", arguments: strategies)
  func resuming(strategy: String) throws {
    let expected = try #require(try StrategyTraining(strategy).train())
    // Of 20 steps, members are apart from 6 to 7, from 10 to 11, and from 18 on.
    for stop in [1, 5, 6, 7, 8, 10, 17, 18, 19, 20] {
      let training = StrategyTraining(strategy)
      #expect(try training.train(stop: stop) == nil)
      let resumed = try #require(try training.train())
      #expect(resumed.outcome.resumedStep == stop && training.complaints.isEmpty, "\(stop)")
      #expect(resumed.values == expected.values && resumed.copies == expected.copies, "\(stop)")
      #expect(resumed.outcome.history == expected.outcome.history, "\(stop)")
      #expect(resumed.outcome.peak == expected.outcome.peak, "\(stop)")
    }
  }

  @Test("Every weight can be trained with a strategy", arguments: [#""mixout""#, #"{"name": "deni", "members": 2}"#])
  func full(strategy: String) throws {
    let one = try #require(try StrategyTraining(strategy, method: #"{"name": "full"}"#).train())
    let plain = try #require(try StrategyTraining(#""default""#, method: #"{"name": "full"}"#).train())
    #expect(([one.values] + one.copies).contains { $0 != plain.values })
  }

  @Test(
    "An average begins when AdaLoRA's ranks are fixed, and brings none of the others back",
    arguments: [#"{"name": "swa", "start": 0.3}"#, #"{"name": "ema", "decay": 0.8}"#])
  func ranks(strategy: String) throws {
    func trained(_ strategy: String) throws -> (values: [[Float]], ranks: [Int]) {
      let method =
        #"{"name": "adalora", "initial_rank": 4, "target_rank": 2, "initial_steps": 2, "final_steps": 6, "interval": 3}"#
      let trained = try #require(try StrategyTraining(strategy, method: method).train())
      let ranks = zip(trained.tiny.attachment.parameters, trained.values)
        .filter { $0.0.name.hasSuffix("lora_E") }.map { $0.1.count { $0 != 0 } }
      return (trained.values, ranks)
    }
    let (plain, averaged) = (try trained(#""default""#), try trained(strategy))
    #expect(plain.ranks.reduce(0, +) <= 2 * plain.ranks.count && averaged.ranks == plain.ranks)
    #expect(averaged.values != plain.values)
  }

  @Test("Copies are counted in memory as what they are") func memory() throws {
    func peak(_ strategy: String) throws -> MemoryUse {
      try #require(try StrategyTraining(strategy).train()).outcome.peak
    }
    let plain = try peak(#""default""#)
    let values = plain[.adapter]
    let deni = try peak(#"{"name": "deni", "members": 4}"#)
    #expect(deni[.adapter] == 4 * values && deni[.optimizer] == 4 * plain[.optimizer])
    #expect(deni[.weights] == plain[.weights])
    let swa = try peak(#""swa""#)
    #expect(swa[.adapter] == values && swa[.optimizer] == plain[.optimizer] + values)
  }

  @Test("Noise on inputs is added to the rows of prompts alone, in proportion to their spread") func inputNoise() throws
  {
    let tiny = try TinyTraining("llama", method: #""lora""#)
    let examples = tiny.examples(3, shared: 5, own: 2...9, answer: 3)
    let batch = TrainingBatch(examples, model: tiny.model, labelCount: 9)
    let rows = Set(batch.promptRows.flatMap(Array.init))
    #expect(rows.count == 5 + examples.reduce(0) { $0 + $1.prompt.count - 5 })
    let noise = try #require(
      InputNoise(noise: PeriodicNoise(), stepCount: 100)
        .embeddingNoise(at: 30, rows: batch.promptRows, seeds: SeedStream(1)))
    #expect(noise.share == Float(0.15.squareRoot()))
    let step = TrainingStep(model: tiny.model, context: tiny.context)
    func loss(_ noise: EmbeddingNoise?) -> Double {
      let loss = step.takeGradients(of: batch, dropout: nil, noise: noise)
      for parameter in tiny.attachment.parameters { parameter.clearGradient() }
      return loss
    }
    let plain = loss(nil)
    #expect(loss(noise) != plain && loss(noise) == loss(noise))
    #expect(loss(EmbeddingNoise(rows: batch.promptRows, share: 0, seeds: SeedStream(1))) == plain)
    // An answer of one token alone is not a prompt's row.
    let single = TrainingBatch(
      [EncodedExample(prompt: [1, 2, 3], answer: [4])], model: tiny.model, labelCount: 1)
    #expect(single.promptRows.flatMap(Array.init) == [0, 1, 2])
  }
}
