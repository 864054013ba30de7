/// Records the coarse operations of one forward pass and runs them backwards.
///
/// Only what leads from a trainable parameter to the loss is recorded: an operation none of whose inputs is
/// tracked leaves nothing behind, so frozen layers below the lowest adapter run no backward and save no
/// activations. What an operation needs for its backward it captures itself; everything it captured, and every
/// gradient, is freed as soon as the backward pass has gone by.
///
/// An operation may overwrite the value of an input in place if it is the input's only reader; operations
/// therefore save their inputs, never their outputs, unless they say so.
public final class Tape {
  /// One recorded operation: the gradient of its output so far, and how to pass it on.
  final class Node {
    let shape: [Int]
    let parameter: Parameter?
    fileprivate(set) var gradient: Tensor?
    fileprivate var backward: ((Tensor) -> Void)?

    init(shape: [Int], parameter: Parameter? = nil, backward: ((Tensor) -> Void)? = nil) {
      self.shape = shape
      self.parameter = parameter
      self.backward = backward
    }
  }

  /// Memory and threads of this pass.
  public let context: ComputeContext
  /// Whether operations are recorded; false in evaluation.
  public let isRecording: Bool
  /// Where dropout masks come from; nil switches dropout off.
  public let dropoutStream: SeedStream?

  private var nodes: [Node] = []
  private var leaves: [ObjectIdentifier: Node] = [:]
  private var foreignLeaf: Node?

  /// Creates an empty tape.
  public init(context: ComputeContext, recording: Bool, dropout: SeedStream? = nil) {
    self.context = context
    isRecording = recording
    dropoutStream = dropout
  }

  /// The parameter's value, tracked where the tape records.
  public func variable(for parameter: Parameter) -> Variable {
    guard isRecording else { return Variable(constant: parameter.value) }
    if let leaf = leaves[ObjectIdentifier(parameter)] { return Variable(parameter.value, node: leaf) }
    let leaf = Node(shape: parameter.shape, parameter: parameter)
    leaves[ObjectIdentifier(parameter)] = leaf
    return Variable(parameter.value, node: leaf)
  }

  /// Makes the result of an operation, and records its backward if any input is tracked.
  ///
  /// - Parameters:
  ///   - value: The operation's result.
  ///   - inputs: What it was computed from.
  ///   - backward: Gets the gradient of the result and contributes to the inputs' gradients. It may keep or
  ///     overwrite the tensor it gets.
  public func record(_ value: Tensor, from inputs: [Variable], backward: @escaping (Tensor) -> Void) -> Variable {
    record(value, from: inputs, recipe: nil, backward: backward)
  }

  /// As `record(_:from:backward:)` for a result that is cheap to compute again.
  ///
  /// - Parameter recipe: Computes the result again from what `backward` keeps anyway.
  func record(
    _ value: Tensor, from inputs: [Variable], recipe: (() -> Tensor)?, backward: @escaping (Tensor) -> Void
  ) -> Variable {
    guard isRecording, inputs.contains(where: \.isTracked) else { return Variable(constant: value) }
    let node = Node(shape: value.shape, backward: backward)
    nodes.append(node)
    return Variable(value, node: node, recipe: recipe)
  }

  /// As `record(_:from:backward:)` for a result that depends on parameters which the backward pass reaches by itself.
  func recordFromParameters(_ value: Tensor, backward: @escaping (Tensor) -> Void) -> Variable {
    guard isRecording else { return Variable(constant: value) }
    let node = Node(shape: value.shape, backward: backward)
    nodes.append(node)
    return Variable(value, node: node)
  }

  /// Lets `write` contribute to a gradient; does nothing if none is wanted.
  ///
  /// `write` gets the gradient's memory and whether to add to what is there or to overwrite it.
  public func accumulate(into slot: GradientSlot, _ write: (UnsafeMutablePointer<Float>, _ accumulate: Bool) -> Void) {
    guard let node = slot.node else { return }
    if let parameter = node.parameter {
      parameter.accumulateGradient(write)
    } else if let gradient = node.gradient {
      write(gradient.mutableElements, true)
    } else {
      let gradient = Tensor(uninitialized: node.shape, in: context.pool)
      write(gradient.mutableElements, false)
      node.gradient = gradient
    }
  }

  /// Hands a whole gradient on, without copying where nothing was contributed before.
  ///
  /// - Precondition: Nobody else writes to `gradient` afterwards.
  public func pass(_ gradient: Tensor, to slot: GradientSlot) {
    guard let node = slot.node else { return }
    if node.parameter == nil, node.gradient == nil {
      node.gradient = gradient.shape == node.shape ? gradient : gradient.reshaped(to: node.shape)
      return
    }
    accumulate(into: slot) { target, accumulates in
      if accumulates {
        Elementwise.add(gradient.elements, to: target, count: gradient.elementCount, workers: context.workers)
      } else {
        target.update(from: gradient.elements, count: gradient.elementCount)
      }
    }
  }

  /// A value that comes from another tape; its gradient is what `runBackward` hands out.
  func leaf(_ value: Tensor, tracked: Bool) -> Variable {
    guard isRecording, tracked else { return Variable(constant: value) }
    let leaf = Node(shape: value.shape)
    foreignLeaf = leaf
    return Variable(value, node: leaf)
  }

  /// Runs backwards and gives the gradient of the value that `leaf` brought in, if it was reached.
  func runBackward(leafGradient: (Tensor) -> Void) {
    runBackward()
    if let gradient = foreignLeaf?.gradient { leafGradient(gradient) }
    foreignLeaf = nil
  }

  /// As `accumulate(into:_:)` for a variable that the operation keeps anyway.
  public func accumulate(into variable: Variable, _ write: (UnsafeMutablePointer<Float>, _ accumulate: Bool) -> Void) {
    accumulate(into: variable.slot, write)
  }

  /// As `pass(_:to:)` for a variable that the operation keeps anyway.
  public func pass(_ gradient: Tensor, to variable: Variable) { pass(gradient, to: variable.slot) }

  /// Runs `body` without recording it; its backward pass runs it again, recorded, and goes back through that.
  ///
  /// Nothing is kept but the input, at the price of a second forward pass. `body` must be a function of its input and
  /// of parameters: what it draws for dropout is drawn alike both times.
  ///
  /// - Parameters:
  ///   - x: The input; `body` must not overwrite it.
  ///   - isTracked: Whether anything in `body`, or the input, leads to a trainable parameter.
  ///   - body: The operations.
  public func recomputed(_ x: Variable, isTracked: Bool, _ body: @escaping (Variable, Tape) -> Variable) -> Variable {
    guard isRecording, isTracked || x.isTracked else { return body(x, self) }
    let first = Tape(context: context, recording: false, dropout: dropoutStream)
    let value = body(Variable(constant: x.value), first).value
    let node = Node(shape: value.shape) { [unowned self, input = x.value, slot = x.slot] gradient in
      let again = Tape(context: context, recording: true, dropout: dropoutStream)
      let output = body(again.leaf(input, tracked: slot.isTracked), again)
      again.pass(gradient, to: output)
      again.runBackward { inputGradient in pass(inputGradient, to: slot) }
    }
    nodes.append(node)
    return Variable(value, node: node)
  }

  /// Runs the recorded operations backwards from a gradient that is already contributed to some of them.
  ///
  /// Afterwards the tape is empty and every parameter that was reached has its gradient added to.
  public func runBackward() {
    while let node = nodes.popLast() {
      if let gradient = node.gradient, let backward = node.backward {
        node.gradient = nil
        node.backward = nil
        backward(gradient)
      }
      node.gradient = nil
      node.backward = nil
    }
    leaves = [:]
  }
}
