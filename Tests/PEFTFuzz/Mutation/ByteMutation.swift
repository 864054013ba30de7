/// Damage that knows nothing of the format: flipped bits, cuts, copies, lengths of extreme size.
enum ByteMutation {
  /// Values that counts and lengths go wrong with, as 64 bits.
  static let extremes: [UInt64] = [
    0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x1_0000_0000, 1 << 40, 1 << 53, 1 << 61, 1 << 62, (1 << 63) - 1, 1 << 63, .max - 7, .max - 1, .max,
  ]

  static func apply(to bytes: inout [UInt8], _ random: inout CaseRandom) {
    guard !bytes.isEmpty else {
      bytes = [UInt8(truncatingIfNeeded: random.next())]
      return
    }
    let place = random.place(in: bytes.count)
    switch random.below(10) {
    case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
    case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 3: bytes[place] = random.pick([0, 1, 0x0A, 0x20, 0x22, 0x7F, 0x80, 0xC0, 0xE2, 0xED, 0xF4, 0xFE, 0xFF])
    case 4: bytes.removeLast(bytes.count - place)
    case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(16)))
    case 6:
      let end = min(bytes.count, place + 1 + random.below(64))
      bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.below(bytes.count + 1))
    case 7: bytes.insert(contentsOf: [UInt8](repeating: bytes[place], count: 1 + random.below(32)), at: place)
    default: write(random.pick(extremes), width: random.pick([1, 2, 4, 8]), at: place, of: &bytes)
    }
  }

  /// Writes a little-endian number over what stands at `place`, as far as the bytes go.
  static func write(_ value: UInt64, width: Int, at place: Int, of bytes: inout [UInt8]) {
    for i in 0..<width where place + i < bytes.count {
      bytes[place + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i))
    }
  }

  static func number(_ bytes: [UInt8], width: Int, at place: Int) -> UInt64? {
    guard place >= 0, width <= bytes.count - place else { return nil }
    return (0..<width).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
  }
}
