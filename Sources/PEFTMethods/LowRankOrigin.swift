import PEFTCore

/// What a LoRA of one map started from and what is taken out of the weight: the frozen A₀ and B₀ of PiSSA, OLoRA, CorDA and
/// LoRA-GA.
///
///     W ≈ U·Σ·Vᵀ (largest `rank` singular values),   A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s);   y = (W − s·B₀·A₀)·x + b + s·B·A·x
///
/// Base weights are never written: the start is taken off in the forward pass instead, so step 0 is the base model up
/// to rounding. Saved as PEFT's conversion does it, a plain LoRA of twice the rank with A = [A; A₀] and B = [B, −B₀],
/// which needs no decomposition to load; A, B, A₀ and B₀ themselves lie in the private state file for further training.
///
/// Source: Meng et al. 2024, arXiv 2404.02948, equations 3 and 4.
final class LowRankOrigin {
  private let start: any LowRankStart
  private let site: String
  private let shapes: (a: [Int], b: [Int])
  private let pool: MemoryPool
  private var made: (a: Tensor?, b: Tensor?)

  /// - Parameter start: What the factors are, such as the weight's principal components.
  init(_ linear: Linear, start: any LowRankStart, rank: Int, setting: AttachmentSetting) {
    self.start = start
    site = linear.site
    shapes = ([rank, linear.inputs], [linear.outputs, rank])
    pool = setting.context.pool
  }

  /// A trained pair that starts there.
  func pair(_ linear: Linear, setting: AttachmentSetting) -> LowRankPair {
    LowRankPair(
      linear, rank: shapes.a[0], setting: setting, a: { [start] in start.factors.a }, b: { [start] in start.factors.b })
  }

  /// A₀ `[rank, inputs]`.
  var a: Tensor {
    let tensor = made.a ?? factor(shapes.a) { start.factors.a }
    made.a = tensor
    return tensor
  }

  /// B₀ `[outputs, rank]`.
  var b: Tensor {
    let tensor = made.b ?? factor(shapes.b) { start.factors.b }
    made.b = tensor
    return tensor
  }

  private func factor(_ shape: [Int], _ values: () -> [Float]) -> Tensor {
    // Nothing is looked for in a weight whose values mean nothing.
    pool.isShapeOnly
      ? Tensor(uninitialized: shape, in: pool, as: .weights) : Tensor(values(), shape: shape, in: pool, as: .weights)
  }

  /// The trained product less this one, as the plain update of twice the rank that is saved.
  func converted(_ pair: LowRankPair) -> [AdapterTensor] {
    let (rank, inputs, outputs) = (shapes.a[0], shapes.a[1], shapes.b[0])
    return [
      AdapterTensor(
        key: AdapterTensor.prefix + pair.a.name, shape: [2 * rank, inputs],
        values: { pair.a.value.values + self.a.values }, assign: nil),
      AdapterTensor(
        key: AdapterTensor.prefix + pair.b.name, shape: [outputs, 2 * rank],
        values: {
          let (trained, start) = (pair.b.value.values, self.b.values)
          var rows: [Float] = []
          for first in stride(from: 0, to: outputs * rank, by: rank) {
            rows += trained[first..<(first + rank)]
            rows += start[first..<(first + rank)].map { -$0 }
          }
          return rows
        }, assign: nil),
    ]
  }

  /// What lies in the private state file beside the pair itself.
  var state: [AdapterTensor] {
    [
      AdapterTensor(
        key: "\(site).start_A", shape: shapes.a, values: { self.a.values },
        assign: { self.made.a = Tensor($0, shape: self.shapes.a, in: self.pool, as: .weights) }),
      AdapterTensor(
        key: "\(site).start_B", shape: shapes.b, values: { self.b.values },
        assign: { self.made.b = Tensor($0, shape: self.shapes.b, in: self.pool, as: .weights) }),
    ]
  }
}
