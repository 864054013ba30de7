/// One moment of a parameter in the form in which an optimizer keeps it.
struct Moment {
  /// Which of the rule's moments it is.
  enum Order {
    /// A mean of gradients, of either sign.
    case first
    /// A mean of squares.
    case second
  }

  private enum Content {
    case float32(Tensor)
    case bfloat16(StoredTensor, StochasticRounding.Half)
    case int8(codes: StoredTensor, scales: StoredTensor, DynamicCode)
  }

  private let content: Content

  /// A moment of zeros.
  init(_ order: Order, shape: [Int], as format: OptimizerStateFormat, in pool: MemoryPool) {
    let count = shape.reduce(1, *)
    switch format {
    case .bfloat16:
      content = .bfloat16(
        StoredTensor(zeros: shape, of: .bfloat16, in: pool, as: .optimizer), order == .first ? .lower : .upper)
    case .int8 where OptimizerStateFormat.quantizes(count):
      content = .int8(
        codes: StoredTensor(zeros: shape, of: .uint8, in: pool, as: .optimizer),
        scales: StoredTensor(
          zeros: [OptimizerStateFormat.blockCount(count)], of: .float32, in: pool, as: .optimizer),
        order == .first ? .signed : .unsigned)
    case .float32, .int8: content = .float32(Tensor(zeros: shape, in: pool, as: .optimizer))
    }
  }

  /// All of it, to be saved.
  var stored: [StoredTensor] {
    switch content {
    case .float32(let tensor): [StoredTensor(tensor)]
    case .bfloat16(let tensor, _): [tensor]
    case .int8(let codes, let scales, _): [codes, scales]
    }
  }

  /// Its values where they are float32.
  fileprivate var elements: UnsafeMutablePointer<Float>? {
    if case .float32(let tensor) = content { tensor.mutableElements } else { nil }
  }

  /// For the kernels where it has fewer bits; nil for float32.
  ///
  /// - Parameter stream: Where roundings at random draw from: of the step and the parameter.
  fileprivate func narrow(_ stream: SeedStream) -> NarrowMoment? {
    switch content {
    case .float32: nil
    case .bfloat16(let tensor, let half):
      .bfloat16(
        tensor.pointer.assumingMemoryBound(to: UInt16.self), StochasticRounding(stream: stream, half: half))
    case .int8(let codes, let scales, let code):
      .codes(
        codes.pointer.assumingMemoryBound(to: UInt8.self),
        scales: scales.pointer.assumingMemoryBound(to: Float.self), code)
    }
  }
}

extension AdamWStep {
  /// Updates a parameter's values and its moments, which are of one form.
  ///
  /// - Parameters:
  ///   - values: The parameter's.
  ///   - gradient: Its gradient.
  ///   - gradientScale: Multiplies the gradient, for clipping.
  ///   - moments: Its means and mean squares.
  ///   - stream: Where roundings at random draw from.
  func update(
    _ values: Tensor, gradient: Tensor, gradientScale: Float, moments: (first: Moment, second: Moment),
    rounding stream: SeedStream, workers: Workers
  ) {
    let (target, source) = (values.mutableElements, gradient.elements)
    if let first = moments.first.narrow(stream), let second = moments.second.narrow(stream) {
      update(
        target, gradients: source, gradientScale: gradientScale, firstMoments: first, secondMoments: second,
        count: values.elementCount, workers: workers)
    } else if let first = moments.first.elements, let second = moments.second.elements {
      update(
        target, gradients: source, gradientScale: gradientScale, firstMoments: first, secondMoments: second,
        count: values.elementCount, workers: workers)
    } else {
      preconditionFailure("AdamWStep: moments of two forms for values of shape \(values.shape)")
    }
  }
}

extension SGDStep {
  /// Updates a parameter's values and its momentum buffer, where there is one.
  func update(
    _ values: Tensor, gradient: Tensor, gradientScale: Float, momentumBuffer: Moment?, rounding stream: SeedStream,
    workers: Workers
  ) {
    if let buffer = momentumBuffer?.narrow(stream) {
      update(
        values.mutableElements, gradients: gradient.elements, gradientScale: gradientScale, momentumBuffer: buffer,
        count: values.elementCount, workers: workers)
    } else {
      update(
        values.mutableElements, gradients: gradient.elements, gradientScale: gradientScale,
        momentumBuffer: momentumBuffer?.elements, count: values.elementCount, workers: workers)
    }
  }
}
