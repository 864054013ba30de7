import PEFTCore

/// An adapter whose update is known as a whole matrix: ΔW is built on the tape from the parameters when it is needed.
///
///     y + input(x)·ΔWᵀ
///
/// Its backward pass forms the gradient of ΔW, `[outputs, inputs]`, as full fine-tuning would, but no optimizer keeps state
/// for it, and neither it nor ΔW outlives the map's turn. Where the update can be applied without forming it,
/// `AdditiveLinearAdapter` is the better choice.
protocol DenseUpdateAdapter: MapAdapter, AdditiveLinearAdapter {
  /// ΔW `[outputs, inputs]`, from the parameters' present values.
  func weightUpdate(on tape: Tape) -> Variable
  /// What the update is given of the map's input: dropout's place.
  func input(_ x: Variable, on tape: Tape) -> Variable
  /// The map.
  var linear: Linear { get }
  /// Memory and threads, for merging.
  var context: ComputeContext { get }
}

extension DenseUpdateAdapter {
  func input(_ x: Variable, on tape: Tape) -> Variable { x }

  /// ΔW is built once, and is then a product more.
  var multiplyAddsPerToken: Int { linear.inputs * linear.outputs }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    tape.addLinear(to: y, x: input(x, on: tape)) { self.weightUpdate(on: $0) }
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let update = weightUpdate(on: Tape(context: context, recording: false)).value.values
    for index in weight.indices { weight[index] += update[index] }
    return true
  }
}
