import PEFTCore

/// The file of a compressed adapter's tensors: the format is our own.
///
///     8 bytes   PEFTCMPR
///     1         version, 1
///     1         codec
///               table of tensors (`TensorTable`)
///               the codec's values, all tensors one after the other
///     32        SHA-256 of everything before it
///
/// All numbers are little-endian. `sparseGolomb` and `sparseMask`: number of kept entries (varint), the bits of the
/// magnitude as float32, or 0xFFFFFFFF where each has its own value; positions (a byte with the Golomb code's b and the
/// coded gaps, or one bit for each entry), then a sign bit or a float32 for each kept one. With a mask and signs these are
/// two masks of one bit an entry, the second one of the negative ones. `int8`: for each tensor a factor as float32, then a
/// signed byte for each entry. Values are what is added to the tensor's neutral value, 0 or 1; own values are final.
public struct CompressedTensors: Sendable, Equatable {
  /// How values are written.
  public enum Codec: UInt8, CaseIterable, Sendable {
    case sparseGolomb = 0
    case sparseMask = 1
    case int8 = 2
  }

  /// What the values are.
  enum Payload: Sendable, Equatable {
    case sparse(SparseVector)
    /// For each tensor its factor, and for each entry of all tensors the multiple of it.
    case bytes(factors: [Float], values: [Int8])
  }

  /// The file's name in an adapter's folder.
  public static let fileName = "adapter_model.compressed"

  static let magic = Array("PEFTCMPR".utf8)
  static let version: UInt8 = 1
  /// Bytes of the checksum at the end.
  public static let checksumBytes = 32
  static let ownValues: UInt32 = 0xFFFF_FFFF

  /// Which codec.
  public let codec: Codec
  let table: TensorTable
  let payload: Payload

  /// What is wrong with a file, and where.
  struct Fault: Error {
    let offset: Int
    let what: String
  }

  init(codec: Codec, table: TensorTable, payload: Payload) {
    (self.codec, self.table, self.payload) = (codec, table, payload)
  }

  /// Compresses tensors to few entries.
  ///
  /// - Parameters:
  ///   - tensors: An adapter's tensors.
  ///   - share: Of all entries, those that are kept, from 0 to 1.
  ///   - magnitude: What stands at the kept places.
  ///   - codec: `sparseGolomb` or `sparseMask`.
  ///   - control: Draws which entries are kept, in place of the largest ones: what chance gives.
  ///   - isAroundOne: Whether a tensor's values are around one, as IA3's, and not around zero.
  public init(
    _ tensors: [AdapterArray], keeping share: Double, as magnitude: SparseVector.Magnitude, codec: Codec,
    control: SeedStream? = nil, isAroundOne: (_ key: String) -> Bool
  ) {
    precondition(codec != .int8, "CompressedTensors: int8 keeps all entries")
    let table = TensorTable(tensors.map { .init(key: $0.key, shape: $0.shape, isAroundOne: isAroundOne($0.key)) })
    let vector = zip(tensors, table.entries).flatMap { tensor, entry -> [Float] in
      entry.isAroundOne ? tensor.values.map { $0 - 1 } : tensor.values
    }
    var sparse = SparseVector(vector, keeping: share, as: magnitude, control: control)
    if case .values = sparse.content {
      // Final values, which a sum could not always give back.
      let values = tensors.flatMap(\.values)
      sparse = SparseVector(
        count: sparse.count, positions: sparse.positions, content: .values(sparse.positions.map { values[$0] }))
    }
    self.init(codec: codec, table: table, payload: .sparse(sparse))
  }

  /// Rounds tensors to bytes: each value to the nearest of 255 multiples of its tensor's largest magnitude over 127.
  public init(
    roundingToBytes tensors: [AdapterArray], isAroundOne: (_ key: String) -> Bool
  ) {
    let table = TensorTable(tensors.map { .init(key: $0.key, shape: $0.shape, isAroundOne: isAroundOne($0.key)) })
    var factors: [Float] = []
    var bytes: [Int8] = []
    for (tensor, entry) in zip(tensors, table.entries) {
      let values = entry.isAroundOne ? tensor.values.map { $0 - 1 } : tensor.values
      let factor = values.reduce(0) { max($0, abs($1)) } / 127
      factors.append(factor)
      bytes += values.map { factor > 0 ? Int8(max(-127, min(127, ($0 / factor).rounded()))) : 0 }
    }
    self.init(codec: .int8, table: table, payload: .bytes(factors: factors, values: bytes))
  }

  /// The tensors that the file stands for.
  public var tensors: [AdapterArray] {
    let flat: [Float]
    var hasFinalValues = false
    switch payload {
    case .sparse(let vector):
      flat = vector.dense
      if case .values = vector.content { hasFinalValues = true }
    case .bytes(let factors, let values):
      var result: [Float] = []
      result.reserveCapacity(values.count)
      for (entry, factor) in zip(table.entries, factors) {
        result += values[result.count..<(result.count + entry.count)].map { Float($0) * factor }
      }
      flat = result
    }
    var isKept: Set<Int> = []
    if hasFinalValues, case .sparse(let vector) = payload { isKept = Set(vector.positions) }
    var start = 0
    return table.entries.map { entry in
      defer { start += entry.count }
      var values = Array(flat[start..<(start + entry.count)])
      if entry.isAroundOne {
        for index in values.indices where !isKept.contains(start + index) { values[index] += 1 }
      }
      return AdapterArray(key: entry.key, shape: entry.shape, values: values)
    }
  }

  /// Number of entries of all tensors.
  public var count: Int { table.count }

  /// Number of kept entries.
  public var keptCount: Int {
    switch payload {
    case .sparse(let vector): vector.positions.count
    case .bytes(_, let values): values.count
    }
  }

  /// The one magnitude of all kept entries, where they have one.
  public var magnitude: Float? {
    if case .sparse(let vector) = payload, case .ternary(let scale, _) = vector.content { scale } else { nil }
  }

  /// Bytes of the values without header, table and checksum.
  public var valueBytes: Int {
    var writer = ByteWriter()
    writeValues(to: &writer)
    return writer.bytes.count
  }
}
