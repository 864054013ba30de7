import PEFTCore

/// SVFT's update of one map.
///
/// Where U·S·V is the weight, a trained map is U·((S + g·M)·(V·x)): two products forward and two backward, where the weight beside
/// the update takes three and three. As long as δ is zero it is the weight alone that gives the output, to the bit. The weight and
/// its update as one matrix would take no less: to form it is a product as deep as the map is wide, and the gradient of δ needs
/// V·x and Uᵀ·dy, or Uᵀ times the whole gradient.
final class SVFTAdapter: MapAdapter, AdditiveLinearAdapter {
  /// δ, an element for each position.
  private let delta: Parameter
  private let gate: Parameter?
  private let frame: SingularFrame
  private unowned let linear: Linear
  private let site: String
  private let context: ComputeContext

  init(_ linear: Linear, _ method: SVFT, setting: AttachmentSetting) {
    self.linear = linear
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

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    guard linear.isFrozen(inside: self), hasUpdate, frame.restoresWeight else {
      return add(to: base(x), x: x, on: tape)
    }
    let coordinates = tape.linear(x, weight: frame.right)
    let scaled = tape.scaleColumns(coordinates, by: frame.values)
    let moved = tape.addSparse(to: scaled, x: coordinates, values: values(on: tape), at: frame.positions)
    return linear.addBias(to: tape.linear(moved, weight: frame.left), on: tape)
  }

  /// Whether an element of δ is not zero; never where values mean nothing, as at the start of a training.
  private var hasUpdate: Bool {
    let value = delta.value
    return !context.isShapeOnly
      && UnsafeBufferPointer(start: value.elements, count: value.elementCount).contains { $0 != 0 }
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
