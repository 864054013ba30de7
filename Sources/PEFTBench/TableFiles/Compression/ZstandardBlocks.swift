/// Unpacks the compressed blocks of one frame, which share tables and the last three distances.
struct ZstandardBlocks {
  /// Bytes that a block unpacks to at most.
  let maximumBlock: Int
  /// Where the frame's bytes begin in the output; no match reaches before it.
  private let outputStart: Int
  private var literals: [UInt8] = []
  private var huffman: ZstandardHuffman?
  private var lengthTable: FSETable?
  private var distanceTable: FSETable?
  private var matchTable: FSETable?
  private var recent = (1, 4, 8)

  init(outputStart: Int, maximumBlock: Int) {
    self.outputStart = outputStart
    self.maximumBlock = maximumBlock
  }

  /// Unpacks the block in `input[range]`.
  mutating func decompress(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    let sequences = try readLiterals(input, range)
    try runSequences(input, sequences..<range.upperBound, into: &output)
  }

  // MARK: Literals

  /// Fills `literals`; returns the offset after their section.
  private mutating func readLiterals(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) throws(CompressionError) -> Int {
    func byte(_ i: Int) throws(CompressionError) -> Int {
      guard i < range.count else { throw Zstandard.mistake("a block's literals are cut off", range.lowerBound) }
      return Int(input[range.lowerBound + i])
    }
    let first = try byte(0)
    let sizeFormat = first >> 2 & 3
    var header = first
    let headerLength: Int
    let size: Int
    var packedSize = 0
    let isPacked = first & 3 >= 2
    if isPacked {
      headerLength = [3, 3, 4, 5][sizeFormat]
      for i in 1..<headerLength { header |= try byte(i) << (8 * i) }
      let bits = [10, 10, 14, 18][sizeFormat]
      size = header >> 4 & (1 << bits - 1)
      packedSize = header >> (4 + bits) & (1 << bits - 1)
    } else {
      headerLength = [1, 2, 1, 3][sizeFormat]
      for i in 1..<max(1, headerLength) { header |= try byte(i) << (8 * i) }
      size = header >> (headerLength == 1 ? 3 : 4)
      packedSize = first & 3 == 0 ? size : 1
    }
    let start = range.lowerBound + headerLength
    guard size <= maximumBlock, headerLength <= range.count, packedSize <= range.upperBound - start else {
      throw Zstandard.mistake("a block's literals do not fit", range.lowerBound)
    }
    switch first & 3 {
    case 0: literals = Array(input[start..<start + size])
    case 1: literals = [UInt8](repeating: input[start], count: size)
    default:
      var streams = start..<start + packedSize
      if first & 3 == 2 {
        let (table, length) = try ZstandardHuffman.read(input, streams)
        huffman = table
        streams = start + length..<start + packedSize
      }
      guard let huffman else { throw Zstandard.mistake("a block repeats a Huffman table that is not there", start) }
      try decode(input, streams, size: size, streamCount: sizeFormat == 0 ? 1 : 4, with: huffman)
    }
    return start + packedSize
  }

  private mutating func decode(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, size: Int, streamCount: Int,
    with huffman: ZstandardHuffman
  ) throws(CompressionError) {
    var ranges = [range]
    var sizes = [size]
    if streamCount == 4 {
      guard range.count >= 6 else { throw Zstandard.mistake("a block's literals are cut off", range.lowerBound) }
      let lengths = (0..<3).map { i in
        Int(input[range.lowerBound + 2 * i]) | Int(input[range.lowerBound + 2 * i + 1]) << 8
      }
      let a = range.lowerBound + 6
      let b = a + lengths[0]
      let c = b + lengths[1]
      let d = c + lengths[2]
      let quarter = (size + 3) / 4
      guard d <= range.upperBound, 3 * quarter <= size else {
        throw Zstandard.mistake("a block's four literal streams do not fit", range.lowerBound)
      }
      ranges = [a..<b, b..<c, c..<d, d..<range.upperBound]
      sizes = [quarter, quarter, quarter, size - 3 * quarter]
    }
    var failure: Int?
    literals = [UInt8](unsafeUninitializedCapacity: size) { target, count in
      huffman.entries.withUnsafeBufferPointer { entries in
        for (stream, size) in zip(ranges, sizes) {
          guard var bits = ReverseBits(input, stream) else {
            failure = stream.lowerBound
            return
          }
          let width = huffman.bits
          let mask = 1 << width - 1
          let end = count + size
          var i = count
          // Five codes have at most 55 bits, so one load serves them all.
          while i + 5 <= end, bits.left >= 56 {
            let word = bits.peek(56)
            var shift = 56 - width
            for k in 0..<5 {
              let entry = entries[word &>> shift & mask]
              target.initializeElement(at: i + k, to: UInt8(truncatingIfNeeded: entry >> 8))
              shift -= Int(entry & 0xFF)
            }
            bits.drop(56 - width - shift)
            i += 5
          }
          while i < end {
            let entry = entries[bits.peek(width)]
            target.initializeElement(at: i, to: UInt8(truncatingIfNeeded: entry >> 8))
            bits.drop(Int(entry & 0xFF))
            i += 1
          }
          count += size
          guard bits.left == 0 else {
            failure = stream.lowerBound
            return
          }
        }
      }
    }
    if let failure { throw Zstandard.mistake("a literal stream is damaged", failure) }
  }

  // MARK: Sequences

  /// Interleaves literals and matches after `output`.
  private mutating func runSequences(
    _ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    var position = range.lowerBound
    func nextByte() throws(CompressionError) -> Int {
      guard position < range.upperBound else {
        throw Zstandard.mistake("a block's sequences are cut off", range.lowerBound)
      }
      defer { position += 1 }
      return Int(input[position])
    }
    var count = try nextByte()
    if count >= 128 {
      count = count < 255 ? (count - 128) << 8 + (try nextByte()) : try nextByte() + (try nextByte()) << 8 + 0x7F00
    }
    guard count > 0 else {
      guard position == range.upperBound else {
        throw Zstandard.mistake("a block has bytes after its end", position)
      }
      return try appendLiterals(from: 0, count: literals.count, to: &output, range.lowerBound)
    }
    let modes = try nextByte()
    guard modes & 3 == 0 else { throw Zstandard.mistake("a block has a reserved mode", position - 1) }
    lengthTable = try table(modes >> 6 & 3, .literalLengths, lengthTable, input, &position, range)
    distanceTable = try table(modes >> 4 & 3, .distances, distanceTable, input, &position, range)
    matchTable = try table(modes >> 2 & 3, .matchLengths, matchTable, input, &position, range)
    guard let lengthTable, let distanceTable, let matchTable,
      var bits = ReverseBits(input, position..<range.upperBound)
    else { throw Zstandard.mistake("a block's sequences are cut off", position) }
    var lengthState = bits.take(lengthTable.accuracy)
    var distanceState = bits.take(distanceTable.accuracy)
    var matchState = bits.take(matchTable.accuracy)
    let (lengthCodes, matchCodes) = (Self.lengthCodes, Self.matchCodes)
    var literalPosition = 0
    let blockStart = output.count
    for index in 0..<count {
      let length = lengthTable.entries[lengthState]
      let distance = distanceTable.entries[distanceState]
      let match = matchTable.entries[matchState]
      // The tables' readers let no symbol pass that has no code below.
      let distanceValue = 1 << Int(distance.symbol) + bits.take(Int(distance.symbol))
      let (matchBase, matchBits) = matchCodes[Int(match.symbol)]
      let matchLength = Int(matchBase) + bits.take(Int(matchBits))
      let (lengthBase, lengthBits) = lengthCodes[Int(length.symbol)]
      let literalLength = Int(lengthBase) + bits.take(Int(lengthBits))
      let back = distanceOf(distanceValue, hasLiterals: literalLength > 0)
      if index + 1 < count {
        lengthState = Int(length.base) + bits.take(Int(length.bits))
        matchState = Int(match.base) + bits.take(Int(match.bits))
        distanceState = Int(distance.base) + bits.take(Int(distance.bits))
      }
      guard bits.left >= 0, literalLength <= literals.count - literalPosition else {
        throw Zstandard.mistake("a block's sequences are damaged", range.lowerBound)
      }
      try appendLiterals(from: literalPosition, count: literalLength, to: &output, range.lowerBound)
      literalPosition += literalLength
      guard back > 0, back <= output.count - outputStart,
        matchLength <= maximumBlock - (output.count - blockStart), output.reserve(matchLength)
      else {
        throw Zstandard.mistake(
          "a copy of \(matchLength) bytes from \(back) back does not fit", range.lowerBound)
      }
      output.appendMatch(distance: back, length: matchLength)
    }
    guard bits.left == 0 else { throw Zstandard.mistake("a block's sequences are damaged", range.lowerBound) }
    let rest = literals.count - literalPosition
    guard rest <= maximumBlock - (output.count - blockStart) else {
      throw Zstandard.mistake("a block unpacks to more than \(maximumBlock) bytes", range.lowerBound)
    }
    try appendLiterals(from: literalPosition, count: rest, to: &output, range.lowerBound)
  }

  @inline(__always)
  private func appendLiterals(
    from start: Int, count: Int, to output: inout GrowingBytes, _ offset: Int
  ) throws(CompressionError) {
    guard count > 0 else { return }
    guard output.reserve(count) else {
      throw Zstandard.mistake("it unpacks to more than the \(output.limit) bytes that are expected", offset)
    }
    literals.withUnsafeBufferPointer { literals in
      guard let base = literals.baseAddress else { return }
      output.append(base + start, length: count, available: literals.count - start)
    }
  }

  /// The distance that `value` stands for: 1...3 are the recent ones, shifted by one where no literals come before.
  @inline(__always)
  private mutating func distanceOf(_ value: Int, hasLiterals: Bool) -> Int {
    let (a, b, c) = recent
    if value > 3 {
      recent = (value - 3, a, b)
      return value - 3
    }
    switch hasLiterals ? value : value + 1 {
    case 1: return a
    case 2: recent = (b, a, c)
    case 3: recent = (c, a, b)
    default: recent = (a - 1, a, b)
    }
    return recent.0
  }

  private enum Kind {
    case literalLengths, distances, matchLengths

    var maximumSymbol: Int {
      switch self {
      case .literalLengths: 35
      case .distances: 31
      case .matchLengths: 52
      }
    }

    var maximumAccuracy: Int { self == .distances ? 8 : 9 }

    var standard: FSETable {
      switch self {
      case .literalLengths: standardLengths
      case .distances: standardDistances
      case .matchLengths: standardMatches
      }
    }
  }

  /// The table of one kind of symbol as `mode` says: predefined, one symbol, described here, or the last one again.
  private func table(
    _ mode: Int, _ kind: Kind, _ last: FSETable?, _ input: UnsafeBufferPointer<UInt8>, _ position: inout Int,
    _ range: Range<Int>
  ) throws(CompressionError) -> FSETable {
    switch mode {
    case 0: return kind.standard
    case 1:
      guard position < range.upperBound, Int(input[position]) <= kind.maximumSymbol else {
        throw Zstandard.mistake("a block's table is damaged", position)
      }
      defer { position += 1 }
      return FSETable(repeating: input[position])
    case 2:
      let (table, length) = try FSETable.read(
        input, position..<range.upperBound, maximumSymbol: kind.maximumSymbol, maximumAccuracy: kind.maximumAccuracy)
      guard length <= range.upperBound - position else {
        throw Zstandard.mistake("a block's table is cut off", position)
      }
      position += length
      return table
    default:
      guard let last else { throw Zstandard.mistake("a block repeats a table that is not there", position) }
      return last
    }
  }

  /// Base and extra bits of the literal length codes (RFC 8878, section 3.1.1.3.2.1.1).
  private static let lengthCodes: [(UInt32, UInt8)] =
    (0..<16).map { (UInt32($0), 0) } + [
      (16, 1), (18, 1), (20, 1), (22, 1), (24, 2), (28, 2), (32, 3), (40, 3), (48, 4), (64, 6), (128, 7), (256, 8),
      (512, 9), (1024, 10), (2048, 11), (4096, 12), (8192, 13), (16384, 14), (32768, 15), (65536, 16),
    ]

  /// Base and extra bits of the match length codes.
  private static let matchCodes: [(UInt32, UInt8)] =
    (0..<32).map { (UInt32($0 + 3), 0) } + [
      (35, 1), (37, 1), (39, 1), (41, 1), (43, 2), (47, 2), (51, 3), (59, 3), (67, 4), (83, 4), (99, 5), (131, 7),
      (259, 8), (515, 9), (1027, 10), (2051, 11), (4099, 12), (8195, 13), (16387, 14), (32771, 15), (65539, 16),
    ]

  /// The predefined distributions (RFC 8878, section 3.1.1.3.2.2).
  private static let standardLengths = FSETable(
    [
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
    ], accuracy: 6)
  private static let standardMatches = FSETable(
    [1, 4, 3, 2, 2, 2, 2, 2, 2] + [Int](repeating: 1, count: 37) + [Int](repeating: -1, count: 7), accuracy: 6)
  private static let standardDistances = FSETable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2] + [Int](repeating: 1, count: 15) + [Int](repeating: -1, count: 5), accuracy: 5)
}
