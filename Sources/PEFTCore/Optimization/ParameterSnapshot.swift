/// The values that some parameters had at one moment, and averages of such values.
///
/// For the best parameters so far, running averages, members of an ensemble and the origin that a penalty pulls back to.
/// The memory is counted in a pool like all other, under the kind that is named.
public final class ParameterSnapshot {
  /// The values, in the order of the parameters; owners may write to them.
  public let tensors: [Tensor]
  private let workers: Workers

  /// Copies the present values.
  ///
  /// - Parameters:
  ///   - parameters: The parameters.
  ///   - kind: What the memory is counted as: `.optimizer` for what only training needs, `.adapter` for a copy that is
  ///     trained or kept as a result.
  ///   - context: Where the memory is counted, and the threads.
  public init(of parameters: [Parameter], as kind: MemoryKind, context: ComputeContext) {
    tensors = parameters.map { $0.value.copy(in: context.pool, as: kind) }
    workers = context.workers
  }

  /// Copies the present values of the same parameters again, into the same memory.
  public func update(from parameters: [Parameter]) {
    for (tensor, parameter) in pairs(parameters) {
      tensor.mutableElements.update(from: parameter.value.elements, count: tensor.elementCount)
    }
  }

  /// Gives the parameters the values, in the parameters' own memory, which copies of a model may share.
  public func assign(to parameters: [Parameter]) {
    for (tensor, parameter) in pairs(parameters) {
      parameter.value.mutableElements.update(from: tensor.elements, count: tensor.elementCount)
    }
  }

  /// Gives the parameters the values, and keeps theirs instead.
  public func exchange(with parameters: [Parameter]) {
    for (tensor, parameter) in pairs(parameters) {
      let (own, other) = (tensor.mutableElements, parameter.value.mutableElements)
      for index in 0..<tensor.elementCount { swap(&own[index], &other[index]) }
    }
  }

  /// Moves the values towards the parameters': `s ← s + share · (p − s)`.
  ///
  /// With a constant share of 1 − β this is an exponential average of decay β; with a share of 1 / (n + 1) after n values,
  /// the mean of all of them. Both as PyTorch's `torch.optim.swa_utils` computes them.
  public func average(with parameters: [Parameter], share: Float) {
    for (tensor, parameter) in pairs(parameters) {
      Elementwise.interpolate(
        from: tensor.mutableElements, towards: parameter.value.elements, by: share, count: tensor.elementCount,
        workers: workers)
    }
  }

  // MARK: - Saving

  /// Adds the values to a state, under `name` with the number of the parameter.
  public func save(to state: inout SavedState, as name: String) {
    for (index, tensor) in tensors.enumerated() { state.add("\(name).\(index)", tensor) }
  }

  /// Takes up values that `save` added.
  ///
  /// - Throws: `SavedStateError`, with nothing changed, where one is missing or has another shape.
  public func restore(from state: SavedState, as name: String) throws(SavedStateError) {
    var saved: [Tensor] = []
    for (index, tensor) in tensors.enumerated() {
      saved.append(try state.tensor("\(name).\(index)", shape: tensor.shape))
    }
    for (tensor, saved) in zip(tensors, saved) {
      tensor.mutableElements.update(from: saved.elements, count: tensor.elementCount)
    }
  }

  private func pairs(_ parameters: [Parameter]) -> Zip2Sequence<[Tensor], [Parameter]> {
    precondition(
      parameters.map(\.shape) == tensors.map(\.shape),
      "ParameterSnapshot: of shapes \(tensors.map(\.shape)), used with \(parameters.map(\.shape))")
    return zip(tensors, parameters)
  }
}
