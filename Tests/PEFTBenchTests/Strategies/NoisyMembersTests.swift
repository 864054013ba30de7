import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Members of a training") struct NoisyMembersTests {
  private static func trained(_ strategy: String) throws -> StrategyTraining.Trained {
    try #require(try StrategyTraining(strategy).train())
  }

  @Test("One member is a training with plain steps, bit for bit", arguments: ["ni", "de", "deni"])
  func alone(name: String) throws {
    // With the best parameters kept, too.
    for training in [#""keep_best": false,"#, #""validation_every": 3,"#] {
      let plain = try #require(try StrategyTraining(#""default""#, training: training).train())
      let one = try #require(
        try StrategyTraining(#"{"name": "\#(name)", "members": 1}"#, training: training).train())
      #expect(one.values == plain.values && one.copies.isEmpty)
      #expect(one.outcome.history == plain.outcome.history && one.outcome.peak == plain.outcome.peak)
    }
  }

  @Test("Without noise and with copied optimizers all members stay what the one model is", arguments: ["ni", "deni"])
  func withoutNoise(name: String) throws {
    let plain = try Self.trained(#""default""#)
    let members = try Self.trained(#"{"name": "\#(name)", "members": 4, "variance": 0, "optimizer": "copied"}"#)
    #expect(members.values == plain.values)
    #expect(members.copies == Array(repeating: plain.values, count: name == "ni" ? 0 : 3))
    #expect(members.outcome.history == plain.outcome.history)
    // A fresh optimizer with a constant rate drifts even so, as the released code's does.
    let fresh = try Self.trained(#"{"name": "\#(name)", "members": 4, "variance": 0}"#)
    #expect(fresh.values != plain.values || fresh.copies[0] != plain.values)
  }

  @Test("The mean of identical members is each of them, bit for bit, and of others their mean") func merging() throws {
    let context = ComputeContext(threads: 1)
    let start = SeedStream(3).normals(37, standardDeviation: 1)
    func parameter(_ values: [Float]) -> Parameter {
      Parameter("p", shape: [values.count], in: context.pool) { values }
    }
    let parameters = [parameter(start)]
    func moment(_ step: Int) -> TrainingMoment {
      TrainingMoment(
        step: step, stepCount: 100, learningRate: 0.1, parameters: parameters,
        optimizer: Optimizer(
          .adamW(), parameters: parameters, weightDecay: 0, maximumGradientNorm: nil, context: context),
        context: context, seeds: SeedStream(1), passes: { 0 })
    }
    for (variance, count) in [(0.0, 7), (0.15, 4)] {
      parameters[0].assign(start)
      var phases = MemberPhases(.interpolation)
      (phases.variance, phases.memberCount) = (variance, MemberCount(count))
      let members = NoisyMembers(phases, learningRate: 0.1)
      members.trainingBegins(moment(0))
      members.stepBegins(moment(29))
      #expect(members.values.isEmpty)
      members.stepBegins(moment(30))
      #expect(members.values.count == count - 1 && parameters[0].value.values == start)
      let copies = members.values.map { $0.tensors[0].values }
      members.stepBegins(moment(40))
      #expect(members.values.isEmpty)
      let merged = parameters[0].value.values
      if variance == 0 {
        #expect(copies.allSatisfy { $0 == start } && merged == start)
        continue
      }
      let spread = ParameterNoise.standardDeviation(of: Tensor(start, shape: [37], in: context.pool))
      for copy in copies {
        let noise = zip(copy, start).map { Double($0 - $1) }
        let deviation = (noise.reduce(0) { $0 + $1 * $1 } / 37).squareRoot()
        #expect(abs(deviation / (spread * (0.15 / 30).squareRoot()) - 1) < 0.35)
      }
      for place in start.indices {
        let mean = copies.reduce(Double(start[place])) { $0 + Double($1[place]) } / Double(count)
        #expect(abs(Double(merged[place]) - mean) < 1e-6)
      }
    }
  }

  @Test("The members of the last phase differ from each other, in values and in what they predict")
  func differing() throws {
    let trained = try Self.trained(#"{"name": "deni", "members": 4}"#)
    let members = [trained.values] + trained.copies
    #expect(members.count == 4)
    let examples = trained.tiny.examples(6, shared: 5, own: 1...9, answer: 2)
    let parameters = trained.tiny.attachment.parameters
    let logits = members.map { values -> [Float] in
      for (parameter, values) in zip(parameters, values) { parameter.assign(values) }
      let batch = TrainingBatch(examples, model: trained.tiny.model, labelCount: 12)
      return TrainingStep(model: trained.tiny.model, context: trained.tiny.context).logits(of: batch).value.values
    }
    for one in members.indices {
      for other in 0..<one {
        #expect(members[one] != members[other])
        let distance = zip(logits[one], logits[other]).map { abs($0 - $1) }.max() ?? 0
        #expect(distance > 1e-2, "\(one), \(other): \(distance)")
      }
    }
  }

  @Test("Nothing of a training with members is held when it is over", arguments: ["ni", "de", "deni"])
  func freed(name: String) throws {
    let tiny = try TinyTraining(
      "llama", method: #"{"name": "lora", "rank": 4}"#,
      training: #"{"batch_size": 2, "steps": 20, "strategy": {"name": "\#(name)", "members": 3}}"#)
    let settings = tiny.configuration.methods[0].training.underStrategy
    // Initial values are drawn when they are first read.
    for parameter in tiny.attachment.parameters { _ = parameter.value }
    let before = tiny.context.pool.live
    weak var members: NoisyMembers?
    do {
      let participant = try #require(
        settings.strategy.participant(learningRate: settings.learningRate) as? NoisyMembers)
      members = participant
      _ = try Trainer(
        model: tiny.model, attachment: tiny.attachment, configuration: settings, seeds: SeedStream(5),
        context: tiny.context
      ).train(
        tiny.examples(10, shared: 5, own: 1...9, answer: 2), validation: [], participants: [participant]
      ) { _, _, _, _ in }
      for parameter in tiny.attachment.parameters { parameter.clearGradient() }
      let copies = name == "ni" ? 0 : 2
      let values = tiny.attachment.parameters.reduce(0) { $0 + $1.elementCount }
      // What votes is left, and neither an optimizer nor a gradient.
      #expect(participant.values.count == copies)
      #expect(tiny.context.pool.live.total - before.total == 4 * copies * values)
    }
    #expect(members == nil && tiny.context.pool.live == before)
  }

  @Test("A twin of an optimizer starts afresh or from the same state, and goes on by itself") func twins() throws {
    let context = ComputeContext(threads: 1)
    let parameters = [Parameter("p", shape: [3], in: context.pool) { [1, -2, 3] }]
    let optimizer = Optimizer(
      .adamW(), groups: [ParameterGroup(parameters, learningRateScale: 2)], weightDecay: 0.1, maximumGradientNorm: 1,
      context: context)
    func step(_ optimizer: Optimizer, _ gradient: [Float]) {
      parameters[0].accumulateGradient { target, _ in target.update(from: gradient, count: 3) }
      optimizer.step(learningRate: 0.1, gradientNorm: optimizer.gradientNorm())
    }
    step(optimizer, [1, 2, 3])
    let (kept, fresh) = (optimizer.twin(keepsState: true), optimizer.twin(keepsState: false))
    #expect(kept.stepCount == 1 && fresh.stepCount == 0)
    #expect(fresh.moments.allSatisfy { $0.tensor?.values == [0, 0, 0] })
    let start = parameters[0].value.values
    let ends = [optimizer, kept, fresh].map { optimizer -> [Float] in
      parameters[0].assign(start)
      step(optimizer, [-1, 0.5, 2])
      return parameters[0].value.values
    }
    #expect(ends[0] == ends[1] && ends[0] != ends[2])
    #expect(optimizer.moments.map { $0.tensor?.values } == kept.moments.map { $0.tensor?.values })
  }
}
