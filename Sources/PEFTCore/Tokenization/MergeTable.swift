/// The merges of a BPE model: for two neighbouring tokens, how early they merge and into what.
struct MergeTable: Sendable {
  private struct Slot {
    var left: Int32 = -1
    var right: Int32 = -1
    var rank: Int32 = 0
    var merged: Int32 = 0
  }

  /// Stands for "these two do not merge"; every rank is below it.
  static let never = Int32.max

  private var slots: [Slot]
  private var shift: UInt64

  /// Creates an empty table for at most `count` merges.
  init(count: Int) {
    var bits: UInt64 = 4
    while (1 << bits) < count * 2 { bits += 1 }
    slots = [Slot](repeating: Slot(), count: 1 << bits)
    shift = 64 - bits
  }

  /// Sets the merge of `left` and `right`; a later one for the same pair replaces it.
  mutating func set(left: Int32, right: Int32, rank: Int32, merged: Int32) {
    let slot = self.slot(left, right)
    slots[slot] = Slot(left: left, right: right, rank: rank, merged: merged)
  }

  /// Sets the merge of two tokens given by their bytes.
  ///
  /// - Returns: The token of the three that the vocabulary lacks; nil if it has all.
  mutating func add(_ left: [UInt8], _ right: [UInt8], rank: Int, _ vocabulary: ByteStringTable) -> String? {
    guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right),
      let merged = vocabulary.id(of: left + right)
    else {
      let missing = [left, right, left + right].first { vocabulary.id(of: $0) == nil } ?? left
      return String(decoding: missing, as: UTF8.self)
    }
    set(left: leftID, right: rightID, rank: Int32(rank), merged: merged)
    return nil
  }

  /// Rank and result of merging two tokens; the rank is `never` if they do not merge.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> (rank: Int32, merged: Int32) {
    let slot = slots[self.slot(left, right)]
    return slot.left < 0 ? (Self.never, 0) : (slot.rank, slot.merged)
  }

  /// All merges, the earliest first: rank, left, right and merged token of each.
  var all: [[Int32]] {
    slots.filter { $0.left >= 0 }.sorted { ($0.rank, $0.left, $0.right) < ($1.rank, $1.left, $1.right) }
      .map { [$0.rank, $0.left, $0.right, $0.merged] }
  }

  @inline(__always)
  private func slot(_ left: Int32, _ right: Int32) -> Int {
    let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while slots[slot].left >= 0, slots[slot].left != left || slots[slot].right != right {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }
}
