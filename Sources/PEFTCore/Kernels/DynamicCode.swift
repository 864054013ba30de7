import Foundation

/// 8 bits of a value between -1 and 1, or 0 and 1: more bits for the fraction the larger it is, as AdamW of 8 bits keeps its
/// moments.
///
/// The 256 values are the tree of a dynamic exponent and a linear fraction: for each of seven powers of ten from 10⁻⁶ to 1
/// the middles of 2ⁱ equal parts (2ⁱ⁺¹ of the unsigned code) of 0.1 to 1 times it, i = 0…6, then 0 and 1. A code is the
/// place among them in ascending order, and the code of a number that of the nearest value, of two the lower one.
///
/// - Source: Dettmers 2016, arXiv 1511.04561, and Dettmers and others 2022, arXiv 2110.02861; the values are those of
///   `create_dynamic_map` in bitsandbytes 0.50, bit for bit.
struct DynamicCode: Sendable {
  /// From below -0.99 to 1, for what has either sign.
  static let signed = DynamicCode(isSigned: true)
  /// From 0 to 1, for what has none.
  static let unsigned = DynamicCode(isSigned: false)

  /// Values that share one scale, the largest magnitude among them.
  static let blockLength = 256

  /// The value of each code.
  let values: [Float]
  /// What lies halfway between a code's value and the next one's; infinite for the last.
  let middles: [Float]
  /// For the upper 16 bits of every float32 the code of the least number that has them.
  ///
  /// Numbers of equal upper bits have at most one middle between them, so that one comparison gives the code.
  let leastCodes: [UInt8]

  private init(isSigned: Bool) {
    let values = Self.values(isSigned: isSigned)
    let middles = zip(values, values.dropFirst()).map { ($0 + $1) / 2 } + [.infinity]
    self.values = values
    self.middles = middles
    leastCodes = (0...UInt32(UInt16.max)).map { upper in
      let (one, other) = (Float(bitPattern: upper << 16), Float(bitPattern: upper << 16 | 0xFFFF))
      // Of numbers below zero the larger bits are the lesser number. What is not a number gets some code.
      let least = min(one, other)
      return UInt8(truncatingIfNeeded: Self.middlesBelow(least, middles))
    }
  }

  /// How many middles lie below a number.
  private static func middlesBelow(_ number: Float, _ middles: [Float]) -> Int {
    var (low, high) = (0, middles.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if middles[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// All values in ascending order, rounded as PyTorch does it on the way.
  private static func values(isSigned: Bool) -> [Float] {
    let exponents = 7
    var values: [Float] = [0, 1]
    for power in 0..<exponents {
      let parts = 1 << (isSigned ? power : power + 1)
      let bounds = (0...parts).map { bound($0, of: parts) }
      let scale = Float(pow(10, Double(power + 1 - exponents)))
      for (lower, upper) in zip(bounds, bounds.dropFirst()) {
        let value = scale * ((lower + upper) / 2)
        values.append(value)
        if isSigned { values.append(-value) }
      }
    }
    return values.sorted()
  }

  /// Where one of equal parts of 0.1 to 1 begins, counted from the nearer end, as `torch.linspace` does with fused
  /// multiplications.
  private static func bound(_ index: Int, of parts: Int) -> Float {
    let (start, step) = (0.1 as Float, (1 - 0.1 as Float) / Float(parts))
    return index < (parts + 1) / 2
      ? start.addingProduct(step, Float(index)) : Float(1).addingProduct(-step, Float(parts - index))
  }

  // MARK: - Blocks

  /// Writes the values of a block's codes times its scale.
  @inline(__always)
  func decode(_ codes: UnsafePointer<UInt8>, scale: Float, into output: UnsafeMutablePointer<Float>, count: Int) {
    values.withUnsafeBufferPointer { values in
      for index in 0..<count { output[index] = values[Int(codes[index])] * scale }
    }
  }

  /// Writes the codes of a block's elements.
  ///
  /// A block without a magnitude that float32 has as a normal number is kept as zeros.
  ///
  /// - Returns: The block's scale.
  @inline(__always)
  func encode(_ input: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>, count: Int) -> Float {
    var lanes = Lanes()
    forEachVector(count) { offset, n in
      let x = Lanes(at: input + offset, count: n)
      lanes = lanes.larger(x.replacing(with: -x, where: x .< 0))
    }
    let largest = lanes.largest
    let scale = largest >= Float.leastNormalMagnitude ? largest : 0
    let inverse = scale == 0 ? 0 : 1 / scale
    leastCodes.withUnsafeBufferPointer { leastCodes in
      middles.withUnsafeBufferPointer { middles in
        for index in 0..<count {
          let x = input[index] * inverse
          let code = leastCodes[Int(x.bitPattern >> 16)]
          codes[index] = code &+ (x > middles[Int(code)] ? 1 : 0)
        }
      }
    }
    return scale
  }
}
