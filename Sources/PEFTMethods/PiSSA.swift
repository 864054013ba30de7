import PEFTCore

/// LoRA of one map that starts from the weight's principal components and leaves the rest frozen.
///
///     W ≈ U·Σ·Vᵀ (largest `rank` singular values),   A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s);   y = (W − s·B₀·A₀)·x + b + s·B·A·x
///
/// Base weights are never written: the start is taken off in the forward pass instead, so step 0 is the base model up
/// to rounding. Saved as PEFT's conversion does it, a plain LoRA of twice the rank with A = [A; A₀] and B = [B, −B₀],
/// which needs no decomposition to load; A, B, A₀ and B₀ themselves lie in the private state file for further training.
///
/// Source: Meng et al. 2024, arXiv 2404.02948, equations 3 and 4.
final class PiSSAAdapter: LoRAAdapter {
  private let start: any LowRankStart
  private let context: ComputeContext
  private var frozenA: Tensor?
  private var frozenB: Tensor?

  /// - Parameter start: What the factors start from; the weight's principal components, or OLoRA's.
  init(
    _ linear: Linear, start: any LowRankStart, rank: Int, scale: Float, dropout: Double, setting: AttachmentSetting
  ) {
    self.start = start
    context = setting.context
    super.init(
      linear,
      LowRankPair(linear, rank: rank, setting: setting, a: { start.factors.a }, b: { start.factors.b }),
      scale: scale, dropout: dropout, namespace: setting.namespace)
  }

  override func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    let (a, b) = (initialA, initialB)
    let residual = tape.addLowRank(
      to: base(x), x: x, a: Variable(constant: a), b: Variable(constant: b), scale: -scale, dropout: 0, purpose: site)
    return addUpdate(to: residual, x: x, on: tape)
  }

  override func merge(intoWeight weight: inout [Float]) -> Bool {
    LowRankPair.add(
      initialA.values, initialB.values, rank: pair.rank, times: -scale, to: &weight, workers: context.workers)
    return super.merge(intoWeight: &weight)
  }

  /// A₀ `[rank, inputs]`.
  private var initialA: Tensor {
    let tensor = frozenA ?? Tensor(start.factors.a, shape: pair.a.shape, in: context.pool, as: .weights)
    frozenA = tensor
    return tensor
  }

  /// B₀ `[outputs, rank]`.
  private var initialB: Tensor {
    let tensor = frozenB ?? Tensor(start.factors.b, shape: pair.b.shape, in: context.pool, as: .weights)
    frozenB = tensor
    return tensor
  }

  override var convertedTensors: [AdapterTensor] {
    let (rank, inputs, outputs) = (pair.rank, pair.a.shape[1], pair.b.shape[0])
    return [
      AdapterTensor(
        key: "base_model.model.\(pair.a.name)", shape: [2 * rank, inputs],
        values: { self.pair.a.value.values + self.initialA.values }, assign: nil),
      AdapterTensor(
        key: "base_model.model.\(pair.b.name)", shape: [outputs, 2 * rank],
        values: {
          let (trained, start) = (self.pair.b.value.values, self.initialB.values)
          var rows: [Float] = []
          for first in stride(from: 0, to: outputs * rank, by: rank) {
            rows += trained[first..<(first + rank)]
            rows += start[first..<(first + rank)].map { -$0 }
          }
          return rows
        }, assign: nil),
    ]
  }

  override var stateTensors: [AdapterTensor] {
    let (pool, shapeA, shapeB) = (context.pool, pair.a.shape, pair.b.shape)
    return parameters.map { AdapterTensor($0) } + [
      AdapterTensor(
        key: "\(site).start_A", shape: shapeA, values: { self.initialA.values },
        assign: { self.frozenA = Tensor($0, shape: shapeA, in: pool, as: .weights) }),
      AdapterTensor(
        key: "\(site).start_B", shape: shapeB, values: { self.initialB.values },
        assign: { self.frozenB = Tensor($0, shape: shapeB, in: pool, as: .weights) }),
    ]
  }
}
