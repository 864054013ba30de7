/// How one format's elements lie in a panel, and how a vector of words becomes vectors of elements.
///
/// A panel's depth is cut into blocks. A block is the scales of every row, then words of 32 bits: each holds
/// some successive depths of one row, the first in the lowest bits. Scales too are read as words: of two scales
/// of a row the first is in the low half; of one scale a row, the low halves belong to the rows of the panel's
/// first vector and the high halves to those of the second. So one load of words serves several elements, with
/// shifts and masks alone; widening of narrower integers compiles to slow code.
///
/// A value holds the scales of one vector of rows.
protocol PanelCode {
  /// Depths of a block.
  static var blockDepths: Int { get }
  /// Depths of a word.
  static var wordDepths: Int { get }
  /// Bits of two depths of a word: so far it is shifted for the next two.
  static var pairBits: UInt32 { get }
  /// Bytes of a block a row.
  static var blockBytes: Int { get }
  /// Bytes of a row's scales at the start of a block.
  static var scaleBytes: Int { get }
  /// Reads the scales of one of the panel's two vectors of rows at the start of a block.
  init(block: UnsafeRawPointer, vector: Int)
  /// The elements of one depth of the words.
  func elements(_ words: KernelWords, depth: Int) -> KernelVector
}

/// Reading of panels, element vector by element vector.
enum PanelReader {
  /// Calls `body` for each depth of a range with the two vectors of the panel.
  ///
  /// - Parameters:
  ///   - range: Starts at a multiple of `wordDepths`; ends at one, or anywhere in a block of one word.
  ///   - body: Gets the depth, counted from the start of the range.
  @inline(__always)
  static func read<Code: PanelCode>(
    _ panel: UnsafeRawPointer, depths range: Range<Int>, as code: Code.Type,
    _ body: (_ depth: Int, _ first: KernelVector, _ second: KernelVector) -> Void
  ) {
    let width = KernelShape.panelWidth
    let blockBytes = Code.blockBytes &* width
    let vectorBytes = MemoryLayout<KernelWords>.size
    var depth = range.lowerBound
    while depth < range.upperBound {
      let block = panel + depth / Code.blockDepths &* blockBytes
      let inside = depth % Code.blockDepths
      let end = min(range.upperBound, depth &+ Code.blockDepths &- inside)
      let first = Code(block: block, vector: 0)
      let second = Code(block: block, vector: 1)
      var words = block + Code.scaleBytes &* width + inside / Code.wordDepths &* (2 &* vectorBytes)
      while depth < end {
        let firstWords = words.loadUnaligned(as: KernelWords.self)
        let secondWords = words.loadUnaligned(fromByteOffset: vectorBytes, as: KernelWords.self)
        let offset = depth &- range.lowerBound
        @inline(__always) func give(_ part: Int) {
          body(offset &+ part, first.elements(firstWords, depth: part), second.elements(secondWords, depth: part))
        }
        give(0)
        // Written out, because the shifts and masks must be constants. Only a word of two depths can be half full.
        if depth &+ 1 < end { give(1) }
        if Code.wordDepths > 2 {
          give(2)
          give(3)
        }
        if Code.wordDepths > 4 {
          give(4)
          give(5)
          give(6)
          give(7)
        }
        words += 2 &* vectorBytes
        depth &+= Code.wordDepths
      }
    }
  }

  /// The floats with these bits.
  @inline(__always)
  static func floats(_ bits: KernelWords) -> KernelVector { unsafeBitCast(bits, to: KernelVector.self) }

  /// The values of float16 numbers in the low halves of words whose high halves are zero.
  ///
  /// Moves exponent and fraction to their places in a float32 and corrects the exponent by an exact product,
  /// which also normalizes the small numbers; infinity and NaN, which come out above all others, get the largest
  /// exponent back. Without comparisons, which compile to a loop over the lanes for AVX2.
  @inline(__always)
  static func floats(ofHalves halves: KernelWords) -> KernelVector {
    let finite = unsafeBitCast(floats((halves & 0x7FFF) &<< 13) * 0x1p112, to: KernelWords.self)
    // From 2¹⁶ on the sum reaches the sign bit, which the shift spreads over the word.
    let isSpecial = unsafeBitCast(finite &+ 0x3880_0000, to: KernelVector.MaskStorage.self) &>> 31
    let largestExponent = unsafeBitCast(isSpecial, to: KernelWords.self) & 0x7F80_0000
    return floats(finite | largestExponent | (halves & 0x8000) &<< 16)
  }

  /// Scales stored one per row, of one of the panel's two vectors of rows.
  @inline(__always)
  static func scales(_ block: UnsafeRawPointer, vector: Int) -> KernelVector {
    let words = block.loadUnaligned(as: KernelWords.self)
    return floats(ofHalves: vector == 0 ? words & 0xFFFF : words &>> 16)
  }

  /// The values of integers below 2³¹.
  ///
  /// Written lane by lane, which compiles to one instruction; the vector's own initializer is called.
  @inline(__always)
  static func floats(ofIntegers integers: KernelWords) -> KernelVector {
    let integers = unsafeBitCast(integers, to: KernelVector.MaskStorage.self)
    var result = KernelVector()
    for lane in 0..<KernelVector.scalarCount { result[lane] = Float(integers[lane]) }
    return result
  }
}

/// bfloat16: pairs of depths.
struct BFloat16Code: PanelCode {
  @inline(__always) static var blockDepths: Int { 2 }
  @inline(__always) static var wordDepths: Int { 2 }
  @inline(__always) static var pairBits: UInt32 { 0 }
  @inline(__always) static var blockBytes: Int { 4 }
  @inline(__always) static var scaleBytes: Int { 0 }

  @inline(__always) init(block: UnsafeRawPointer, vector: Int) {}

  @inline(__always)
  func elements(_ words: KernelWords, depth: Int) -> KernelVector {
    PanelReader.floats(depth == 0 ? words &<< 16 : words & 0xFFFF_0000)
  }
}

/// float16: pairs of depths.
struct Float16Code: PanelCode {
  @inline(__always) static var blockDepths: Int { 2 }
  @inline(__always) static var wordDepths: Int { 2 }
  @inline(__always) static var pairBits: UInt32 { 0 }
  @inline(__always) static var blockBytes: Int { 4 }
  @inline(__always) static var scaleBytes: Int { 0 }

  @inline(__always) init(block: UnsafeRawPointer, vector: Int) {}

  @inline(__always)
  func elements(_ words: KernelWords, depth: Int) -> KernelVector {
    PanelReader.floats(ofHalves: depth == 0 ? words & 0xFFFF : words &>> 16)
  }
}

/// Q8_0: a scale, signed bytes with 128 added.
struct Q80Code: PanelCode {
  private let scale: KernelVector
  private let scaleOfHigh: KernelVector
  private let offset: KernelVector

  @inline(__always) static var blockDepths: Int { 32 }
  @inline(__always) static var wordDepths: Int { 4 }
  @inline(__always) static var pairBits: UInt32 { 16 }
  @inline(__always) static var blockBytes: Int { 34 }
  @inline(__always) static var scaleBytes: Int { 2 }

  @inline(__always)
  init(block: UnsafeRawPointer, vector: Int) {
    scale = PanelReader.scales(block, vector: vector)
    scaleOfHigh = scale * 0x1p-8
    offset = scale * -128
  }

  /// The difference of two exact products (11 and 8 bits each) is exact, so it may be fused.
  @inline(__always)
  func elements(_ words: KernelWords, depth: Int) -> KernelVector {
    let words = depth < 2 ? words : words &>> 16
    return depth % 2 == 0
      ? multiplyAdd(offset, scale, PanelReader.floats(ofIntegers: words & 0xFF))
      : multiplyAdd(offset, scaleOfHigh, PanelReader.floats(ofIntegers: words & 0xFF00))
  }
}

/// Q4_0: a scale, 4 bits with 8 added.
struct Q40Code: PanelCode {
  private let scale: KernelVector
  private let scaleOfHigh: KernelVector
  private let offset: KernelVector

  @inline(__always) static var blockDepths: Int { 32 }
  @inline(__always) static var wordDepths: Int { 8 }
  @inline(__always) static var pairBits: UInt32 { 8 }
  @inline(__always) static var blockBytes: Int { 18 }
  @inline(__always) static var scaleBytes: Int { 2 }

  @inline(__always)
  init(block: UnsafeRawPointer, vector: Int) {
    scale = PanelReader.scales(block, vector: vector)
    scaleOfHigh = scale * 0x1p-4
    offset = scale * -8
  }

  /// The difference of two exact products (11 and 4 bits each) is exact, so it may be fused.
  @inline(__always)
  func elements(_ words: KernelWords, depth: Int) -> KernelVector {
    let words = depth < 2 ? words : words &>> UInt32(truncatingIfNeeded: depth / 2 * 8)
    return depth % 2 == 0
      ? multiplyAdd(offset, scale, PanelReader.floats(ofIntegers: words & 0xF))
      : multiplyAdd(offset, scaleOfHigh, PanelReader.floats(ofIntegers: words & 0xF0))
  }
}

/// Q4_1: a scale, a minimum, 4 bits.
struct Q41Code: PanelCode {
  private let scale: KernelVector
  private let scaleOfHigh: KernelVector
  private let minimum: KernelVector

  @inline(__always) static var blockDepths: Int { 32 }
  @inline(__always) static var wordDepths: Int { 8 }
  @inline(__always) static var pairBits: UInt32 { 8 }
  @inline(__always) static var blockBytes: Int { 20 }
  @inline(__always) static var scaleBytes: Int { 4 }

  @inline(__always)
  init(block: UnsafeRawPointer, vector: Int) {
    let words = (block + vector &* MemoryLayout<KernelWords>.size).loadUnaligned(as: KernelWords.self)
    scale = PanelReader.floats(ofHalves: words & 0xFFFF)
    scaleOfHigh = scale * 0x1p-4
    minimum = PanelReader.floats(ofHalves: words &>> 16)
  }

  /// Scale times integer is exact (11 and 4 bits), so a fused addition rounds no differently.
  @inline(__always)
  func elements(_ words: KernelWords, depth: Int) -> KernelVector {
    let words = depth < 2 ? words : words &>> UInt32(truncatingIfNeeded: depth / 2 * 8)
    return depth % 2 == 0
      ? multiplyAdd(minimum, scale, PanelReader.floats(ofIntegers: words & 0xF))
      : multiplyAdd(minimum, scaleOfHigh, PanelReader.floats(ofIntegers: words & 0xF0))
  }
}
