import PEFTCore

extension TrainingStrategy {
  /// Whether the result is what the last step leaves, and not the parameters of the lowest validation loss.
  ///
  /// Averages and members are made by all steps; a validation sees one of several models. With one member there is
  /// nothing but the one model.
  package var resultIsLast: Bool {
    switch self {
    case .meanWeights, .movingAverage: true
    default: copiesParameters
    }
  }

  /// Whether several sets of the parameters are trained side by side.
  package var copiesParameters: Bool { copyCount > 0 }

  /// Models that answer each row, and vote where there are several.
  package var voterCount: Int {
    if case .ensemble(let members) = self { return members.value }
    return phases.map { $0.kind.votes ? $0.members : 1 } ?? 1
  }

  /// Trainings of the whole length, one after the other.
  package var trainingCount: Int { if case .ensemble(let members) = self { members.value } else { 1 } }

  /// What takes part in a training; nil where plain steps do.
  ///
  /// - Parameter learningRate: The highest of the training.
  package func participant(learningRate: Double) -> (any TrainingParticipant)? {
    switch self {
    case .standard, .bestPractices, .ensemble, .noiseInput, .augmentation, .allData: nil
    case .noiseWeights(let noise): WeightNoise(noise)
    case .meanWeights(let mean): WeightAverage(mean)
    case .movingAverage(let average): WeightAverage(average)
    case .mixout(let probability): Mixout(probability: probability)
    case .priorNoise(let intensity): PriorNoise(intensity: intensity)
    case .members(let phases), .augmentedMembers(let phases, _): NoisyMembers(phases, learningRate: learningRate)
    }
  }

  /// Noise on the embeddings of a training of so many steps; nil for none.
  func inputNoise(stepCount: Int) -> InputNoise? {
    if case .noiseInput(let noise) = self { InputNoise(noise: noise, stepCount: stepCount) } else { nil }
  }

  /// The steps, from 1, that several members take each, as half-open ranges.
  package func sharedSteps(of stepCount: Int) -> [Range<Int>] {
    phases?.sharedSteps(of: stepCount) ?? []
  }

  /// Passes of a batch that each shared step has beside the first member's.
  package var copyCount: Int { phases.map { $0.members - 1 } ?? 0 }

  /// Bytes that are kept beside the trainable values and their optimizer's state, as what they count in memory.
  ///
  /// Copies of values are float32, in whichever form an optimizer keeps its moments.
  ///
  /// - Parameters:
  ///   - values: How many values are trained.
  ///   - optimizerBytes: What one optimizer keeps for them.
  package func copiedBytes(ofValues values: Int, optimizerBytes: Int) -> (adapter: Int, optimizer: Int) {
    switch self {
    case .standard, .bestPractices, .noiseInput, .noiseWeights, .priorNoise, .augmentation, .allData: (0, 0)
    case .meanWeights, .movingAverage: (0, 4 * values)
    case .mixout: (0, 8 * values)
    case .ensemble(let members): (4 * (members.value - 1) * values, 0)
    case .members, .augmentedMembers: (4 * copyCount * values, copyCount * optimizerBytes)
    }
  }

  /// Optimizer steps of all members together, in trainings of so many steps each.
  package func modelSteps(of stepCount: Int) -> Int {
    trainingCount * (stepCount + copyCount * sharedSteps(of: stepCount).reduce(0) { $0 + $1.count })
  }
}
