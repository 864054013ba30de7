/// A named trainable array, updated in place by an optimizer.
///
/// Its value is made at first use by the initializer it was given. So a method can be attached to a model
/// whose weights are not loaded, to count parameters from a config.json alone, at no cost.
public final class Parameter {
  /// The name under which it is saved and listed.
  public private(set) var name: String
  /// Sizes of the dimensions.
  public let shape: [Int]
  /// Multiplies the optimizer's learning rate for this parameter (LoRA+ trains B faster than A).
  public var learningRateScale: Float = 1
  /// The sum of gradients since the last optimizer step; nil before the first contribution.
  public private(set) var gradient: Tensor?

  private let pool: MemoryPool
  private var made: Tensor?
  /// Given up once used, since it may hold the frozen weight that the parameter starts from.
  private var initialize: (() -> [Float])?

  /// Creates a parameter whose first value `initialize` gives, in row-major order.
  public init(_ name: String, shape: [Int], in pool: MemoryPool, initialize: @escaping () -> [Float]) {
    self.name = name
    self.shape = shape
    self.pool = pool
    self.initialize = initialize
  }

  /// Gives it another name, where several parameters of one name come together.
  public func rename(_ name: String) { self.name = name }

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// The present value.
  public var value: Tensor {
    if let made { return made }
    if pool.isShapeOnly {
      let tensor = Tensor(uninitialized: shape, in: pool, as: .adapter)
      (made, initialize) = (tensor, nil)
      return tensor
    }
    let first = initialize?() ?? [Float](repeating: 0, count: elementCount)
    let tensor = Tensor(first, shape: shape, in: pool, as: .adapter)
    initialize = nil
    made = tensor
    return tensor
  }

  /// Replaces the value, as loading a saved adapter does.
  ///
  /// - Precondition: There is a value for every element.
  public func assign(_ values: some Collection<Float>) {
    precondition(values.count == elementCount, "\(name): \(values.count) values for shape \(shape)")
    made = Tensor(values, shape: shape, in: pool, as: .adapter)
    initialize = nil
  }

  /// Another parameter of the same name and shape, whose value is made of this one's at first use.
  public func mapped(_ change: @escaping ([Float]) -> [Float]) -> Parameter {
    Parameter(name, shape: shape, in: pool) { change(self.value.values) }
  }

  /// Takes the value of another parameter of the same shape, in the same memory: what changes one changes both.
  ///
  /// Copies of a model that work side by side share their weights so, and keep gradients of their own.
  func shareValue(of other: Parameter) {
    precondition(other.shape == shape, "\(name): cannot share the value of \(other.shape) for shape \(shape)")
    made = other.value
    initialize = nil
  }

  /// Lets `write` add to the gradient: it gets the gradient's memory and whether to add to what is there (or,
  /// at the first contribution, to overwrite).
  public func accumulateGradient(_ write: (UnsafeMutablePointer<Float>, _ accumulate: Bool) -> Void) {
    if let gradient {
      write(gradient.mutableElements, true)
    } else {
      let fresh = Tensor(uninitialized: shape, in: pool, as: .gradients)
      write(fresh.mutableElements, false)
      gradient = fresh
    }
  }

  /// Forgets the gradient, after an optimizer step.
  public func clearGradient() { gradient = nil }
}
