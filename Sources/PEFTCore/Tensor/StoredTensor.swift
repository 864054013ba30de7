/// Values in row-major order in counted memory, in the form in which an optimizer or a checkpoint holds them: float32, or
/// fewer bits.
///
/// Copies share the memory, as those of a `Tensor` do. Only owners write to it.
public struct StoredTensor: @unchecked Sendable {
  /// What one element is.
  public enum Element: String, CaseIterable, Sendable {
    case float32, bfloat16, uint8

    /// Bytes of one element.
    public var byteCount: Int {
      switch self {
      case .float32: 4
      case .bfloat16: 2
      case .uint8: 1
      }
    }
  }

  /// Sizes of the dimensions, slowest varying first.
  public let shape: [Int]
  /// What its elements are.
  public let element: Element
  private let storage: TensorStorage

  /// Makes a tensor of zero bits.
  public init(zeros shape: [Int], of element: Element, in pool: MemoryPool, as kind: MemoryKind) {
    (self.shape, self.element) = (shape, element)
    let count = shape.reduce(1, *)
    storage = TensorStorage(byteCount: element.byteCount * count, pool: pool, kind: kind)
    switch element {
    case .float32: storage.pointer.initializeMemory(as: Float.self, repeating: 0, count: count)
    case .bfloat16: storage.pointer.initializeMemory(as: UInt16.self, repeating: 0, count: count)
    case .uint8: storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
  }

  /// The same memory as a tensor's.
  public init(_ tensor: Tensor) {
    (shape, element, storage) = (tensor.shape, .float32, tensor.storage)
  }

  /// The same memory as a tensor; nil unless its elements are float32.
  public var tensor: Tensor? { element == .float32 ? Tensor(shape: shape, storage: storage) : nil }

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Its elements for the kernels, bound as they were made.
  var pointer: UnsafeMutableRawPointer { storage.pointer }

  /// Its bytes in the machine's order, valid while it is alive.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage.pointer, count: storage.byteCount) }

  /// Its bytes for writing, for its owner.
  public var mutableBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: storage.pointer, count: storage.byteCount)
  }

  /// Whether another one has the same shape and kind of elements.
  public func fits(_ other: StoredTensor) -> Bool { shape == other.shape && element == other.element }

  /// Takes over the elements of another one, into its own memory.
  ///
  /// - Precondition: The other one `fits`.
  public func update(from other: StoredTensor) {
    precondition(fits(other), "StoredTensor: \(shape) of \(element) from \(other.shape) of \(other.element)")
    mutableBytes.copyMemory(from: other.bytes)
  }
}
