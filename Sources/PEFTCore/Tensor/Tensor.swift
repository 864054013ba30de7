/// A dense float32 array in row-major order, in counted memory.
///
/// A tensor is a shape and a share of a storage block; copying one copies neither. Its elements are written
/// by the operation that makes it and not changed afterwards, with one exception that owners make on purpose
/// through `mutableElements`: parameters, their gradients, optimizer moments and key/value caches.
public struct Tensor: @unchecked Sendable {
  /// Sizes of the dimensions, slowest varying first.
  public let shape: [Int]
  let storage: TensorStorage

  /// Makes a tensor whose elements are not yet defined.
  public init(uninitialized shape: [Int], in pool: MemoryPool, as kind: MemoryKind = .activations) {
    self.shape = shape
    storage = TensorStorage(byteCount: shape.reduce(1, *) * MemoryLayout<Float>.stride, pool: pool, kind: kind)
    storage.pointer.bindMemory(to: Float.self, capacity: shape.reduce(1, *))
  }

  /// Makes a tensor of zeros.
  public init(zeros shape: [Int], in pool: MemoryPool, as kind: MemoryKind = .activations) {
    self.init(uninitialized: shape, in: pool, as: kind)
    if !pool.isShapeOnly { mutableElements.update(repeating: 0, count: elementCount) }
  }

  /// Makes a tensor of the given elements, in row-major order.
  ///
  /// - Precondition: There are as many values as the shape has elements.
  public init(_ values: some Collection<Float>, shape: [Int], in pool: MemoryPool, as kind: MemoryKind = .activations) {
    self.init(uninitialized: shape, in: pool, as: kind)
    precondition(values.count == elementCount, "Tensor: \(values.count) values for shape \(shape)")
    _ = UnsafeMutableBufferPointer(start: mutableElements, count: elementCount).update(fromContentsOf: values)
  }

  /// Sees float32 elements that are there in a shape.
  init(shape: [Int], storage: TensorStorage) {
    self.shape = shape
    self.storage = storage
  }

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Rows when seen as a matrix: all dimensions but the last, multiplied.
  public var rowCount: Int { shape.dropLast().reduce(1, *) }

  /// Columns when seen as a matrix: the last dimension.
  public var columnCount: Int { shape.last ?? 1 }

  /// The elements in row-major order, valid while the tensor is alive.
  public var elements: UnsafePointer<Float> { UnsafePointer(mutableElements) }

  /// The elements for writing, for the tensor's maker or owner.
  public var mutableElements: UnsafeMutablePointer<Float> {
    storage.pointer.assumingMemoryBound(to: Float.self)
  }

  /// The elements as an array.
  public var values: [Float] { Array(UnsafeBufferPointer(start: elements, count: elementCount)) }

  /// The same elements in another shape.
  ///
  /// - Precondition: Both shapes have equally many elements.
  public func reshaped(to shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == elementCount, "reshaped: \(self.shape) has other elements than \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  /// A copy with memory of its own.
  public func copy(in pool: MemoryPool, as kind: MemoryKind = .activations) -> Tensor {
    let copy = Tensor(uninitialized: shape, in: pool, as: kind)
    if pool.isShapeOnly { return copy }
    copy.mutableElements.update(from: elements, count: elementCount)
    return copy
  }
}

/// A block of counted memory, which is given back with its last user.
final class TensorStorage {
  /// The block, 64-byte aligned.
  let pointer: UnsafeMutableRawPointer
  /// Bytes that were asked for, which are those that count.
  let byteCount: Int
  private let blockSize: Int
  private let pool: MemoryPool
  private let kind: MemoryKind

  init(byteCount: Int, pool: MemoryPool, kind: MemoryKind) {
    self.byteCount = byteCount
    self.pool = pool
    self.kind = kind
    (pointer, blockSize) = pool.allocate(byteCount, as: kind)
  }

  deinit { pool.release(pointer, size: blockSize, byteCount, as: kind) }
}
