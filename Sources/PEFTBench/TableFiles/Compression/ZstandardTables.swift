/// A finite-state entropy decoding table (RFC 8878, section 4.1).
struct FSETable {
  /// One state: what it stands for and how to reach the next.
  struct Entry {
    var symbol: UInt8 = 0
    var bits: UInt8 = 0
    var base: UInt16 = 0
  }

  let accuracy: Int
  private(set) var entries: [Entry]

  /// The table with one state, which always gives `symbol` and reads no bits.
  init(repeating symbol: UInt8) {
    accuracy = 0
    entries = [Entry(symbol: symbol)]
  }

  /// Builds the table of `1 << accuracy` states of a distribution that sums up to that; -1 stands for "less than one".
  init(_ distribution: [Int], accuracy: Int) {
    self.accuracy = accuracy
    let size = 1 << accuracy
    entries = [Entry](repeating: Entry(), count: size)
    var next = distribution.map { $0 < 0 ? 1 : $0 }
    var high = size - 1
    for (symbol, share) in distribution.enumerated() where share < 0 {
      entries[high].symbol = UInt8(symbol)
      high -= 1
    }
    let step = size >> 1 + size >> 3 + 3
    var position = 0
    for (symbol, share) in distribution.enumerated() where share > 0 {
      for _ in 0..<share {
        entries[position].symbol = UInt8(symbol)
        repeat { position = (position + step) & (size - 1) } while position > high
      }
    }
    for state in 0..<size {
      let symbol = Int(entries[state].symbol)
      let share = next[symbol]
      next[symbol] += 1
      let bits = accuracy - (Int.bitWidth - 1 - share.leadingZeroBitCount)
      entries[state].bits = UInt8(bits)
      entries[state].base = UInt16(share << bits - size)
    }
  }

  /// Reads a table's description from `input[range]`, with symbols up to `maximumSymbol`; `length` is its size in bytes.
  static func read(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, maximumSymbol: Int, maximumAccuracy: Int
  ) throws(CompressionError) -> (table: FSETable, length: Int) {
    func mistake(_ message: String) -> CompressionError {
      CompressionError("Zstandard", message, at: range.lowerBound)
    }
    var position = 0
    let bitCount = range.count * 8
    func peek(_ bits: Int) -> Int {
      var value = 0
      for bit in 0..<bits where position + bit < bitCount {
        let place = position + bit
        value |= Int(input[range.lowerBound + place >> 3] >> UInt8(place & 7) & 1) << bit
      }
      return value
    }
    let accuracy = peek(4) + 5
    position += 4
    guard accuracy <= maximumAccuracy else { throw mistake("a table is too large (\(accuracy) bits)") }
    var distribution: [Int] = []
    var remaining = 1 << accuracy
    while remaining > 0 {
      guard distribution.count <= maximumSymbol, position < bitCount else { throw mistake("a table is damaged") }
      let bits = Int.bitWidth - (remaining + 1).leadingZeroBitCount
      let threshold = 1 << bits - 1 - (remaining + 1)
      var value = peek(bits)
      let low = value & (1 << (bits - 1) - 1)
      if low < threshold {
        value = low
        position += bits - 1
      } else {
        if value >= 1 << (bits - 1) { value -= threshold }
        position += bits
      }
      let share = value - 1
      remaining -= abs(share)
      distribution.append(share)
      guard share == 0 else { continue }
      while true {
        let zeros = peek(2)
        position += 2
        distribution += [Int](repeating: 0, count: zeros)
        guard zeros == 3, position < bitCount else { break }
      }
    }
    guard remaining == 0, distribution.count <= maximumSymbol + 1, position <= bitCount else {
      throw mistake("a table is damaged")
    }
    return (FSETable(distribution, accuracy: accuracy), (position + 7) / 8)
  }
}

/// A Huffman decoding table for literals (RFC 8878, section 4.2), looked up by the next `bits` bits.
struct ZstandardHuffman {
  private(set) var bits = 0
  /// `symbol << 8 | length`.
  private(set) var entries: [UInt16] = []

  /// Reads a tree's description at the start of `input[range]`; `length` is its size in bytes.
  static func read(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) throws(CompressionError) -> (table: ZstandardHuffman, length: Int) {
    func mistake(_ message: String) -> CompressionError {
      CompressionError("Zstandard", message, at: range.lowerBound)
    }
    guard let header = range.first.map({ Int(input[$0]) }) else { throw mistake("a Huffman table is cut off") }
    var weights: [Int] = []
    let length: Int
    if header < 128 {
      length = 1 + header
      guard length <= range.count else { throw mistake("a Huffman table is cut off") }
      let body = range.lowerBound + 1..<range.lowerBound + length
      weights = try packedWeights(input, body)
    } else {
      let count = header - 127
      length = 1 + (count + 1) / 2
      guard length <= range.count else { throw mistake("a Huffman table is cut off") }
      for i in 0..<count {
        let pair = input[range.lowerBound + 1 + i / 2]
        weights.append(Int(i % 2 == 0 ? pair >> 4 : pair & 15))
      }
    }
    guard let table = ZstandardHuffman(weights) else { throw mistake("a Huffman table is damaged") }
    return (table, length)
  }

  /// Weights that are themselves coded by two states taking turns.
  private static func packedWeights(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) throws(CompressionError) -> [Int] {
    let (table, length) = try FSETable.read(input, range, maximumSymbol: 12, maximumAccuracy: 6)
    guard length < range.count, var stream = ReverseBits(input, range.lowerBound + length..<range.upperBound) else {
      throw CompressionError("Zstandard", "a Huffman table's weights are cut off", at: range.lowerBound)
    }
    var states = [stream.take(table.accuracy), stream.take(table.accuracy)]
    var weights: [Int] = []
    var turn = 0
    while weights.count < 255 {
      let entry = table.entries[states[turn]]
      weights.append(Int(entry.symbol))
      states[turn] = Int(entry.base) + stream.take(Int(entry.bits))
      turn = 1 - turn
      if stream.left < 0 {
        weights.append(Int(table.entries[states[turn]].symbol))
        return weights
      }
    }
    throw CompressionError("Zstandard", "a Huffman table has too many weights", at: range.lowerBound)
  }

  /// Builds the table; the last symbol's weight is what fills the sum up to a power of two.
  private init?(_ given: [Int]) {
    var sum = 0
    for weight in given {
      guard weight <= 11 else { return nil }
      if weight > 0 { sum += 1 << (weight - 1) }
    }
    guard sum > 0, given.count <= 255 else { return nil }
    bits = Int.bitWidth - sum.leadingZeroBitCount
    guard bits <= 11 else { return nil }
    let rest = 1 << bits - sum
    guard rest & (rest - 1) == 0 else { return nil }
    let weights = given + [rest.trailingZeroBitCount + 1]
    entries.reserveCapacity(1 << bits)
    for weight in 1...bits {
      for (symbol, own) in weights.enumerated() where own == weight {
        let entry = UInt16(symbol << 8 | (bits + 1 - weight))
        entries += [UInt16](repeating: entry, count: 1 << (weight - 1))
      }
    }
    guard entries.count == 1 << bits else { return nil }
  }
}
