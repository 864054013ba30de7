import PEFTCore

/// Weight-decomposed low-rank adaptation of one map: LoRA turns the weight's rows, a vector sets their lengths.
///
///     y = (m / ‖W + s·B·A‖ by row) ⊙ (W·x + s·B·A·dropout(x)) + b,   m: [outputs]
///
/// m starts at the lengths of W's rows, so that step 0 is the base model bit for bit. As in the paper (section 4.3)
/// and in PEFT, the norm counts as a constant in the gradient. It is computed without making the sum: by rows,
/// ‖w + s·b·A‖² = ‖w‖² + 2s·b·(A·wᵀ) + s²·b·(A·Aᵀ)·bᵀ. With dropout PEFT drops inputs of the rescaled W too; here, as
/// in LoRA, only those of the update.
///
/// Source: Liu et al. 2024, arXiv 2402.09353, equation 5.
final class DoRAAdapter: LinearAdapter {
  private let update: LoRAAdapter
  private let magnitude: Parameter
  private unowned let linear: Linear
  private let context: ComputeContext
  private var squaredRows: [Double]?
  /// The lengths for the last values seen in evaluation, where they do not change from token to token.
  private var known: (a: [Float], b: [Float], lengths: [Float])?

  /// - Parameter update: s·B·A·dropout(x).
  init(_ linear: Linear, _ update: LoRAAdapter, setting: AttachmentSetting) {
    self.linear = linear
    self.update = update
    context = setting.context
    magnitude = Parameter(
      "\(linear.site).lora_magnitude_vector", shape: [linear.outputs], in: setting.context.pool
    ) { [unowned linear] in Self.squaredRows(of: linear).map { Float($0.squareRoot()) } }
  }

  var parameters: [Parameter] { update.parameters + [magnitude] }
  var multiplyAddsPerToken: Int { update.multiplyAddsPerToken + magnitude.elementCount }
  var stacking: Stacking { .replaces }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    let weight = linear.loadedWeight
    let turned = update.add(to: tape.linear(x, weight), x: x, on: tape)
    let lengths = Tensor(keptLengths(tape) ?? rowLengths(weight), shape: [linear.outputs], in: tape.context.pool)
    let factors = tape.divide(tape.variable(for: magnitude), by: lengths)
    return linear.addBias(to: tape.scaleColumns(turned, by: factors), on: tape)
  }

  /// Part of the way from W to the turned and rescaled weight.
  func atStrength(_ strength: Float) -> (any LinearAdapter)? { PartialAdapter(self, strength: strength) }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    guard let frozen = linear.weight else { return false }
    _ = update.merge(intoWeight: &weight)
    let factors = zip(magnitude.value.values, rowLengths(frozen)).map { $0 / $1 }
    for index in weight.indices { weight[index] *= factors[index / linear.inputs] }
    return true
  }

  private func keptLengths(_ tape: Tape) -> [Float]? {
    if tape.isRecording { return nil }
    guard let known, known.a == update.pair.a.value.values, known.b == update.pair.b.value.values else { return nil }
    return known.lengths
  }

  /// ‖W + s·B·A‖ of every row.
  private func rowLengths(_ weight: WeightMatrix) -> [Float] {
    let pair = update.pair
    let (rank, inputs, outputs) = (pair.rank, linear.inputs, linear.outputs)
    let squares =
      squaredRows
      ?? (context.isShapeOnly ? [Double](repeating: 0, count: linear.outputs) : Self.squaredRows(of: linear))
    squaredRows = squares
    let (a, b) = (pair.a.value, pair.b.value)
    let (pool, workers) = (context.pool, context.workers)
    let products = Tensor(uninitialized: [rank, outputs], in: pool)
    weight.multiply(
      a.elements, rows: rank, xStride: inputs, into: products.mutableElements, yStride: outputs, workers: workers)
    let gram = Tensor(uninitialized: [rank, rank], in: pool)
    MatrixMultiply.multiply(
      m: rank, n: rank, k: inputs, a: a.elements, aStride: inputs, b: a.elements, bStride: inputs, transposeB: true,
      c: gram.mutableElements, cStride: rank, workers: workers)
    let turned = Tensor(uninitialized: [outputs, rank], in: pool)
    MatrixMultiply.multiply(
      m: outputs, n: rank, k: rank, a: b.elements, aStride: rank, b: gram.elements, bStride: rank,
      c: turned.mutableElements, cStride: rank, workers: workers)
    let factor = Double(update.scale)
    let lengths = withExtendedLifetime((products, turned, b)) {
      let (products, turned, b) = (products.elements, turned.elements, b.elements)
      return (0..<outputs).map { output -> Float in
        var (linear, quadratic) = (0.0, 0.0)
        for r in 0..<rank {
          let value = Double(b[output * rank + r])
          linear += value * Double(products[r * outputs + output])
          quadratic += value * Double(turned[output * rank + r])
        }
        return Float(max(0, squares[output] + 2 * factor * linear + factor * factor * quadratic).squareRoot())
      }
    }
    known = (a.values, b.values, lengths)
    return lengths
  }

  private static func squaredRows(of linear: Linear) -> [Double] {
    let weight = linear.loadedWeight
    var row = [Float](repeating: 0, count: linear.inputs)
    return (0..<linear.outputs).map { output in
      row.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        weight.decodeRow(output, into: base)
        return buffer.reduce(0.0) { $0 + Double($1) * Double($1) }
      }
    }
  }
}
