/// The order in which CPython 3.11 lists a set of strings when its hash seed is 0.
///
/// The data-flow match of the `codebleu` package puts the names of a merged edge through a Python set, so its value
/// differs from run to run with the interpreter's random hash seed. Following PYTHONHASHSEED=0 makes the number
/// one that the package itself gives, and the same on every run.
enum CPythonSet {
  /// The distinct `names` in the order of the set's table.
  static func listed(_ names: [String]) -> [String] {
    guard names.count > 1 else { return names }
    var table = Table(size: 8)
    for name in names { table.insert(name, hash(name)) }
    return table.slots.compactMap { $0?.name }
  }

  private struct Slot {
    let name: String
    let hash: UInt64
  }

  /// Open addressing with ten neighbouring probes before each jump.
  private struct Table {
    var slots: [Slot?]
    private var fill = 0

    init(size: Int) { slots = [Slot?](repeating: nil, count: size) }

    private var mask: Int { slots.count - 1 }

    /// The place of `name`: its own, or the first free one on its path.
    private func slotIndex(_ name: String, _ hash: UInt64) -> Int {
      var index = Int(truncatingIfNeeded: hash) & mask
      var perturbation = hash
      while true {
        let last = index + 9 <= mask ? index + 9 : index
        for candidate in index...last {
          guard let slot = slots[candidate] else { return candidate }
          if slot.hash == hash, slot.name.unicodeScalars.elementsEqual(name.unicodeScalars) { return candidate }
        }
        perturbation >>= 5
        index = Int(truncatingIfNeeded: UInt64(index) &* 5 &+ 1 &+ perturbation) & mask
      }
    }

    mutating func insert(_ name: String, _ hash: UInt64) {
      let slotIndex = slotIndex(name, hash)
      guard slots[slotIndex] == nil else { return }
      slots[slotIndex] = Slot(name: name, hash: hash)
      fill += 1
      guard fill * 5 >= mask * 3 else { return }
      // Fourfold, and twofold once the set is large.
      let wanted = fill > 50_000 ? fill * 2 : fill * 4
      var size = 8
      while size <= wanted { size <<= 1 }
      let old = slots
      slots = [Slot?](repeating: nil, count: size)
      for case let slot? in old { slots[self.slotIndex(slot.name, slot.hash)] = slot }
    }
  }

  /// CPython's hash of a string under seed 0: SipHash-1-3 with a zero key over its narrowest fixed-width form.
  static func hash(_ name: String) -> UInt64 {
    let scalars = name.unicodeScalars
    let largest = scalars.reduce(0 as UInt32) { max($0, $1.value) }
    var bytes: [UInt8] = []
    for scalar in scalars {
      bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      if largest > 0xFF { bytes.append(UInt8(truncatingIfNeeded: scalar.value >> 8)) }
      if largest > 0xFFFF {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: scalar.value >> 24))
      }
    }
    guard !bytes.isEmpty else { return 0 }
    let hash = sipHash13(bytes)
    return hash == UInt64.max ? UInt64.max - 1 : hash
  }

  /// SipHash with one round a word and three at the end (Aumasson and Bernstein 2012), key 0.
  private static func sipHash13(_ bytes: [UInt8]) -> UInt64 {
    var v0: UInt64 = 0x736F_6D65_7073_6575
    var v1: UInt64 = 0x646F_7261_6E64_6F6D
    var v2: UInt64 = 0x6C79_6765_6E65_7261
    var v3: UInt64 = 0x7465_6462_7974_6573
    func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
    func round() {
      v0 &+= v1
      v2 &+= v3
      v1 = rotated(v1, 13) ^ v0
      v3 = rotated(v3, 16) ^ v2
      v0 = rotated(v0, 32)
      v2 &+= v1
      v0 &+= v3
      v1 = rotated(v1, 17) ^ v2
      v3 = rotated(v3, 21) ^ v0
      v2 = rotated(v2, 32)
    }
    let tail = bytes.count / 8 * 8
    for start in stride(from: 0, to: tail, by: 8) {
      let word = (0..<8).reduce(0 as UInt64) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
      v3 ^= word
      round()
      v0 ^= word
    }
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    for index in tail..<bytes.count { last |= UInt64(bytes[index]) << UInt64(8 * (index - tail)) }
    v3 ^= last
    round()
    v0 ^= last
    v2 ^= 0xFF
    for _ in 0..<3 { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }
}
