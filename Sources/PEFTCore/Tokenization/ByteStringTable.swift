/// A flat hash table from byte strings to token ids.
///
/// All strings lie in one array, all slots in another (open addressing, at most half full), so a lookup
/// touches two cache lines and makes no `String`. Byte strings compare byte by byte: unlike `String`, which
/// takes canonically equivalent spellings of one character for equal, and would merge tokens that differ.
struct ByteStringTable: Sendable {
  private struct Entry {
    var hash: UInt32
    var start: UInt32
    var count: UInt32
    var id: Int32
  }

  private var bytes: [UInt8] = []
  private var entries: [Entry] = []
  /// Index of an entry plus one; 0 is empty.
  private var slots: [UInt32]
  private var mask: Int
  /// Length of the longest string.
  private(set) var longest = 0

  /// Creates an empty table with room for `capacity` strings before it grows.
  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    mask = size - 1
    entries.reserveCapacity(capacity)
  }

  /// Adds a string; returns the id that it already had, in which case nothing changes, or nil.
  mutating func insert(_ string: UnsafeBufferPointer<UInt8>, id: Int32) -> Int32? {
    let hash = Self.hash(string)
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      if entry.hash == hash, equals(entry, string) { return entry.id }
      slot = (slot + 1) & mask
    }
    entries.append(Entry(hash: hash, start: UInt32(bytes.count), count: UInt32(string.count), id: id))
    bytes.append(contentsOf: string)
    slots[slot] = UInt32(entries.count)
    longest = max(longest, string.count)
    if entries.count * 2 > slots.count { grow() }
    return nil
  }

  /// The id of a string, or nil.
  @inline(__always)
  func id(of string: UnsafeBufferPointer<UInt8>) -> Int32? {
    guard string.count <= longest else { return nil }
    let hash = Self.hash(string)
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      if entry.hash == hash, equals(entry, string) { return entry.id }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// The id of a string, or nil.
  func id(of string: [UInt8]) -> Int32? { string.withUnsafeBufferPointer { id(of: $0) } }

  /// Calls `body` with every string and its id, by ascending id, and by the strings' bytes where ids are equal.
  func forEach(_ body: (_ string: ArraySlice<UInt8>, _ id: Int32) -> Void) {
    func string(_ entry: Entry) -> ArraySlice<UInt8> {
      bytes[Int(entry.start)..<Int(entry.start) + Int(entry.count)]
    }
    let ordered = entries.sorted { a, b in
      a.id != b.id ? a.id < b.id : string(a).lexicographicallyPrecedes(string(b))
    }
    for entry in ordered { body(string(entry), entry.id) }
  }

  @inline(__always)
  private func equals(_ entry: Entry, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Int(entry.count) == string.count else { return false }
    let start = Int(entry.start)
    for index in 0..<string.count where bytes[start + index] != string[index] { return false }
    return true
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    mask = slots.count - 1
    for (index, entry) in entries.enumerated() {
      var slot = Int(entry.hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(index + 1)
    }
  }

  /// A fixed hash (FNV-1a with a final mix): the table never iterates, so its order reaches no result.
  @inline(__always)
  private static func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in string { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    hash ^= hash >> 32
    return UInt32(truncatingIfNeeded: hash &* 0x9E37_79B9_7F4A_7C15 >> 32)
  }
}
