import PEFTCore

extension CompressedTensors {
  /// The file's bytes.
  public var serialized: [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.magic)
    writer.write(Self.version)
    writer.write(codec.rawValue)
    table.write(to: &writer)
    writeValues(to: &writer)
    return Self.sealed(writer.bytes)
  }

  /// A body with its checksum.
  public static func sealed(_ body: [UInt8]) -> [UInt8] { body + checksum(of: body[...]) }

  private static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array(SHA256.hexadecimal(of: Array(bytes)).utf8)
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) ?? 0
    }
  }

  func writeValues(to writer: inout ByteWriter) {
    switch payload {
    case .bytes(let factors, let values):
      for factor in factors { writer.write(factor.bitPattern) }
      writer.write(values.map { UInt8(bitPattern: $0) })
    case .sparse(let vector):
      writer.write(varint: vector.positions.count)
      var bits = BitWriter()
      switch vector.content {
      case .ternary(let scale, _): writer.write(scale.bitPattern)
      case .values: writer.write(Self.ownValues)
      }
      switch codec {
      case .sparseGolomb:
        let code = GolombCode(density: Double(vector.positions.count) / Double(max(1, vector.count)))
        writer.write(UInt8(code.remainderBits))
        code.write(vector.positions, to: &bits)
        if case .ternary(_, let isNegative) = vector.content { isNegative.forEach { bits.write($0 ? 1 : 0, bits: 1) } }
      case .sparseMask, .int8:
        Self.writeMask(vector.positions, count: vector.count, to: &bits)
        if case .ternary(_, let isNegative) = vector.content {
          let negative = zip(vector.positions, isNegative).filter(\.1).map(\.0)
          Self.writeMask(negative, count: vector.count, to: &bits)
        }
      }
      writer.write(bits.finish())
      if case .values(let values) = vector.content { values.forEach { writer.write($0.bitPattern) } }
    }
  }

  private static func writeMask(_ positions: [Int], count: Int, to bits: inout BitWriter) {
    var isSet = [Bool](repeating: false, count: count)
    for position in positions { isSet[position] = true }
    for isSet in isSet { bits.write(isSet ? 1 : 0, bits: 1) }
  }

  // MARK: - Reading

  /// Most elements that a file of a size can stand for: a damaged number must not take all memory.
  ///
  /// Of a thousand entries one that is kept takes at least eleven bits of a Golomb code, its sign included, so that up to
  /// 728 entries come on a byte. With fewer kept there is nothing left of an adapter.
  static func mostElements(inBytes count: Int) -> Int { 65_536 + 1024 * count }

  /// Reads a file.
  ///
  /// - Throws: `CheckpointError` for one that is cut short, damaged, or of a later version; `FileError`.
  public static func open(_ path: String) throws -> CompressedTensors {
    let file = try MemoryMappedFile(path: path)
    do throws(Fault) {
      return try CompressedTensors(file.contents)
    } catch {
      throw CheckpointError(file: path, byteOffset: error.offset, error.what)
    }
  }

  /// Reads a file's bytes.
  init(_ bytes: [UInt8]) throws(Fault) {
    let fixed = Self.magic.count + 2
    guard bytes.starts(with: Self.magic) else {
      throw Fault(offset: 0, what: "does not begin with PEFTCMPR: not a compressed adapter")
    }
    guard bytes.count >= fixed + Self.checksumBytes else {
      throw Fault(offset: bytes.count, what: "the file is cut short: it has \(bytes.count) bytes")
    }
    guard bytes[8] == Self.version else {
      throw Fault(offset: 8, what: "is of version \(bytes[8]), expected \(Self.version)")
    }
    let body = bytes.dropLast(Self.checksumBytes)
    guard Self.checksum(of: body) == Array(bytes.suffix(Self.checksumBytes)) else {
      throw Fault(offset: body.endIndex, what: "the checksum does not fit the content: damaged or cut short")
    }
    guard let codec = Codec(rawValue: bytes[9]) else {
      throw Fault(offset: 9, what: "has the codec \(bytes[9]), expected 0 to \(Codec.allCases.count - 1)")
    }
    var reader = ByteReader(body.dropFirst(fixed))
    let table = try TensorTable(&reader, mostElements: Self.mostElements(inBytes: bytes.count))
    let payload = try Self.payload(codec, of: table, &reader)
    guard reader.remaining == 0 else {
      throw Fault(offset: reader.offset, what: "\(reader.remaining) bytes follow the last value")
    }
    self.init(codec: codec, table: table, payload: payload)
  }

  private static func payload(
    _ codec: Codec, of table: TensorTable, _ reader: inout ByteReader
  ) throws(Fault) -> Payload {
    func damaged(_ what: String) -> Fault { Fault(offset: reader.offset, what: what) }
    let count = table.count
    if codec == .int8 {
      var factors: [Float] = []
      for _ in table.entries {
        guard let bits = reader.read(UInt32.self) else { throw damaged("the factors are cut short") }
        let factor = Float(bitPattern: bits)
        guard factor.isFinite, factor >= 0 else { throw damaged("a factor is negative or not finite") }
        factors.append(factor)
      }
      guard let values = reader.read(count) else { throw damaged("the values are cut short") }
      return .bytes(factors: factors, values: values.map { Int8(bitPattern: $0) })
    }
    guard let kept = reader.readVarint(), kept <= count, let magnitude = reader.read(UInt32.self) else {
      throw damaged("the number of kept entries is missing or larger than \(count)")
    }
    let hasOwnValues = magnitude == ownValues
    let scale = Float(bitPattern: magnitude)
    guard hasOwnValues || scale.isFinite && scale >= 0 else { throw damaged("the magnitude is negative or not finite") }
    let ownBytes = hasOwnValues ? 4 * kept : 0
    var code: GolombCode?
    if codec == .sparseGolomb {
      guard let bits = reader.read(UInt8.self), bits <= GolombCode.mostRemainderBits else {
        throw damaged("the code's divisor is missing or too large")
      }
      code = GolombCode(remainderBits: Int(bits))
    }
    guard let coded = reader.read(reader.remaining - ownBytes) else { throw damaged("the values are cut short") }
    var bits = BitReader(coded)
    guard let positions = positions(kept, of: count, code: code, &bits) else {
      throw damaged("the positions are cut short, or lead beyond the last entry")
    }
    var isNegative: [Bool] = []
    if !hasOwnValues {
      guard let signs = signs(at: positions, of: count, hasMask: code == nil, &bits) else {
        throw damaged("the signs are cut short, or stand where nothing is kept")
      }
      isNegative = signs
    }
    guard bits.remaining < 8, bits.read(bits: bits.remaining) == 0 else {
      throw damaged("more bits follow the last one than fill its byte")
    }
    guard hasOwnValues else {
      return .sparse(
        SparseVector(count: count, positions: positions, content: .ternary(scale: scale, isNegative: isNegative)))
    }
    let values = (0..<kept).compactMap { _ in reader.read(UInt32.self).map(Float.init(bitPattern:)) }
    guard values.count == kept, values.allSatisfy(\.isFinite) else { throw damaged("a value is not finite") }
    return .sparse(SparseVector(count: count, positions: positions, content: .values(values)))
  }

  private static func positions(
    _ kept: Int, of count: Int, code: GolombCode?, _ bits: inout BitReader
  ) -> [Int]? {
    if let code { return code.read(kept, below: count, from: &bits) }
    guard let positions = mask(count, &bits), positions.count == kept else { return nil }
    return positions
  }

  private static func signs(
    at positions: [Int], of count: Int, hasMask: Bool, _ bits: inout BitReader
  ) -> [Bool]? {
    guard hasMask else {
      guard bits.remaining >= positions.count else { return nil }
      return positions.map { _ in bits.bit() == 1 }
    }
    guard let negative = mask(count, &bits) else { return nil }
    let set = Set(negative)
    let signs = positions.map(set.contains)
    return signs.count(where: { $0 }) == negative.count ? signs : nil
  }

  private static func mask(_ count: Int, _ bits: inout BitReader) -> [Int]? {
    guard bits.remaining >= count else { return nil }
    return (0..<count).filter { _ in bits.bit() == 1 }
  }
}
