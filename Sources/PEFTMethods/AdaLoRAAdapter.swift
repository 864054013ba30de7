import PEFTCore

/// AdaLoRA's update of one map.
///
///     y + s · B·diag(E)·A·dropout(x)
///
/// B's columns are scaled by E rather than A's rows, which is the same product. Where a budget has left a map no triplet, it
/// adds nothing and has nothing to train.
final class AdaLoRAAdapter: MapAdapter, AdditiveLinearAdapter {
  /// The map's path.
  let site: String
  /// Width of the map's output.
  let outputs: Int
  /// A `[rank, inputs]`, the right singular vectors.
  let a: Parameter
  /// E `[rank, 1]`, the singular values.
  let e: Parameter
  /// B `[outputs, rank]`, the left singular vectors.
  let b: Parameter
  private let scale: Float
  private let dropout: Double
  private let purpose: String

  init(_ linear: Linear, rank: Int, scale: Float, dropout: Double, setting: AttachmentSetting) {
    let (pool, inputs, outputs) = (setting.context.pool, linear.inputs, linear.outputs)
    let stream = setting.seeds.child(AdaLoRA.name).child(linear.site)
    site = linear.site
    self.outputs = outputs
    a = Parameter("\(site).lora_A", shape: [rank, inputs], in: pool) {
      stream.child("A").normals(rank * inputs, standardDeviation: 0.02)
    }
    e = Parameter("\(site).lora_E", shape: [rank, 1], in: pool) { [Float](repeating: 0, count: rank) }
    b = Parameter("\(site).lora_B", shape: [outputs, rank], in: pool) {
      stream.child("B").normals(outputs * rank, standardDeviation: 0.02)
    }
    self.scale = scale
    self.dropout = dropout
    purpose = setting.namespace + linear.site
  }

  /// Triplets.
  var rank: Int { a.shape[0] }

  /// The singular values.
  var values: [Float] { rank == 0 ? [] : e.value.values }

  var parameters: [Parameter] { rank == 0 ? [] : [a, e, b] }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    guard rank > 0 else { return y }
    let scaled = tape.scaleColumns(tape.variable(for: b), by: tape.variable(for: e))
    return tape.addLowRank(
      to: y, x: x, a: tape.variable(for: a), b: scaled, scale: scale, dropout: dropout, purpose: purpose)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    guard rank > 0 else { return true }
    let (values, rank) = (values, rank)
    let scaled = b.value.values.enumerated().map { $1 * values[$0 % rank] }
    LowRankPair.add(a.value.values, scaled, rank: rank, times: scale, to: &weight, workers: .one)
    return true
  }

  // MARK: - Saving

  var tensors: [AdapterTensor] { tensors(keeping: nil) }

  /// The triplets that are kept, all where none are named; those can be taken up again.
  func tensors(keeping kept: [Bool]?, prefix: String = AdapterTensor.prefix) -> [AdapterTensor] {
    let (rank, outputs) = (rank, outputs)
    let directions = (0..<rank).filter { kept?[$0] ?? true }
    func tensor(_ parameter: Parameter, _ name: String, areRows: Bool) -> AdapterTensor {
      let width = areRows ? parameter.shape[1] : outputs
      return AdapterTensor(
        key: "\(prefix)\(site).\(name)", shape: areRows ? [directions.count, width] : [width, directions.count],
        values: {
          directions.isEmpty
            ? [] : AdaLoRA.triplets(directions, of: parameter.value.values, width: width, areRows: areRows)
        },
        assign: kept == nil ? { if rank > 0 { parameter.assign($0) } } : nil)
    }
    return [
      tensor(a, "lora_A", areRows: true), tensor(e, "lora_E", areRows: true), tensor(b, "lora_B", areRows: false),
    ]
  }
}
