/// DEFLATE (RFC 1951): stored blocks and blocks in fixed or own Huffman codes.
enum Inflate {
  /// Unpacks one DEFLATE stream after `output`.
  ///
  /// - Parameters:
  ///   - input: All compressed bytes.
  ///   - start: Where the stream begins in them.
  ///   - output: Receives the bytes; matches reach back only to what this call has written.
  /// - Returns: Offset of the first byte after the stream.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, from start: Int, into output: inout GrowingBytes
  ) throws(CompressionError) -> Int {
    var bits = Bits(input, start)
    let outputStart = output.count
    while true {
      let isLast = try bits.take(1) == 1
      switch try bits.take(2) {
      case 0: try stored(&bits, &output)
      case 1: try block(&bits, &output, outputStart, fixedLiterals, fixedDistances)
      case 2:
        let (literals, distances) = try ownCodes(&bits)
        try block(&bits, &output, outputStart, literals, distances)
      default: throw bits.mistake("a block has the unknown type 3")
      }
      if isLast { return bits.endOffset }
    }
  }

  /// Bits of the stream, lowest first.
  private struct Bits {
    let input: UnsafeBufferPointer<UInt8>
    var position: Int
    var pool: UInt64 = 0
    var count = 0

    init(_ input: UnsafeBufferPointer<UInt8>, _ start: Int) {
      self.input = input
      position = start
    }

    func mistake(_ message: String) -> CompressionError { CompressionError("DEFLATE", message, at: endOffset) }

    /// Offset after the bytes of which a bit has been taken.
    var endOffset: Int { position - count / 8 }

    /// Fills the pool to at least 56 bits, or with all that is left.
    @inline(__always)
    mutating func fill() {
      if input.count - position >= 8 {
        let word = UnsafeRawBufferPointer(input).loadUnaligned(fromByteOffset: position, as: UInt64.self)
        pool |= UInt64(littleEndian: word) << UInt64(count)
        let bytes = (63 - count) / 8
        position += bytes
        count += bytes * 8
        pool &= count == 64 ? .max : (1 << UInt64(count)) - 1
      } else {
        while count <= 56, position < input.count {
          pool |= UInt64(input[position]) << UInt64(count)
          position += 1
          count += 8
        }
      }
    }

    @inline(__always)
    mutating func drop(_ bits: Int) {
      pool >>= UInt64(bits)
      count -= bits
    }

    @inline(__always)
    mutating func take(_ bits: Int) throws(CompressionError) -> Int {
      if count < bits {
        fill()
        guard count >= bits else { throw mistake("the stream is cut off") }
      }
      let value = Int(pool & (1 << UInt64(bits) - 1))
      drop(bits)
      return value
    }
  }

  /// A canonical Huffman code: a table for codes of up to 10 bits, and the counts by length for longer ones.
  private struct Code {
    static let tableBits = 10

    /// `symbol << 4 | length`; 0 where no code of up to `tableBits` bits begins so.
    private var table = [UInt16](repeating: 0, count: 1 << tableBits)
    private var counts = [Int](repeating: 0, count: 16)
    private var symbols: [UInt16] = []

    /// Creates the code in which symbol `i` has `lengths[i]` bits, 0 for none; nil if there are too many codes.
    init?(_ lengths: ArraySlice<UInt8>) {
      for length in lengths { counts[Int(length)] += 1 }
      counts[0] = 0
      var left = 1
      for length in 1...15 {
        left = left << 1 - counts[length]
        guard left >= 0 else { return nil }
      }
      var next = [Int](repeating: 0, count: 17)
      var offsets = [Int](repeating: 0, count: 17)
      for length in 1...15 {
        next[length + 1] = (next[length] + counts[length]) << 1
        offsets[length + 1] = offsets[length] + counts[length]
      }
      symbols = [UInt16](repeating: 0, count: offsets[16])
      for (symbol, length) in zip(0..., lengths.map(Int.init)) where length > 0 {
        symbols[offsets[length]] = UInt16(symbol)
        offsets[length] += 1
        let code = next[length]
        next[length] += 1
        guard length <= Self.tableBits else { continue }
        var index = 0
        for bit in 0..<length { index |= (code >> bit & 1) << (length - 1 - bit) }
        while index < table.count {
          table[index] = UInt16(symbol << 4 | length)
          index += 1 << length
        }
      }
    }

    @inline(__always)
    func decode(_ bits: inout Bits) throws(CompressionError) -> Int {
      if bits.count < 15 { bits.fill() }
      let entry = table.withUnsafeBufferPointer { $0[Int(bits.pool & UInt64(1 << Self.tableBits - 1))] }
      let length = Int(entry & 15)
      if length > 0, length <= bits.count {
        bits.drop(length)
        return Int(entry >> 4)
      }
      return try decodeLong(&bits)
    }

    private func decodeLong(_ bits: inout Bits) throws(CompressionError) -> Int {
      var code = 0
      var first = 0
      var index = 0
      for length in 1...15 {
        guard length <= bits.count else { throw bits.mistake("the stream is cut off") }
        code |= Int(bits.pool >> UInt64(length - 1) & 1)
        if code - counts[length] < first {
          bits.drop(length)
          return Int(symbols[index + code - first])
        }
        index += counts[length]
        first = (first + counts[length]) << 1
        code <<= 1
      }
      throw bits.mistake("a code stands for no symbol")
    }
  }

  private static let fixedLiterals = Code(
    ([UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
      + [UInt8](repeating: 8, count: 8))[...])
  private static let fixedDistances = Code([UInt8](repeating: 5, count: 30)[...])

  private static func stored(_ bits: inout Bits, _ output: inout GrowingBytes) throws(CompressionError) {
    bits.drop(bits.count % 8)
    let length = try bits.take(16)
    let complement = try bits.take(16)
    guard length ^ complement == 0xFFFF else { throw bits.mistake("a stored block's length is damaged") }
    let start = bits.endOffset
    guard length <= bits.input.count - start, let base = bits.input.baseAddress else {
      throw bits.mistake("the stream is cut off")
    }
    guard output.reserve(length) else { throw tooLong(bits, output) }
    output.append(base + start, length: length, available: bits.input.count - start)
    bits = Bits(bits.input, start + length)
  }

  private static func tooLong(_ bits: Bits, _ output: borrowing GrowingBytes) -> CompressionError {
    bits.mistake("it unpacks to more than the \(output.limit) bytes that are expected")
  }

  private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private static func ownCodes(_ bits: inout Bits) throws(CompressionError) -> (Code?, Code?) {
    let literalCount = try bits.take(5) + 257
    let distanceCount = try bits.take(5) + 1
    let lengthCount = try bits.take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { throw bits.mistake("a block has too many codes") }
    var lengthLengths = [UInt8](repeating: 0, count: 19)
    for i in 0..<lengthCount { lengthLengths[lengthOrder[i]] = UInt8(try bits.take(3)) }
    guard let lengthCode = Code(lengthLengths[...]) else { throw bits.mistake("a block's code lengths are damaged") }
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try lengthCode.decode(&bits)
      switch symbol {
      case 0..<16: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else { throw bits.mistake("a block's code lengths are damaged") }
        lengths += [UInt8](repeating: last, count: try bits.take(2) + 3)
      case 17: lengths += [UInt8](repeating: 0, count: try bits.take(3) + 3)
      default: lengths += [UInt8](repeating: 0, count: try bits.take(7) + 11)
      }
    }
    guard lengths.count == literalCount + distanceCount, lengths[256] > 0 else {
      throw bits.mistake("a block's code lengths are damaged")
    }
    return (Code(lengths[..<literalCount]), Code(lengths[literalCount...]))
  }

  /// Base and extra bits of the lengths 257...285.
  private static let lengths: [(base: Int, bits: Int)] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
  ]

  private static func block(
    _ bits: inout Bits, _ output: inout GrowingBytes, _ outputStart: Int, _ literals: Code?, _ distances: Code?
  ) throws(CompressionError) {
    guard let literals, let distances else { throw bits.mistake("a block's codes do not fit together") }
    while true {
      let symbol = try literals.decode(&bits)
      if symbol < 256 {
        guard output.reserve(1) else { throw tooLong(bits, output) }
        (output.base + output.count).pointee = UInt8(symbol)
        output.count += 1
        continue
      }
      if symbol == 256 { return }
      guard symbol - 257 < lengths.count else { throw bits.mistake("a match has the unknown length code \(symbol)") }
      let (lengthBase, lengthBits) = lengths[symbol - 257]
      let length = lengthBase + (try bits.take(lengthBits))
      let code = try distances.decode(&bits)
      guard code < 30 else { throw bits.mistake("a match has the unknown distance code \(code)") }
      // Two codes share each number of extra bits from code 2 on.
      let extra = max(0, code / 2 - 1)
      let distance = (code < 2 ? code : (2 + code % 2) << extra) + 1 + (try bits.take(extra))
      guard distance <= output.count - outputStart else {
        throw bits.mistake("a match reaches \(distance) bytes back, before the beginning")
      }
      guard output.reserve(length) else { throw tooLong(bits, output) }
      output.appendMatch(distance: distance, length: length)
    }
  }
}
