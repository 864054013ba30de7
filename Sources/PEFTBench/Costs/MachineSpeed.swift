import Dispatch
import PEFTCore
import PEFTMethods

/// How fast this machine trains and asks a model, from a look of about two seconds.
///
/// Everything is timed several times and the fastest counts: whatever else the machine is doing can only make a pass
/// slower. A row is one position of one sequence in a batch, virtual tokens included and shared beginnings counted once.
struct MachineSpeed {
  /// Rows a second of a training step's forward and backward passes.
  let trainingRows: Double
  /// Rows a second of a forward pass.
  let forwardRows: Double
  /// Seconds of one step of generation with `generatedSequences` sequences.
  let generationStep: Double
  /// Bytes of activations of a forward pass for a row.
  let forwardBytes: Double
  /// How many times as long as the fastest pass the slowest of its kind took.
  let unsteadiness: Double

  /// Sequences of the generation that is timed.
  static let generatedSequences = 8
  /// Seconds that one timed forward pass should take.
  private static let wantedSeconds = 0.1
  /// Timed passes of a kind, unless they take too long.
  private static let repetitions = 5
  /// Time budget in seconds for all passes of one kind.
  private static let mostSeconds = 0.6
  /// Seconds of the first small pass from which on nothing larger is timed.
  private static let tooSlow = 1.0
  /// Least tokens of the four sequences that are timed: unpacking the weights costs the same for few rows as for many.
  private static let leastTokens = 32
  /// What a training step takes where a forward pass is too slow to time more of them: it and twice it.
  private static let usualTrainingFactor = 3.0

  /// Speeds that are about as they are to each other on any machine: enough to tell long runs from short ones.
  static let usual = MachineSpeed(trainingRows: 1, forwardRows: 3, generationStep: 5)

  private init(trainingRows: Double, forwardRows: Double, generationStep: Double) {
    (self.trainingRows, self.forwardRows, self.generationStep) = (trainingRows, forwardRows, generationStep)
    (forwardBytes, unsteadiness) = (0, 1)
  }

  /// Times a model with an attached method.
  init(_ model: CausalLanguageModel, attachment: AttachedMethod, context: ComputeContext) {
    let probe = Probe(model: model, context: context)
    var spread = 1.0
    // The first pass fetches weights from the disk, later ones are counted.
    _ = probe.forward(sequences: 1, tokens: 16)
    let first = Self.fastest(&spread) { probe.forward(sequences: 1, tokens: 16) }
    let rate = Double(first.rows) / first.seconds
    guard first.seconds < Self.tooSlow else {
      forwardRows = rate
      trainingRows = rate / Self.usualTrainingFactor
      generationStep = first.seconds
      forwardBytes = first.bytes
      unsteadiness = spread
      return
    }
    let tokens = min(128, max(Self.leastTokens, Int(rate * Self.wantedSeconds) / 4))
    let forward = Self.fastest(&spread) { probe.forward(sequences: 4, tokens: tokens) }
    forwardRows = Double(forward.rows) / forward.seconds
    forwardBytes = forward.bytes
    if attachment.parameters.isEmpty {
      trainingRows = forwardRows / Self.usualTrainingFactor
    } else {
      let training = Self.fastest(&spread) {
        defer { for parameter in attachment.parameters { parameter.clearGradient() } }
        return probe.training(sequences: 4, tokens: tokens)
      }
      trainingRows = Double(training.rows) / training.seconds
    }
    generationStep = Self.fastest(&spread) { probe.generationStep() }.seconds
    unsteadiness = spread
  }

  /// The fastest of several passes; `spread` grows to how much slower the slowest was.
  private static func fastest(_ spread: inout Double, _ pass: () -> Probe.Pass) -> Probe.Pass {
    var best = pass()
    var slowest = best.seconds
    var total = best.seconds
    for _ in 1..<repetitions where total < mostSeconds {
      let next = pass()
      total += next.seconds
      slowest = max(slowest, next.seconds)
      if next.seconds < best.seconds { best = next }
    }
    spread = max(spread, slowest / best.seconds)
    return best
  }

  /// Random tokens, through the model.
  private struct Probe {
    let model: CausalLanguageModel
    let context: ComputeContext

    struct Pass {
      let rows: Int
      let seconds: Double
      let bytes: Double
    }

    func forward(sequences: Int, tokens: Int) -> Pass {
      pass(sequences, tokens) { _ = $0.logits(of: $1) }
    }

    func training(sequences: Int, tokens: Int) -> Pass {
      pass(sequences, tokens) { _ = $0.takeGradients(of: $1, dropout: nil) }
    }

    func generationStep() -> Pass {
      let generator = Generator(model: model, endTokens: [], context: context)
      let shared = generator.cache(shared: [])
      let prompts = (0..<MachineSpeed.generatedSequences).map { ids(sequence: $0, count: 8) }
      func seconds(_ steps: Int) -> Double {
        let start = DispatchTime.now()
        _ = try? generator.generate(prompts, after: shared, maximumNewTokens: steps)
        return start.secondsUntilNow
      }
      let one = seconds(1)
      return Pass(rows: prompts.count, seconds: max(seconds(4) - one, 1e-6) / 3, bytes: 0)
    }

    private func pass(_ sequences: Int, _ tokens: Int, _ body: (TrainingStep, TrainingBatch) -> Void) -> Pass {
      let examples = (0..<sequences).map { sequence in
        let ids = ids(sequence: sequence, count: tokens)
        return EncodedExample(prompt: Array(ids.dropLast(2)), answer: Array(ids.suffix(2)))
      }
      let before = context.pool.live[.activations]
      context.pool.resetPeak()
      let start = DispatchTime.now()
      let batch = TrainingBatch(examples, model: model, labelCount: 2 * sequences)
      body(TrainingStep(model: model, context: context), batch)
      let bytes = context.pool.peak[.activations] - before
      let rows = batch.forest.rowCount
      return Pass(
        rows: rows, seconds: max(start.secondsUntilNow, 1e-6), bytes: Double(max(bytes, 0)) / Double(rows))
    }

    private func ids(sequence: Int, count: Int) -> [Int32] {
      let stream = SeedStream(0).child("speed").child(sequence)
      return (0..<count).map { Int32(stream.integer(below: max(1, model.configuration.vocabularySize - 1), at: $0)) }
    }
  }
}

extension DispatchTime {
  /// Seconds since this time.
  var secondsUntilNow: Double { Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) / 1e9 }
}
