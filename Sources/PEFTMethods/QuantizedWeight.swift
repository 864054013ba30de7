import PEFTCore

/// LoftQ's start of one map: its weight in 4 bits, and factors that give back what it lost.
///
///     R = W;   repeated: Q = NF4(R), (B, A) = the leading components of W − Q, R = W − s·B·A
///
/// with s·B·A the best approximation of rank r, so that step 0 is as near to the base model as 4 bits and the rank allow.
/// NF4 is that of `model convert --to nf4`, with its scales quantized too. PEFT leaves s out, which is the same for
/// alpha = rank; for another alpha its start is not near the base model.
///
/// Source: Li et al. 2023, arXiv 2310.08659; PEFT's `loftq_init`.
final class QuantizedWeight: LowRankStart {
  /// The member of `loftq_config` that tells our files, whose weights can be made again, from PEFT's.
  static let ownMember = "double_quantization"

  private unowned let linear: Linear
  private let rank: Int
  private let scale: Double
  private let iterations: Int
  private let context: ComputeContext
  private var made: (matrix: WeightMatrix, factors: (a: [Float], b: [Float]))?

  init(_ linear: Linear, rank: Int, scale: Float, _ options: LoRAStartOptions, _ setting: AttachmentSetting) {
    (self.linear, self.rank, self.scale) = (linear, rank, Double(scale))
    (iterations, context) = (options.iterations, setting.context)
  }

  var factors: (a: [Float], b: [Float]) { computed.factors }

  /// The weight in 4 bits; in float32 with the same values where its rows are not made of whole blocks.
  var matrix: WeightMatrix { computed.matrix }

  private var computed: (matrix: WeightMatrix, factors: (a: [Float], b: [Float])) {
    if let made { return made }
    if context.isShapeOnly, let matrix = Self.shape(of: linear, context) {
      let result = (
        matrix,
        (
          a: [Float](repeating: 0, count: rank * linear.inputs), b: [Float](repeating: 0, count: rank * linear.outputs)
        )
      )
      made = result
      return result
    }
    let weight = linear.loadedWeight.values
    let (inputs, outputs) = (linear.inputs, linear.outputs)
    var rest = weight
    var coded = NF4.Matrix(rest)
    var factors: (a: [Float], b: [Float]) = ([], [])
    for iteration in 0..<iterations {
      if iteration > 0 { coded = NF4.Matrix(rest) }
      let lost = zip(weight, coded.values).map { Double($0) - Double($1) }
      let found = SingularValues(
        leading: rank, of: DoubleMatrix(lost, rows: outputs, columns: inputs), workers: context.workers)
      let roots = found.values.map { ($0 / scale).squareRoot() }
      factors = (
        (0..<rank).flatMap { row in (0..<inputs).map { Float(roots[row] * found.right[row, $0]) } },
        (0..<outputs).flatMap { output in (0..<rank).map { Float(roots[$0] * found.left[$0, output]) } }
      )
      rest = weight
      LowRankPair.add(
        factors.a, factors.b, rank: rank, times: -Float(scale), to: &rest, workers: context.workers)
    }
    let result = (Self.matrix(coded, of: linear, context), factors)
    made = result
    return result
  }

  /// A matrix without elements, in NF4 where its rows are made of whole blocks.
  private static func shape(of linear: Linear, _ context: ComputeContext) -> WeightMatrix? {
    for format in [WeightFormat.nf4, .float32] {
      if let matrix = try? WeightMatrix(
        shapeOnly: format, outputs: linear.outputs, inputs: linear.inputs, context: context)
      {
        return matrix
      }
    }
    return nil
  }

  private static func matrix(_ coded: NF4.Matrix, of linear: Linear, _ context: ComputeContext) -> WeightMatrix {
    if let matrix = try? WeightMatrix(nf4: coded, outputs: linear.outputs, inputs: linear.inputs, context: context) {
      return matrix
    }
    guard
      let matrix = try? WeightMatrix(
        values: coded.values, outputs: linear.outputs, inputs: linear.inputs, context: context)
    else { preconditionFailure("\(linear.site): a weight of another shape than its map") }
    return matrix
  }
}

/// A LoRA around a map whose weight is exchanged for one in 4 bits.
///
///     Q·x + b + s · B·A·dropout(x)
///
/// The frozen weight itself is not written, and stays in memory beside it.
final class LoftQAdapter: LinearAdapter {
  private unowned let linear: Linear
  private let quantized: QuantizedWeight
  let update: LoRAAdapter

  init(_ linear: Linear, _ quantized: QuantizedWeight, _ update: LoRAAdapter) {
    (self.linear, self.quantized, self.update) = (linear, quantized, update)
  }

  var parameters: [Parameter] { update.parameters }
  var multiplyAddsPerToken: Int { update.multiplyAddsPerToken }
  var stacking: Stacking { .replaces }

  func atStrength(_ strength: Float) -> (any LinearAdapter)? { PartialAdapter(self, strength: strength) }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    update.add(to: linear.addBias(to: tape.linear(x, quantized.matrix), on: tape), x: x, on: tape)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    weight = quantized.matrix.values
    return update.merge(intoWeight: &weight)
  }
}
