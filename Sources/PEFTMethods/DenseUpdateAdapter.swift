import PEFTCore

/// An adapter whose update is known as a whole matrix: ΔW is built on the tape from the parameters when it is needed.
///
///     x·(W + ΔW)ᵀ + b,   or  y + input(x)·ΔWᵀ  where the update sees another input, or other adapters stand inside
///
/// W is added to ΔW each time, which is little beside a product of its own with every row forward and backward. Which of the
/// forms counts depends on what is attached and on dropout, never on the rows, so that a row's bits do not either.
///
/// Its backward pass forms the gradient of ΔW, `[outputs, inputs]`, as full fine-tuning would, but no optimizer keeps state
/// for it, and neither it nor ΔW outlives the map's turn. Where the update can be applied without forming it,
/// `AdditiveLinearAdapter` is the better choice.
protocol DenseUpdateAdapter: MapAdapter, AdditiveLinearAdapter {
  /// ΔW `[outputs, inputs]`, from the parameters' present values, in memory that nothing else reads.
  func weightUpdate(on tape: Tape) -> Variable
  /// W + ΔW `[outputs, inputs]`; W to the bit where the update is zero.
  func updatedWeight(on tape: Tape) -> Variable
  /// What the update is given of the map's input: dropout's place.
  func input(_ x: Variable, on tape: Tape) -> Variable
  /// Whether that is not the input itself in this pass.
  func changesInput(on tape: Tape) -> Bool
  /// Whether the update is left out of this pass as a whole.
  func isLeftOut(on tape: Tape) -> Bool
  /// The map.
  var linear: Linear { get }
  /// Memory and threads, for merging.
  var context: ComputeContext { get }
}

extension DenseUpdateAdapter {
  func updatedWeight(on tape: Tape) -> Variable { tape.add(linear.loadedWeight, inPlaceTo: weightUpdate(on: tape)) }

  func input(_ x: Variable, on tape: Tape) -> Variable { x }

  func changesInput(on tape: Tape) -> Bool { false }

  func isLeftOut(on tape: Tape) -> Bool { false }

  /// ΔW is built once, and is then a product more.
  var multiplyAddsPerToken: Int { linear.inputs * linear.outputs }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    guard linear.isFrozen(inside: self), !changesInput(on: tape), !isLeftOut(on: tape) else {
      return add(to: base(x), x: x, on: tape)
    }
    return linear.addBias(to: tape.linear(x) { self.updatedWeight(on: $0) }, on: tape)
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    isLeftOut(on: tape) ? y : tape.addLinear(to: y, x: input(x, on: tape)) { self.weightUpdate(on: $0) }
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let update = weightUpdate(on: Tape(context: context, recording: false)).value.values
    for index in weight.indices { weight[index] += update[index] }
    return true
  }
}
