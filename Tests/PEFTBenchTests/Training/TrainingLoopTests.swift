import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("The training loop and its participants") struct TrainingLoopTests {
  private struct Stop: Error {}

  /// A training of a tiny model, attempt by attempt; its checkpoint is gone when it is.
  private final class Attempts {
    static let training =
      #"{"batch_size": 2, "gradient_accumulation": 2, "steps": 7, "validation_every": 3, "logging_steps": 2}"#
    static let method = #"{"name": "lora", "rank": 4, "dropout": 0.2}"#

    struct Trained {
      let outcome: TrainingOutcome
      let values: [[Float]]
      let attachment: AttachedMethod
    }

    let path: String
    let training: String
    var complaints: [String] = []

    init(training: String = Attempts.training) {
      self.training = training
      path = FileManager.default.temporaryDirectory.appending(path: "loop-\(UUID().uuidString)/c").path
    }

    deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

    /// Trains on; nil where it is stopped after `stop` steps.
    func train(_ participants: [any TrainingParticipant], stop: Int? = nil) throws -> Trained? {
      try Self.train(participants, training: training, path: path, stop: stop) { self.complaints.append($0) }
    }

    static func train(
      _ participants: [any TrainingParticipant], training: String, path: String, stop: Int?,
      everySteps: Int = 1000, savesResult: Bool = false, complain: @escaping (String) -> Void = { _ in }
    ) throws -> Trained? {
      let tiny = try TinyTraining("llama", method: method, training: training)
      let examples = tiny.examples(13, shared: 5, own: 1...9, answer: 2)
      let checkpoint = TrainingCheckpoint(path: path, identity: "a run", everySteps: everySteps, complain: complain)
      let trainer = Trainer(
        model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.methods[0].training,
        seeds: SeedStream(5), context: tiny.context)
      do {
        let outcome = try trainer.train(
          Array(examples.prefix(10)), validation: Array(examples.suffix(3)), participants: participants,
          checkpoint: checkpoint
        ) { step, _, _, _ in if step == stop { throw Stop() } }
        if savesResult { checkpoint.saveResult(outcome, parameters: tiny.attachment.parameters) }
        return Trained(
          outcome: outcome, values: tiny.attachment.parameters.map { $0.value.values }, attachment: tiny.attachment)
      } catch is Stop {
        return nil
      }
    }
  }

  /// Participants with tensors, numbers and draws.
  private static func busy() -> [any TrainingParticipant] {
    [PullToOrigin(strength: 50), DampingWithNoise(), ExponentialAverage(decay: 0.8)]
  }

  // MARK: - Events

  @Test("Events come in one order, and each to all participants before the next") func order() throws {
    var heard: [String] = []
    let first = Listener("a") { heard.append("a \($0) \($1)") }
    let second = Listener("b") { heard.append("b \($0) \($1)") }
    let attempts = Attempts(
      training: #"{"batch_size": 2, "gradient_accumulation": 2, "steps": 3, "validation_every": 2}"#)
    _ = try attempts.train([first, second])
    func both(_ event: String, _ step: Int) -> [String] { ["a \(event) \(step)", "b \(event) \(step)"] }
    func step(_ number: Int, passes: Int) -> [String] {
      both("stepBegins", number) + (0..<passes).flatMap { _ in both("penalty", number) }
        + both("gradientsReady", number) + both("gradientsClipped", number) + both("stepTaken", number)
    }
    let validation = { both("validationBegins", $0) + both("validated", $0) }
    // Ten examples: two steps of four in two passes, then one of two; the last step is validated.
    #expect(
      heard == both("trainingBegins", 0) + step(1, passes: 2) + step(2, passes: 2) + validation(2)
        + step(3, passes: 1) + validation(3) + both("trainingEnds", 3))
    #expect(first.shares == [0.5, 0.5, 0.5, 0.5, 1])
  }

  @Test("A participant that does nothing changes no bit") func nothing() throws {
    let attempts = Attempts()
    let plain = try #require(try attempts.train([]))
    let accompanied = try #require(try attempts.train([Nothing()]))
    #expect(plain.values == accompanied.values)
    #expect(plain.outcome.history == accompanied.outcome.history)
    #expect(plain.outcome.peak == accompanied.outcome.peak)
    #expect(plain.outcome.tokenCount == accompanied.outcome.tokenCount)
    #expect(plain.outcome.lastLoss == accompanied.outcome.lastLoss)
    // The others do something.
    for busy in Self.busy() { #expect(try attempts.train([busy])?.values != plain.values, "\(busy.name)") }
  }

  @Test("Parameters from before a participant is settled are not kept as the best ones") func unsettled() throws {
    final class Settling: TrainingParticipant {
      let name = "settling"
      let step: Int
      var isSettled = false
      var atStep: [[Float]] = []
      init(at step: Int) { self.step = step }
      func trainingBegins(_ moment: TrainingMoment) { isSettled = false }
      func stepTaken(_ moment: TrainingMoment) { isSettled = moment.step >= step }
      func validated(_ moment: TrainingMoment, loss: Double) {
        #expect(moment.isSettled == isSettled)
        if moment.step == 7 { atStep = moment.parameters.map { $0.value.values } }
      }
    }
    // A rate at which the first validation is the best one.
    let training =
      #"{"batch_size": 2, "steps": 7, "validation_every": 1, "learning_rate": 0.3, "scheduler": "constant"}"#
    let attempts = Attempts(training: training)
    let early = try #require(try attempts.train([]))
    let settling = Settling(at: 7)
    let late = try #require(try attempts.train([settling]))
    #expect(late.values == settling.atStep && early.values != late.values)
  }

  @Test("What is left at the end is the result: the best parameters, unless a later participant has other ones")
  func result() throws {
    let attempts = Attempts()
    var last: [[Float]] = []
    var atValidation: [Int: [[Float]]] = [:]
    var parameters: [Parameter] = []
    final class Ending: TrainingParticipant {
      let name = "ending"
      let end: (TrainingMoment) -> Void
      init(_ end: @escaping (TrainingMoment) -> Void) { self.end = end }
      func trainingEnds(_ moment: TrainingMoment) { end(moment) }
      func validated(_ moment: TrainingMoment, loss: Double) { end(moment) }
    }
    let watching = Ending { moment in
      parameters = moment.parameters
      last = parameters.map { $0.value.values }
      if atValidation[moment.step] == nil { atValidation[moment.step] = last }
    }
    let kept = try #require(try attempts.train([watching]))
    let losses = kept.outcome.history.compactMap { entry -> (step: Int, loss: Double)? in
      guard case .validation(let step, _, let loss) = entry else { return nil }
      return (step, loss)
    }
    #expect(losses.map(\.step) == [3, 6, 7])
    let best = try #require(losses.min { $0.loss < $1.loss })
    #expect(kept.values == atValidation[best.step] && kept.values == last)
    let zeroed = try attempts.train([
      Ending { moment in
        for parameter in moment.parameters {
          parameter.value.mutableElements.update(repeating: 0, count: parameter.elementCount)
        }
      }
    ])
    #expect(zeroed?.values.allSatisfy { $0.allSatisfy { $0 == 0 } } == true)
  }

  // MARK: - Penalties and passes

  @Test("A penalty's gradient goes to the parameters beside the loss's, once a step") func penalty() throws {
    let tiny = try TinyTraining(
      "llama", method: #"{"name": "lora", "rank": 2}"#, training: #"{"batch_size": 2, "gradient_accumulation": 3}"#)
    let parameters = tiny.attachment.parameters
    let pull = PullToOrigin(strength: 3)
    let moment = TrainingMoment(
      step: 1, stepCount: 1, learningRate: 0, parameters: parameters,
      optimizer: Optimizer(
        .sgd(), parameters: parameters, weightDecay: 0, maximumGradientNorm: nil, context: tiny.context),
      context: tiny.context, seeds: SeedStream(1), passes: { 0 })
    pull.trainingBegins(moment)
    // Away from the origin, and with a B that is not zero, so that A has a gradient.
    for (number, parameter) in parameters.enumerated() {
      for index in 0..<parameter.elementCount {
        parameter.value.mutableElements[index] += 0.05 * Float((index * 7 + number) % 11 - 5)
      }
    }
    let configuration = tiny.configuration.training
    let step = TrainingStep(model: tiny.model, context: tiny.context)
    let source = ExampleSource(
      step, examples: tiny.examples(6, shared: 5, own: 1...9, answer: 2), validation: [], trained: parameters,
      configuration: configuration, seeds: TrainingSeeds(SeedStream(2)))
    _ = try source.nextBatch(step: 1, tokenCount: 0)
    func loss() -> Double {
      let value = source.takeGradients { pull.penalty(moment, on: $0, share: $1) }
      for parameter in parameters { parameter.clearGradient() }
      return value
    }
    let plain = source.takeGradients { _, _ in 0 }
    let withoutPenalty = try parameters.map { try #require($0.gradient).values }
    for parameter in parameters { parameter.clearGradient() }
    let total = source.takeGradients { pull.penalty(moment, on: $0, share: $1) }
    let gradients = try parameters.map { try #require($0.gradient).values }
    #expect(total > plain + 0.01)
    for (number, parameter) in parameters.enumerated() where number % 5 == 0 {
      let index = number * 13 % parameter.elementCount
      let element = parameter.value.mutableElements + index
      let value = element.pointee
      element.pointee = value + 0.02
      let above = loss()
      let upper = Double(element.pointee)
      element.pointee = value - 0.02
      let below = loss()
      let slope = (above - below) / (upper - Double(element.pointee))
      element.pointee = value
      #expect(
        abs(slope - Double(gradients[number][index])) < 0.02 * abs(slope) + 2e-4,
        "\(parameter.name)[\(index)]: \(slope), \(gradients[number][index])")
      // Alone, the penalty's is known in closed form: the batch has several passes, and it counts once.
      let share = gradients[number][index] - withoutPenalty[number][index]
      let distance = 0.05 * Double((index * 7 + number) % 11 - 5)
      #expect(abs(Double(share) - 3 * distance * distance * distance) < 1e-4, "\(parameter.name)[\(index)]")
    }
  }

  @Test("A second member with the same values and optimizer learns the same to the bit, from one pass more a step")
  func members() throws {
    let attempts = Attempts(training: #"{"batch_size": 2, "steps": 5, "keep_best": false, "weight_decay": 0.1}"#)
    let alone = try #require(try attempts.train([]))
    let member = SecondMember { parameters, context in
      Optimizer(.adamW(), parameters: parameters, weightDecay: 0.1, maximumGradientNorm: 1, context: context)
    }
    let together = try #require(try attempts.train([member]))
    #expect(together.values == alone.values)
    #expect(member.values?.tensors.map(\.values) == alone.values)
    let other = SecondMember { parameters, context in
      Optimizer(.sgd(), parameters: parameters, weightDecay: 0, maximumGradientNorm: nil, context: context)
    }
    let apart = try #require(try attempts.train([other]))
    #expect(apart.values == alone.values && other.values?.tensors.map(\.values) != alone.values)
  }

  // MARK: - Interruptions

  @Test("Stopped after any step and taken up, participants bring the same bits") func resuming() throws {
    func participants() -> [any TrainingParticipant] {
      Self.busy() + [
        SecondMember { parameters, context in
          Optimizer(
            .sgd(momentum: 0.5), parameters: parameters, weightDecay: 0, maximumGradientNorm: nil, context: context)
        }
      ]
    }
    let expected = try #require(try Attempts().train(participants()))
    for stop in 1...expected.outcome.stepCount {
      let attempts = Attempts()
      #expect(try attempts.train(participants(), stop: stop) == nil)
      let resumed = try #require(try attempts.train(participants()))
      #expect(resumed.outcome.resumedStep == stop && attempts.complaints.isEmpty)
      #expect(resumed.values == expected.values, "\(stop)")
      #expect(resumed.outcome.history == expected.outcome.history, "\(stop)")
      #expect(resumed.outcome.peak == expected.outcome.peak, "\(stop)")
    }
  }

  @Test(
    "Killed by SIGKILL within a step, whatever is under way, a training ends with the same bits",
    arguments: ["stepBegins", "penalty", "gradientsReady", "stepTaken", "validationBegins", "validated"])
  func killing(event: String) async throws {
    let attempts = Attempts()
    let path = attempts.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, event = event as String] in
      let killer = Listener { name, step in if name == event, step == 6 { kill(getpid(), SIGKILL) } }
      _ = try Attempts.train(
        Self.busy() + [killer], training: Attempts.training, path: path, stop: nil, everySteps: 4)
    }
    let expected = try #require(try Attempts().train(Self.busy() + [Listener()]))
    let resumed = try #require(try attempts.train(Self.busy() + [Listener()]))
    #expect(resumed.outcome.resumedStep == 4)
    #expect(resumed.values == expected.values && resumed.outcome.history == expected.outcome.history)
  }

  @Test("A checkpoint of other participants or options is put aside with a note") func otherParticipants() throws {
    let expected = try #require(try Attempts().train([ExponentialAverage(decay: 0.5)]))
    for other: [any TrainingParticipant] in [[], [ExponentialAverage(decay: 0.8)], [Nothing()]] {
      let attempts = Attempts()
      #expect(try attempts.train(other, stop: 3) == nil)
      let result = try #require(try attempts.train([ExponentialAverage(decay: 0.5)]))
      #expect(result.outcome.resumedStep == 0 && result.values == expected.values)
      #expect(attempts.complaints.count == 1)
      #expect(
        attempts.complaints.first?.contains("and those of this one best, exponential average (decay 0.5)") == true,
        "\(attempts.complaints)")
      let folder = (attempts.path as NSString).deletingLastPathComponent
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).contains(where: AtomicFile.isPutAside))
    }
  }

  @Test("Where one participant refuses its state, all begin again") func refusal() throws {
    let expected = try #require(try Attempts().train(Self.busy() + [Listener()]))
    let attempts = Attempts()
    #expect(try attempts.train(Self.busy() + [Listener()], stop: 4) == nil)
    let refusing = Listener()
    refusing.refuses = true
    let result = try #require(try attempts.train(Self.busy() + [refusing]))
    #expect(result.outcome.resumedStep == 0 && result.values == expected.values)
    #expect(attempts.complaints.first?.contains(#"the state of "listener" does not fit: it is not liked"#) == true)
  }

  @Test("A training that has ended is taken up with its result, and does not end twice") func ended() throws {
    let attempts = Attempts()
    func train(_ listener: Listener) throws -> Attempts.Trained? {
      try Attempts.train(
        [ExponentialAverage(decay: 0.8), listener], training: attempts.training, path: attempts.path, stop: nil,
        savesResult: true)
    }
    let first = try #require(try train(Listener()))
    var heard: [String] = []
    let second = try #require(try train(Listener { name, _ in heard.append(name) }))
    #expect(heard == ["trainingBegins", "restore"])
    #expect(second.values == first.values && second.outcome.history == first.outcome.history)
    #expect(second.outcome.resumedStep == 7 && second.outcome.peak == first.outcome.peak)
  }
}
