import PEFTCore

/// Replaces each value of the parameters by its first one with a probability, in every step anew.
///
/// What is left is scaled so that the mean stays what it was (Lee, Cho and Kang 2020, arXiv 1909.11299):
///
///     m ~ Bernoulli(1 − p)    w' = (m · w + (1 − m) · w₀ − p · w₀) / (1 − p)    ∂w = ∂w' · m / (1 − p)
///
/// w₀ is the pretrained value in full fine-tuning, of norms and of biases, and the initial one of what a method adds. The
/// paper applies it to the weights of the last layer; here all trainable parameters take part, and one mask holds for all
/// passes of a step. The released code also takes away the dropout before that layer; here a method's dropout stays.
final class Mixout: TrainingParticipant {
  let name = "mixout"
  private let probability: Double
  private var origin: ParameterSnapshot?
  /// The parameters of the step while the passes see the mixture.
  private var values: ParameterSnapshot?

  /// - Parameter probability: p, 0..<1.
  init(probability: Double) { self.probability = probability }

  var settings: String { "probability \(probability)" }

  func trainingBegins(_ moment: TrainingMoment) {
    origin = ParameterSnapshot(of: moment.parameters, as: .optimizer, context: moment.context)
    values = nil
  }

  func stepBegins(_ moment: TrainingMoment) {
    guard let origin else { return }
    if let values { values.update(from: moment.parameters) }
    values = values ?? ParameterSnapshot(of: moment.parameters, as: .optimizer, context: moment.context)
    let (p, kept) = (Float(probability), Float(1 - probability))
    for (index, (parameter, origin)) in zip(moment.parameters, origin.tensors).enumerated() {
      let (value, first, mask) = (parameter.value.mutableElements, origin.elements, mask(index, moment))
      for element in 0..<parameter.elementCount {
        let chosen = mask.uniform(at: element) < p ? first[element] : value[element]
        value[element] = (chosen - p * first[element]) / kept
      }
    }
  }

  func gradientsReady(_ moment: TrainingMoment) {
    values?.assign(to: moment.parameters)
    let (p, kept) = (Float(probability), Float(1 - probability))
    for (index, parameter) in moment.parameters.enumerated() where parameter.gradient != nil {
      let mask = mask(index, moment)
      parameter.accumulateGradient { gradient, _ in
        for element in 0..<parameter.elementCount {
          gradient[element] = mask.uniform(at: element) < p ? 0 : gradient[element] / kept
        }
      }
    }
  }

  /// Where the mask of a parameter is drawn from: a value below p replaces.
  private func mask(_ parameter: Int, _ moment: TrainingMoment) -> SeedStream {
    moment.seeds.child(moment.step).child(parameter)
  }
}
