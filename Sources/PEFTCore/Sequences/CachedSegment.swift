/// The keys and values of a segment that an earlier forward pass computed, for every layer.
///
/// It continues its parent (a shared instruction, say), and grows while a sequence is generated.
public final class CachedSegment {
  /// The cached segment that this one continues.
  public let parent: CachedSegment?
  /// Position of its first token.
  public let position: Int
  /// Tokens it holds.
  public private(set) var count = 0

  private var layers: [(keys: Tensor, values: Tensor)] = []
  private var capacity: Int
  private let pool: MemoryPool

  /// Creates an empty segment with room for `capacity` tokens; it grows when more come.
  public init(continuing parent: CachedSegment?, capacity: Int, in pool: MemoryPool) {
    self.parent = parent
    position = parent?.end ?? 0
    self.capacity = max(capacity, 1)
    self.pool = pool
  }

  /// The position after its last token.
  public var end: Int { position + count }

  /// The keys of a layer, `[capacity, width]`, of which the first `count` rows are defined.
  func keys(layer: Int) -> Tensor { layers[layer].keys }

  /// The values of a layer, as `keys`.
  func values(layer: Int) -> Tensor { layers[layer].values }

  /// The keys and values of its tokens in a layer, `[count, keyValueWidth]` each, keys rotated as the layer computed
  /// them.
  public func keysAndValues(layer: Int) -> (keys: [Float], values: [Float]) {
    let (keys, values) = layers[layer]
    let elements = count * keys.columnCount
    return (
      Array(UnsafeBufferPointer(start: keys.elements, count: elements)),
      Array(UnsafeBufferPointer(start: values.elements, count: elements))
    )
  }

  /// Whether the keys and values of `layer` have been written at least once.
  func holds(layer: Int) -> Bool { layer < layers.count }

  /// Copies rows after those that are there; they count from `commit(_:)` on.
  func append(layer: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, rows: Int, width: Int) {
    if layer == layers.count {
      layers.append((allocate(width), allocate(width)))
    }
    if count + rows > layers[layer].keys.shape[0] {
      capacity = max(capacity, 2 * (count + rows))
      layers[layer] = (grown(layers[layer].keys, width), grown(layers[layer].values, width))
    }
    layers[layer].keys.mutableElements.advanced(by: count * width).update(from: keys, count: rows * width)
    layers[layer].values.mutableElements.advanced(by: count * width).update(from: values, count: rows * width)
  }

  /// Makes the rows that were appended to every layer part of the segment.
  func commit(_ rows: Int) { count += rows }

  private func allocate(_ width: Int) -> Tensor {
    Tensor(uninitialized: [max(capacity, count), width], in: pool)
  }

  private func grown(_ old: Tensor, _ width: Int) -> Tensor {
    let new = allocate(width)
    new.mutableElements.update(from: old.elements, count: count * width)
    return new
  }
}
