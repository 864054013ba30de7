import PEFTCore

/// Two factors that a LoRA started from and that are taken out of the weight.
protocol LowRankStart: AnyObject {
  /// A₀ `[rank, inputs]` and B₀ `[outputs, rank]`.
  var factors: (a: [Float], b: [Float]) { get }
}

/// OLoRA's start: the first columns of Q and rows of R of the weight's QR decomposition.
///
///     W = Q·R,   B₀ = the first `rank` columns of Q, A₀ = the first `rank` rows of R
///
/// The columns are the weight's own first ones, orthonormalized in order, and A₀ = B₀ᵀ·W. Signs may differ from other
/// libraries'; of the product, which is what is taken out, they fall away.
///
/// Source: Büyükakyüz 2024, arXiv 2406.01775; PEFT's `olora_init`.
final class OrthonormalComponents: LowRankStart {
  private unowned let linear: Linear
  private let rank: Int
  private let context: ComputeContext
  private var computed: (a: [Float], b: [Float])?

  init(of linear: Linear, rank: Int, context: ComputeContext) {
    self.linear = linear
    self.rank = rank
    self.context = context
  }

  var factors: (a: [Float], b: [Float]) {
    if let computed { return computed }
    let weight = linear.loadedWeight
    let (inputs, outputs) = (linear.inputs, linear.outputs)
    let values = weight.values
    var columns = [Double](repeating: 0, count: rank * outputs)
    for column in 0..<rank {
      for row in 0..<outputs { columns[column * outputs + row] = Double(values[row * inputs + column]) }
    }
    PrincipalComponents.orthonormalize(&columns, rows: rank, columns: outputs)
    let rows = columns.map { Float($0) }
    var a = [Float](repeating: 0, count: rank * inputs)
    rows.withUnsafeBufferPointer { rows in
      a.withUnsafeMutableBufferPointer { a in
        guard let rows = rows.baseAddress, let a = a.baseAddress else { return }
        weight.multiplyTransposed(
          rows, rows: rank, yStride: outputs, into: a, xStride: inputs, workers: context.workers)
      }
    }
    let result = (a: a, b: rows.transposed(rows: rank))
    computed = result
    return result
  }
}
