import PEFTCore

/// SVFT's update of one map.
final class SVFTAdapter: MapAdapter, AdditiveLinearAdapter {
  /// δ, an element for each position.
  private let delta: Parameter
  private let gate: Parameter?
  private let frame: SingularFrame
  private let site: String
  private let context: ComputeContext

  init(_ linear: Linear, _ method: SVFT, setting: AttachmentSetting) {
    site = linear.site
    context = setting.context
    frame = SingularFrame(of: linear, method, stream: setting.seeds.child(SVFT.name).child(site), setting.context)
    let count = frame.count
    delta = Parameter("\(site).svft_layers.delta", shape: [count], in: setting.context.pool) {
      [Float](repeating: 0, count: count)
    }
    gate = method.hasGate ? Parameter("\(site).svft_layers.gate", shape: [1], in: setting.context.pool) { [0] } : nil
  }

  var parameters: [Parameter] { [delta] + [gate].compactMap { $0 } }
  /// To the singular vectors, between them, and back.
  var multiplyAddsPerToken: Int { frame.rank * (frame.inputs + frame.outputs) + delta.elementCount }
  var outputs: Int { frame.outputs }

  var tensors: [AdapterTensor] {
    [AdapterTensor(delta)] + [gate].compactMap { $0 }.map { AdapterTensor($0, shape: []) }
      + frame.tensors(AdapterTensor.prefix + site + ".svft_layers.")
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let coordinates = tape.linear(x, weight: frame.right)
    let zeros = Variable(constant: Tensor(zeros: coordinates.shape, in: context.pool))
    let moved = tape.addSparse(to: zeros, x: coordinates, values: values(on: tape), at: frame.positions)
    return tape.addLinear(to: y, x: moved, weight: frame.left)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let tape = Tape(context: context, recording: false)
    // A row of W takes its coordinates on the left from U, and those on the right from M·V.
    let rows = tape.transposed(frame.right)
    let zeros = Variable(constant: Tensor(zeros: rows.shape, in: context.pool))
    let moved = tape.addSparse(to: zeros, x: rows, values: values(on: tape), at: frame.positions)
    let update = tape.product(frame.left, moved, transposeB: true).value.values
    for index in weight.indices { weight[index] += update[index] }
    return true
  }

  /// g · δ.
  private func values(on tape: Tape) -> Variable {
    let delta = tape.variable(for: delta)
    guard let gate else { return delta }
    return tape.scaled(delta, by: tape.sigmoid(tape.variable(for: gate)))
  }
}
