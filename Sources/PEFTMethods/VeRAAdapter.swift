import PEFTCore

/// VeRA's or PVeRA's update of one map.
final class VeRAAdapter: MapAdapter, AdditiveLinearAdapter {
  /// What all maps share.
  let projections: SharedProjections
  /// λ_b `[outputs]`.
  private let outer: Parameter
  /// λ_d `[rank]`; of PVeRA `[2 · rank]`, for means and logarithms of variances.
  private let inner: Parameter
  private let rank: Int
  private let inputs: Int
  /// Whether the hidden values are drawn in training.
  private let samples: Bool
  private let dropout: Double
  private let context: ComputeContext
  /// Keeps the draws of different maps apart.
  private let purpose: String

  init(
    _ linear: Linear, _ options: VeRAOptions, prefix: String, samples: Bool, _ projections: SharedProjections,
    setting: AttachmentSetting
  ) {
    self.projections = projections
    self.samples = samples
    (rank, dropout, inputs, context) = (options.rank, options.dropout, linear.inputs, setting.context)
    purpose = setting.namespace + linear.site
    let (outputs, hidden, start) = (linear.outputs, samples ? 2 * options.rank : options.rank, Float(options.start))
    outer = Parameter("\(linear.site).\(prefix)_lambda_b", shape: [outputs], in: setting.context.pool) {
      [Float](repeating: 0, count: outputs)
    }
    inner = Parameter("\(linear.site).\(prefix)_lambda_d", shape: [hidden], in: setting.context.pool) {
      [Float](repeating: start, count: hidden)
    }
  }

  var parameters: [Parameter] { [outer, inner] }
  /// The shared projections are multiplied at every map.
  var multiplyAddsPerToken: Int { rank * (inputs + outputs) + rank + outputs }
  var outputs: Int { outer.elementCount }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let input = tape.dropout(x, probability: Float(dropout), purpose: purpose)
    let read = tape.linear(input, weight: projections.reading(inputs))
    let hidden = hidden(tape.scaleColumns(read, by: tape.variable(for: inner)), on: tape)
    let update = tape.linear(hidden, weight: projections.writing(outputs))
    return tape.add(tape.scaleColumns(update, by: tape.variable(for: outer)), inPlaceTo: y)
  }

  /// What goes on to B: the scaled values, or a draw from the distributions that they describe.
  private func hidden(_ scaled: Variable, on tape: Tape) -> Variable {
    guard samples else { return scaled }
    let means = tape.columns(0..<rank, of: scaled)
    guard let stream = tape.dropoutStream?.child(purpose).child("sample") else { return means }
    let deviations = tape.exponential(tape.scaled(tape.columns(rank..<2 * rank, of: scaled), by: 0.5))
    let noise = Tensor(
      stream.normals(means.value.elementCount, standardDeviation: 1), shape: means.shape, in: context.pool)
    return tape.sum(means, tape.hadamard(deviations, Variable(constant: noise)))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let tape = Tape(context: context, recording: false)
    let means = tape.rows(0..<rank, of: projections.reading(inputs))
    let factors = tape.elements(at: (0..<Int32(rank)).map { $0 }, of: tape.variable(for: inner))
    let scaled = tape.scaleColumns(projections.writing(outputs), by: factors)
    let update = tape.product(scaled, means).value.values
    let outer = outer.value.values
    for index in weight.indices { weight[index] += outer[index / inputs] * update[index] }
    return true
  }
}
