import Foundation

/// The Golomb code of the gaps between the kept entries of a sparse vector, with a power of two as its divisor.
///
/// A gap g is written as g / 2ᵇ ones, a zero, and the b lowest bits of g. For entries that are kept independently with
/// probability p, b = 1 + ⌊log₂(ln(φ − 1) / ln(1 − p))⌋ with the golden ratio φ, which takes b + 1 / (1 − (1 − p)^2ᵇ)
/// bits for each one on average.
///
/// Source: Yadav et al. 2023 (ComPEFT, arXiv 2311.13171), section 2.2, after Strom 2015.
public struct GolombCode: Sendable, Equatable {
  /// b.
  public let remainderBits: Int

  /// Most bits of a remainder: gaps beyond have no place in memory.
  static let mostRemainderBits = 40

  /// The best code for a share of kept entries.
  public init(density: Double) {
    guard density > 0, density < 1 else {
      remainderBits = density > 0 ? 0 : Self.mostRemainderBits
      return
    }
    let goldenRatio = (1 + 5.0.squareRoot()) / 2
    let bits = 1 + Foundation.log2(Foundation.log(goldenRatio - 1) / Foundation.log(1 - density)).rounded(.down)
    remainderBits = min(max(0, Int(bits)), Self.mostRemainderBits)
  }

  /// The code with a given divisor 2ᵇ.
  init(remainderBits: Int) { self.remainderBits = remainderBits }

  /// Bits for each kept entry on average, its sign apart, at a share of kept entries.
  public func bitsPerEntry(density: Double) -> Double {
    Double(remainderBits) + 1 / (1 - Foundation.pow(1 - density, Foundation.exp2(Double(remainderBits))))
  }

  /// Writes positions, which rise.
  func write(_ positions: [Int], to writer: inout BitWriter) {
    var next = 0
    for position in positions {
      let gap = position - next
      var quotient = gap >> remainderBits
      while quotient > 0 {
        let ones = min(quotient, 32)
        writer.write(1 << UInt64(ones) - 1, bits: ones)
        quotient -= ones
      }
      writer.write(0, bits: 1)
      writer.write(UInt64(gap), bits: remainderBits)
      next = position + 1
    }
  }

  /// Reads `count` rising positions below `bound`; nil for bits that end before or lead beyond it.
  func read(_ count: Int, below bound: Int, from reader: inout BitReader) -> [Int]? {
    guard reader.remaining / (remainderBits + 1) >= count else { return nil }
    var positions: [Int] = []
    positions.reserveCapacity(count)
    var next = 0
    for _ in 0..<count {
      var gap = 0
      while let bit = reader.bit(), bit == 1 {
        gap += 1 << remainderBits
        guard gap < bound else { return nil }
      }
      guard let rest = reader.read(bits: remainderBits) else { return nil }
      gap += Int(rest)
      guard gap < bound - next else { return nil }
      positions.append(next + gap)
      next += gap + 1
    }
    return positions
  }
}
