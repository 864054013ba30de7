import PEFTCore

/// Noise on parameters in proportion to the spread of each one's own values, so that it means the same for large and
/// small ones; a parameter whose values are all alike, such as LoRA's B at the start, gets none.
enum ParameterNoise {
  /// Adds Gaussian noise of the standard deviation `share · std(p)` to each parameter p.
  ///
  /// - Parameters:
  ///   - share: Of the values' own standard deviation, which divides by one less than their number as PyTorch's does.
  ///   - parameters: The parameters.
  ///   - seeds: Where it is drawn from, for each parameter apart.
  static func addNormal(_ share: Double, to parameters: [Parameter], seeds: SeedStream) {
    add(to: parameters.map(\.value), seeds: seeds) { stream, count, deviation in
      stream.normals(count, standardDeviation: Float(share * deviation))
    }
  }

  /// The same on copies of parameters.
  static func addNormal(_ share: Double, to copies: ParameterSnapshot, seeds: SeedStream) {
    add(to: copies.tensors, seeds: seeds) { stream, count, deviation in
      stream.normals(count, standardDeviation: Float(share * deviation))
    }
  }

  /// Adds noise that is uniform over an interval of the length `share · std(p)` around zero.
  static func addUniform(_ share: Double, to parameters: [Parameter], seeds: SeedStream) {
    add(to: parameters.map(\.value), seeds: seeds) { stream, count, deviation in
      let bound = Float(share * deviation / 2)
      return stream.uniforms(count, in: -bound...bound)
    }
  }

  private static func add(
    to tensors: [Tensor], seeds: SeedStream, _ draw: (SeedStream, _ count: Int, _ deviation: Double) -> [Float]
  ) {
    for (index, tensor) in tensors.enumerated() {
      let deviation = standardDeviation(of: tensor)
      guard deviation > 0 else { continue }
      let values = tensor.mutableElements
      for (element, noise) in draw(seeds.child(index), tensor.elementCount, deviation).enumerated() {
        values[element] += noise
      }
    }
  }

  /// The standard deviation of a tensor's values; 0 of a single one.
  static func standardDeviation(of tensor: Tensor) -> Double {
    let (values, count) = (tensor.elements, tensor.elementCount)
    guard count > 1 else { return 0 }
    var sum = 0.0
    for index in 0..<count { sum += Double(values[index]) }
    let mean = sum / Double(count)
    var squares = 0.0
    for index in 0..<count { squares += (Double(values[index]) - mean) * (Double(values[index]) - mean) }
    return (squares / Double(count - 1)).squareRoot()
  }
}

/// Adds noise to the first values of the parameters, once, before the first step.
///
/// As NoisyTune does (Wu et al. 2022, arXiv 2202.12024, equation 1): `p + U(−λ/2, λ/2) · std(p)`. The released code of DENI has such a strategy, which its script does not run.
final class PriorNoise: TrainingParticipant {
  let name = "prior noise"
  private let intensity: Double

  /// - Parameter intensity: λ.
  init(intensity: Double) { self.intensity = intensity }

  var settings: String { "intensity \(intensity)" }

  func stepBegins(_ moment: TrainingMoment) {
    guard moment.step == 1 else { return }
    ParameterNoise.addUniform(intensity, to: moment.parameters, seeds: moment.seeds)
  }
}
