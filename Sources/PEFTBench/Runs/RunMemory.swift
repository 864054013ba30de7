import PEFTCore
import PEFTMethods

/// The tensors that a run holds at its peak, estimated from the sizes of its data and the shapes of model and method.
///
/// Of training a step is gone through without its arithmetic (`TrainingRehearsal`). Kernels' scratch, token ids and the
/// tokenizer are left out, as in the record.
struct RunMemory {
  let run: PlannedRun
  let evaluation: EvaluationConfiguration
  let model: CausalLanguageModel
  /// Bytes of the frozen weights as they are held.
  let weightBytes: Int
  let method: MethodFigures
  let data: DatasetSizes
  /// A step of the training with its largest batch; nil where nothing is trained, or there is no room for its shapes.
  let rehearsal: TrainingRehearsal?
  /// What a look at the machine found activations of a forward pass to take; nil to count them from shapes.
  var speed: MachineSpeed?
  /// The blocks whose activations are computed again in the backward pass.
  var recomputed: Set<Int> = []

  var trains: Bool { run.trains && method.trainable > 0 }
  var settings: TrainingConfiguration { run.training }
  /// Bytes of one position's keys and values in all layers.
  private var cached: Int { 8 * model.blockShapes.reduce(0) { $0 + $1.keyValueWidth } }
  /// Whether the method trains the frozen weights themselves, in float32.
  private var trainsEverything: Bool { method.trainable > model.parameterCount / 2 }

  /// The peak that the record states: while the run trains, or while it answers if it does not train.
  var counted: MemoryUse { trains ? training : answering }

  /// Models that answer, whose values are kept beside those of the one that does; saved ones are read one after the other.
  private var voters: Int { run.trains ? settings.strategy.voterCount : 1 }

  /// The larger peak of both.
  var largest: MemoryUse {
    guard trains else { return answering }
    let (one, other) = (training, answering)
    return one.total < other.total ? other : one
  }

  /// While the largest batch is trained on.
  private var training: MemoryUse {
    var use = MemoryUse()
    let kept = settings.optimizerStateBytes(of: method.stateShape)
    let copies = settings.strategy.copiedBytes(ofValues: method.trainable, optimizerBytes: kept)
    let step = rehearsal?.peak(recomputing: recomputed) ?? outlined
    use[.weights] = (trainsEverything ? 0 : weightBytes) + step[.weights]
    use[.adapter] = step[.adapter] + copies.adapter
    use[.gradients] = step[.gradients]
    use[.optimizer] = kept + copies.optimizer
    use[.activations] = step[.activations]
    return use
  }

  /// While the longest prompts of a batch are read, and answers of full length follow.
  private var answering: MemoryUse {
    var use = MemoryUse()
    use[.weights] = trainsEverything ? 0 : weightBytes
    use[.adapter] = 4 * method.trainable * (voters > 1 ? 1 + voters : 1)
    let limit = data.answerLimit
    let suffix = max(0, data.longestPrompt - data.evaluationShared)
    let rows = max(evaluation.batchSize * suffix, data.evaluationShared)
    let perRow = speed?.forwardBytes ?? Double(TrainingActivations.forwardBytes(model, rows: 1))
    let positions =
      evaluation.batchSize * (suffix + limit) + data.evaluationShared + method.inference.prefixPositions
    use[.activations] = ByteCount.whole(Double(rows) * perRow + Double(positions) * Double(cached))
    return use
  }

  /// What a step holds by the shapes of the blocks alone: more than the largest batch takes, with all gradients at once.
  private var outlined: MemoryUse {
    var use = MemoryUse()
    use[.adapter] = 4 * method.trainable
    use[.gradients] = 4 * method.trainable
    let batch = data.largestBatch(settings.batchSize)
    let rows = batch.rows + method.inference.virtualTokens
    let perRow = TrainingActivations.bytes(model, rows: 1, recomputing: recomputed, frozen: method.frozenBlockCount)
    let labels = min(CausalLanguageModel.labelledRowsAtOnce, batch.examples.reduce(0) { $0 + $1.answer })
    use[.activations] = ByteCount.whole(
      Double(rows) * Double(perRow) + Double(cached * method.inference.prefixPositions)
        + 4 * Double(labels) * Double(model.configuration.vocabularySize))
    return use
  }

  /// What to change where that is too much: of the part that takes the most.
  var advice: String { leastNote + ownAdvice }

  private var ownAdvice: String {
    let use = largest
    let largestKind = MemoryKind.allCases.max { use[$0] < use[$1] }
    switch largestKind {
    case .weights: return "take a smaller model, or a quantized GGUF file of it"
    case .activations where trains && use == training:
      let canRecompute = !settings.recompute.isChoice && recomputed.count < recomputableCount
      let recompute = canRecompute ? ", or set training.recompute: auto" : ""
      return "lower training.batch_size (\(settings.batchSize)) or training.cutoff_tokens "
        + "(\(settings.cutoffTokens))\(recompute)"
    case .activations: return "lower evaluation.batch_size (\(evaluation.batchSize)) or training.cutoff_tokens"
    case .optimizer where settings.optimizerState == .float32 && use == training:
      return "set training.optimizer_state: int8, or train fewer parameters than the \(method.trainable) of "
        + run.method.label
    case .adapter, .gradients, .optimizer, nil:
      return "train fewer parameters than the \(method.trainable) of \(run.method.label)"
    }
  }
}
