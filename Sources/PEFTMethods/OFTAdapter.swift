import PEFTCore

/// The rotation of one map's input.
final class OFTAdapter: MapAdapter {
  /// Elements of the skew-symmetric matrices above their diagonals, `[blocks or 1, b·(b - 1) / 2]`.
  private let weight: Parameter
  private let blockSize: Int
  private let form: OFT.Form
  private let terms: Int
  /// The largest Frobenius norm of a skew-symmetric matrix, if it is limited.
  private let limit: Float?
  private let dropout: Double
  private let inputs: Int
  private let context: ComputeContext
  /// Keeps the draws of different maps apart.
  private let purpose: String

  init(_ linear: Linear, _ method: OFT, blockSize: Int, setting: AttachmentSetting) {
    self.blockSize = blockSize
    (form, terms, dropout) = (method.form, method.terms, method.dropout)
    (inputs, context) = (linear.inputs, setting.context)
    purpose = setting.namespace + linear.site
    let count = method.sharesBlocks ? 1 : linear.inputs / blockSize
    limit = method.isConstrained ? Float(method.epsilon / Double(count).squareRoot()) : nil
    let width = blockSize * (blockSize - 1) / 2
    weight = Parameter("\(linear.site).oft_R.weight", shape: [count, width], in: setting.context.pool) {
      [Float](repeating: 0, count: count * width)
    }
  }

  private init(_ whole: OFTAdapter, strength: Float) {
    weight = whole.weight.mapped { $0.map { strength * $0 } }
    (blockSize, form, terms, limit) = (whole.blockSize, whole.form, whole.terms, whole.limit)
    (dropout, inputs, context, purpose) = (whole.dropout, whole.inputs, whole.context, whole.purpose)
  }

  /// That part of the angle: the generator is multiplied, not what it makes of the weight.
  func atStrength(_ strength: Float) -> (any LinearAdapter)? {
    // What counts of a constrained matrix is its shortened form.
    limitAngles()
    return OFTAdapter(self, strength: strength)
  }

  var parameters: [Parameter] { [weight] }
  /// Each input is turned with those of its block.
  var multiplyAddsPerToken: Int { inputs * blockSize }
  var stacking: Stacking { .transforms }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    base(tape.blockProduct(x, dropped(rotations(on: tape), on: tape), transposeBlocks: false))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let tape = Tape(context: context, recording: false)
    let rows = Variable(constant: Tensor(weight, shape: [weight.count / inputs, inputs], in: context.pool))
    weight = tape.blockProduct(rows, rotations(on: tape)).value.values
    return true
  }

  /// R_i of every block, or the one that all share: `[blocks or 1, b, b]`.
  private func rotations(on tape: Tape) -> Variable {
    limitAngles()
    let skew = tape.skew(tape.variable(for: weight), size: blockSize)
    let identity = identity { _ in 1 }
    if form == .exact {
      return tape.batchedProduct(tape.difference(identity, skew), tape.inverse(tape.sum(identity, skew)))
    }
    var sum = tape.sum(identity, tape.scaled(skew, by: 2))
    guard terms > 2 else { return sum }
    // Of three terms PEFT makes as many as of four.
    let last = max(3, terms - 1)
    var power = skew
    for exponent in 2...last {
      power = tape.batchedProduct(power, skew)
      sum = tape.sum(sum, exponent == last ? power : tape.scaled(power, by: 2))
    }
    return sum
  }

  /// Some of the rotations replaced by the identity, in training.
  private func dropped(_ rotations: Variable, on tape: Tape) -> Variable {
    let count = rotations.shape[0]
    let gone = Int(dropout * Double(count))
    guard gone > 0, count > 1, let stream = tape.dropoutStream?.child(purpose) else { return rotations }
    let replaced = Set(stream.permutation(count).prefix(gone))
    let kept = Tensor(uninitialized: rotations.shape, in: context.pool)
    let size = blockSize * blockSize
    for block in 0..<count {
      (kept.mutableElements + block * size).update(repeating: replaced.contains(block) ? 0 : 1, count: size)
    }
    return tape.sum(
      tape.hadamard(rotations, Variable(constant: kept)), identity { replaced.contains($0) ? 1 : 0 })
  }

  /// Matrices with a factor of the identity each.
  private func identity(_ factor: (_ block: Int) -> Float) -> Variable {
    let count = weight.shape[0]
    let result = Tensor(zeros: [count, blockSize, blockSize], in: context.pool)
    for block in 0..<count {
      for index in 0..<blockSize {
        result.mutableElements[(block * blockSize + index) * blockSize + index] = factor(block)
      }
    }
    return Variable(constant: result)
  }

  /// Shortens the matrices that are longer than the limit, in place and beside the gradient, as PEFT does before each pass.
  ///
  /// A matrix that was shortened is left alone when it comes by again, whatever rounding made of its length.
  private func limitAngles() {
    guard let limit else { return }
    let (count, width) = (weight.shape[0], weight.shape[1])
    for block in 0..<count {
      let elements = weight.value.mutableElements + block * width
      // Each element stands twice in the matrix.
      let norm = (0..<width).reduce(0.0) { $0 + 2 * Double(elements[$1]) * Double(elements[$1]) }.squareRoot()
      guard norm > Double(limit) * (1 + 1e-6) else { continue }
      let factor = Float(Double(limit) / norm)
      for index in 0..<width { elements[index] *= factor }
    }
  }
}
