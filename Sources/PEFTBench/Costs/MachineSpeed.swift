import Dispatch
import PEFTCore
import PEFTMethods

/// How fast this machine trains and asks a model, from a look of about two seconds.
///
/// A row is one position of one sequence in a batch, virtual tokens included and shared beginnings counted once.
struct MachineSpeed {
  /// Rows a second of a training step's forward and backward passes.
  let trainingRows: Double
  /// Rows a second of a forward pass.
  let forwardRows: Double
  /// Seconds of one step of generation with `generatedSequences` sequences.
  let generationStep: Double
  /// Bytes of activations that a training step keeps for a row.
  let trainingBytes: Double
  /// Bytes of activations of a forward pass for a row.
  let forwardBytes: Double

  /// Sequences of the generation that is timed.
  static let generatedSequences = 8
  /// Seconds that one timed forward pass should take.
  private static let wantedSeconds = 0.2
  /// What a training step takes where a forward pass is too slow to time more of them: it and twice it.
  private static let usualTrainingFactor = 3.0

  /// Times a model with an attached method.
  init(_ model: CausalLanguageModel, attachment: AttachedMethod, context: ComputeContext) {
    let probe = Probe(model: model, context: context)
    // The first pass fetches weights from the disk, the second one is counted.
    _ = probe.forward(sequences: 1, tokens: 16)
    let first = probe.forward(sequences: 1, tokens: 16)
    let rate = Double(first.rows) / first.seconds
    guard first.seconds < Self.wantedSeconds else {
      forwardRows = rate
      trainingRows = rate / Self.usualTrainingFactor
      generationStep = first.seconds
      forwardBytes = first.bytes
      trainingBytes = Double(TrainingActivations.bytes(model, rows: 1))
      return
    }
    let tokens = min(128, max(16, Int(rate * Self.wantedSeconds) / 4))
    let forward = probe.forward(sequences: 4, tokens: tokens)
    forwardRows = Double(forward.rows) / forward.seconds
    forwardBytes = forward.bytes
    if attachment.parameters.isEmpty {
      trainingRows = forwardRows / Self.usualTrainingFactor
      trainingBytes = Double(TrainingActivations.bytes(model, rows: 1))
    } else {
      let training = probe.training(sequences: 4, tokens: tokens)
      for parameter in attachment.parameters { parameter.clearGradient() }
      trainingRows = Double(training.rows) / training.seconds
      trainingBytes = training.bytes
    }
    generationStep = probe.generationStep()
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
      pass(sequences, tokens) { batch in
        let tape = Tape(context: context, recording: false)
        let hidden = model.hiddenStates(batch.forest, on: tape)
        _ = model.logits(rows: batch.labels.map(\.row), of: hidden, on: tape)
      }
    }

    func training(sequences: Int, tokens: Int) -> Pass {
      pass(sequences, tokens) { batch in
        let tape = Tape(context: context, recording: true)
        let hidden = model.hiddenStates(batch.forest, on: tape)
        _ = model.loss(of: batch.labels, hidden: hidden, on: tape)
        tape.runBackward()
      }
    }

    func generationStep() -> Double {
      let generator = Generator(model: model, endTokens: [], context: context)
      let shared = generator.cache(shared: [])
      let prompts = (0..<MachineSpeed.generatedSequences).map { ids(sequence: $0, count: 8) }
      func seconds(_ steps: Int) -> Double {
        let start = DispatchTime.now()
        _ = generator.generate(prompts, after: shared, maximumNewTokens: steps)
        return start.secondsUntilNow
      }
      let one = seconds(1)
      return max(seconds(4) - one, 1e-6) / 3
    }

    private func pass(_ sequences: Int, _ tokens: Int, _ body: (TrainingBatch) -> Void) -> Pass {
      let examples = (0..<sequences).map { sequence in
        let ids = ids(sequence: sequence, count: tokens)
        return EncodedExample(prompt: Array(ids.dropLast(2)), answer: Array(ids.suffix(2)))
      }
      let before = context.pool.live[.activations]
      context.pool.resetPeak()
      let start = DispatchTime.now()
      let batch = TrainingBatch(examples, model: model, labelCount: 2 * sequences)
      body(batch)
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
