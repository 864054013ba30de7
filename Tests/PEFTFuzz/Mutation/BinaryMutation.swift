import PEFTMethods

/// Damage to binary formats at the places where they say how long something is.
enum BinaryMutation {
  // MARK: - safetensors

  /// Damages the header's JSON and corrects its length, so that the damage is seen; now and then the length itself.
  static func safetensors(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
    guard random.below(4) > 0, let length = ByteMutation.number(bytes, width: 8, at: 0),
      length <= UInt64(max(bytes.count - 8, 0))
    else {
      if random.oneIn(3) {
        ByteMutation.write(random.pick(ByteMutation.extremes), width: 8, at: 0, of: &bytes)
      } else {
        ByteMutation.apply(to: &bytes, &random)
      }
      return
    }
    var header = Array(bytes[8..<8 + Int(length)])
    TextMutation.apply(
      to: &header,
      pieces: ["\"F4\"", "\"F64\"", "\"U8\"", "\"__metadata__\":{}", ",", "\"shape\":[0,4611686018427387904]"],
      &random)
    bytes.replaceSubrange(8..<8 + Int(length), with: header)
    ByteMutation.write(UInt64(header.count), width: 8, at: 0, of: &bytes)
  }

  // MARK: - Compressed adapters

  /// Damages what the checksum covers and corrects the checksum, so that the damage is seen; now and then not.
  static func compressedTensors(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
    guard random.below(5) > 0, bytes.count > CompressedTensors.checksumBytes else {
      return ByteMutation.apply(to: &bytes, &random)
    }
    var body = Array(bytes.dropLast(CompressedTensors.checksumBytes))
    ByteMutation.apply(to: &body, &random)
    bytes = CompressedTensors.sealed(body)
  }

  // MARK: - GGUF

  /// Sets one of the integers of the head to an extreme value, exchanges two of them, or damages bytes.
  static func gguf(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
    let fields = random.below(4) > 0 ? ggufFields(bytes) : []
    guard !fields.isEmpty else { return ByteMutation.apply(to: &bytes, &random) }
    let field = random.pick(fields)
    switch random.below(4) {
    case 0:
      let other = random.pick(fields)
      let value = ByteMutation.number(bytes, width: other.width, at: other.place) ?? 0
      ByteMutation.write(value, width: field.width, at: field.place, of: &bytes)
    case 1:
      let value = (ByteMutation.number(bytes, width: field.width, at: field.place) ?? 0)
      ByteMutation.write(random.oneIn(2) ? value &+ 1 : value &- 1, width: field.width, at: field.place, of: &bytes)
    default: ByteMutation.write(random.pick(ByteMutation.extremes), width: field.width, at: field.place, of: &bytes)
    }
  }

  private struct Field {
    let place: Int
    let width: Int
  }

  /// The places of counts, lengths, types and integer values in the head, as far as it can be followed.
  private static func ggufFields(_ bytes: [UInt8]) -> [Field] {
    var fields: [Field] = []
    var position = 0
    func integer(_ width: Int) -> Int? {
      guard let value = ByteMutation.number(bytes, width: width, at: position) else { return nil }
      fields.append(Field(place: position, width: width))
      position += width
      return Int(exactly: value)
    }
    func text() -> Bool {
      guard let length = integer(8), length <= bytes.count - position else { return false }
      position += length
      return true
    }
    func value(_ type: Int) -> Bool {
      switch type {
      case 0, 1, 7: return integer(1) != nil
      case 2, 3: return integer(2) != nil
      case 4, 5, 6: return integer(4) != nil
      case 10, 11, 12: return integer(8) != nil
      case 8: return text()
      case 9:
        guard let element = integer(4), let count = integer(8) else { return false }
        // The first elements stand for all.
        for index in 0..<min(count, 1 << 20) {
          let known = fields.count
          guard value(element) else { return false }
          if index > 3 { fields.removeLast(fields.count - known) }
        }
        return true
      default: return false
      }
    }
    guard integer(4) != nil, integer(4) != nil, let tensors = integer(8), let keys = integer(8) else { return fields }
    for _ in 0..<min(keys, 1 << 16) {
      guard text(), let type = integer(4), value(type) else { return fields }
    }
    for _ in 0..<min(tensors, 1 << 16) {
      guard text(), let rank = integer(4), rank <= 16 else { return fields }
      for _ in 0..<rank { _ = integer(8) }
      guard integer(4) != nil, integer(8) != nil else { return fields }
    }
    return fields
  }

  // MARK: - Parquet

  /// Damages the footer and corrects its length, or a page's header, or any byte.
  static func parquet(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
    let count = bytes.count
    guard random.below(6) > 0, let length = ByteMutation.number(bytes, width: 4, at: count - 8),
      length > 0, length <= UInt64(max(count - 12, 0))
    else { return ByteMutation.apply(to: &bytes, &random) }
    let footer = count - 8 - Int(length)
    guard random.oneIn(2) else {
      // Pages: their headers are among the first bytes of a chunk, and chunks lie close together in small files.
      guard footer > 4 else { return }
      let place = 4 + (random.oneIn(2) ? random.below(min(40, footer - 4)) : random.below(footer - 4))
      bytes[place] =
        random.oneIn(2) ? UInt8(truncatingIfNeeded: random.next()) : bytes[place] ^ 1 << UInt8(random.below(8))
      return
    }
    let place = footer + random.below(Int(length))
    var change = 0
    switch random.below(4) {
    case 0: bytes[place] ^= 1 << UInt8(random.below(8))
    case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    default:
      // A variable-length number takes the place of one byte.
      var value = random.pick(ByteMutation.extremes)
      if random.oneIn(2) { value = value << 1 ^ (value >> 63 == 1 ? .max : 0) }
      var digits: [UInt8] = []
      repeat {
        digits.append(UInt8(value & 0x7F) | (value >= 0x80 ? 0x80 : 0))
        value >>= 7
      } while value > 0
      bytes.replaceSubrange(place...place, with: digits)
      change = digits.count - 1
    }
    ByteMutation.write(length + UInt64(change), width: 4, at: bytes.count - 8, of: &bytes)
  }
}
