import PEFTCore
import PEFTMethods

/// What one run costs, estimated from the sizes of its data, the method's shapes and the machine's measured speed.
struct RunCost {
  let run: PlannedRun
  let evaluation: EvaluationConfiguration
  /// The model, which needs no weights.
  let model: CausalLanguageModel
  let method: MethodFigures
  let data: DatasetSizes
  /// How many rows an epoch of the run has, and how many it holds back.
  let counts: (epoch: Int, heldBack: Int)
  /// Models that answer each row.
  let voters: Int
  /// The share of the trained part's blocks whose activations are computed again.
  var recomputedShare = 0.0

  /// More tokens than any run sees, and few enough that sums over the runs of a plan do not overflow.
  private static let mostTokens = 1e12

  private var training: TrainingConfiguration { run.training }
  private var trains: Bool { run.trains && method.trainable > 0 }
  /// Training examples that are held back.
  private var heldBack: Double { Double(trains ? counts.heldBack : 0) }
  private var trainedExamples: Double { Double(trains ? counts.epoch : data.trainingRows) }
  private var steps: Int {
    trains ? Trainer.stepCount(examples: counts.epoch, configuration: training) : 0
  }
  /// Passes over the training set that the steps make.
  private var epochs: Double {
    let perEpoch = (trainedExamples / Double(training.batchSize * training.gradientAccumulation)).rounded(.up)
    return Double(steps) / max(1, perEpoch)
  }

  /// Optimizer steps of all models together, for each step of one.
  private var modelsPerStep: Double { Double(training.strategy.modelSteps(of: steps)) / Double(max(1, steps)) }

  /// FLOPs of the passes of all models that answer over 512 tokens, as the run's record counts them.
  var inferenceFLOPs: Int {
    voters * ForwardFLOPs.count(model, tokens: ForwardFLOPs.referenceTokens, cost: method.inference)
  }

  /// The sizes for the plan.
  var work: RunEstimate.Work {
    RunEstimate.Work(
      trainingRows: data.trainingRows, evaluationRows: data.scoredRows, furtherRows: data.furtherRows,
      trainingClasses: data.classes.training, evaluationClasses: data.classes.evaluation,
      trainingTokens: trains && data.trainingRows > 0
        ? Int(
          min(
            Self.mostTokens,
            modelsPerStep * epochs * trainedExamples * Double(data.trainingTokens) / Double(data.trainingRows)))
        : 0,
      evaluationTokens: voters * data.evaluationTokens, steps: steps)
  }

  /// Work of a pass through the method beside that through the model alone.
  private var methodFactor: Double {
    let base = model.linears.reduce(0) { $0 + 2 * $1.inputs * $1.outputs }
    return 1 + Double(method.inference.operationsPerToken) / Double(max(1, base))
  }

  /// Work of a training step beside that of a method whose frozen weights need no gradient.
  private var trainingFactor: Double {
    // Forward, gradient of the input, gradient of the weights: three equal parts, of which such a method has two.
    let gradients = method.trainable > model.parameterCount / 2 ? 1.5 : 1
    return methodFactor * gradients * (1 + 0.5 * recomputedShare)
  }

  /// Seconds on a machine of that speed.
  func seconds(_ speed: MachineSpeed) -> Double {
    var seconds = 0.0
    if trains {
      let passes = Double(steps * training.gradientAccumulation)
      let rows =
        modelsPerStep
        * (data.trainingBatchRows(epochs * trainedExamples, batchSize: training.batchSize)
          + passes * Double(method.inference.virtualTokens))
      seconds += rows * trainingFactor / speed.trainingRows
      if heldBack > 0 {
        let perEpoch = max(1, Double(steps) / max(epochs, 1e-9))
        let every = training.validationEvery.map(Double.init) ?? perEpoch / Double(max(1, training.evaluationsPerEpoch))
        let times = (Double(steps) / max(1, every)).rounded(.up)
        let rows = data.trainingBatchRows(heldBack, batchSize: training.batchSize)
        seconds += Double(training.strategy.trainingCount) * times * rows * methodFactor / speed.forwardRows
      }
    }
    let answering = answeringSeconds(speed)
    if let choice = run.method.adapterSource.choice {
      // Held-out rows take about as long as those that are scored.
      let rows = (training.heldOutShare(of: data.trainingRows) * Double(data.trainingRows)).rounded(.down)
      seconds += Double(choice.candidates.count) * rows / Double(max(1, data.evaluationRows)) * answering
    }
    return seconds + Double(voters) * answering
  }

  /// Seconds in which one model answers all rows.
  private func answeringSeconds(_ speed: MachineSpeed) -> Double {
    if evaluation.mode == .rank, !run.dataset.labels.isEmpty {
      return (data.evaluationBatchRows + Double(data.choiceTokens)) * methodFactor / speed.forwardRows
    }
    let reading = data.evaluationBatchRows * methodFactor / speed.forwardRows
    let limit = data.answerLimit
    let batches = (data.evaluationRows + evaluation.batchSize - 1) / evaluation.batchSize
    // A trained model stops where the gold answers do; the base model talks on.
    let generated = trains ? data.generationSteps(batchSize: evaluation.batchSize, limit: limit) : batches * limit
    let share = Double(evaluation.batchSize) / Double(MachineSpeed.generatedSequences)
    return reading + Double(generated) * speed.generationStep * max(1, share)
  }
}
