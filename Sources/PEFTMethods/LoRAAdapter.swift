import PEFTCore

/// LoRA of one linear map.
///
///     y + s · (B·A·dropout(x) + c) − s · B₀·A₀·x      y what it is around gives; c and the last term only if there are any
final class LoRAAdapter: AdditiveLinearAdapter {
  /// A and B.
  let pair: LowRankPair
  /// s.
  let scale: Float
  /// Probability of an element of x to be dropped in training.
  let dropout: Double
  /// A₀ and B₀ that the pair started from, if they are taken out of the weight.
  let origin: LowRankOrigin?
  /// c `[outputs]`.
  private let bias: Parameter?
  /// Keeps the dropout masks of different updates apart.
  private let purpose: String

  init(
    _ linear: Linear, _ pair: LowRankPair, scale: Float, dropout: Double, origin: LowRankOrigin? = nil,
    bias: Parameter? = nil, setting: AttachmentSetting
  ) {
    self.pair = pair
    self.scale = scale
    self.dropout = dropout
    self.origin = origin
    self.bias = bias
    purpose = setting.namespace + linear.site
  }

  var parameters: [Parameter] { pair.trainedParameters + [bias].compactMap { $0 } }

  /// Of a start that is taken out of the weight both pairs are multiplied.
  var multiplyAddsPerToken: Int {
    (origin == nil ? 1 : 2) * (pair.a.elementCount + pair.b.elementCount) + (bias?.elementCount ?? 0)
  }

  /// A, B and c, trained or not.
  var allParameters: [Parameter] { [pair.a, pair.b] + [bias].compactMap { $0 } }

  var outputs: Int { pair.b.shape[0] }

  /// The adapted output, in y's memory.
  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    var y = y
    if let origin {
      y = tape.addLowRank(
        to: y, x: x, a: Variable(constant: origin.a), b: Variable(constant: origin.b), scale: -scale, dropout: 0,
        purpose: purpose)
    }
    let (a, b) = pair.variables(on: tape)
    y = tape.addLowRank(to: y, x: x, a: a, b: b, scale: scale, dropout: dropout, purpose: purpose)
    guard let bias else { return y }
    return tape.addBias(tape.scaled(tape.variable(for: bias), by: scale), to: y)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    if let origin {
      LowRankPair.add(
        origin.a.values, origin.b.values, rank: pair.rank, times: -scale, to: &weight, workers: .one)
    }
    pair.add(times: scale, to: &weight, workers: .one)
    return true
  }

  func merge(intoBias sum: inout [Float]) {
    guard let added = bias?.value.values.map({ scale * $0 }) else { return }
    sum.addShift(added)
  }
}
