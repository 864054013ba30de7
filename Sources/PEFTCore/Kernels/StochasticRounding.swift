/// Rounds float32 to bfloat16, up or down at random, so that the mean of many roundings is the number itself.
///
/// The magnitude goes up with the probability of what is cut off, in units of the last place that stays. A sum of steps that
/// are each below half such a unit moves on; rounded to nearest it would stand still, as a mean square does in bfloat16: its
/// decay of 0.999 takes a thousandth, and half a unit is between 1/512 and 1/256 of the number.
///
/// An element's draw is a function of the stream and its position alone.
struct StochasticRounding: Sendable {
  /// Which 16 bits of an element's draw are used, so that two roundings of it are independent.
  enum Half: Sendable { case lower, upper }

  /// Where draws come from.
  let stream: SeedStream
  /// Which half of them.
  let half: Half

  /// Writes the upper 16 bits of elements after rounding.
  ///
  /// An infinity stays one, and so does what is not a number, as arithmetic makes it.
  ///
  /// - Parameters:
  ///   - input: The elements.
  ///   - output: Where their bfloat16 go.
  ///   - count: How many there are.
  ///   - position: Of the first element among those of its tensor, an even number.
  @inline(__always)
  func round(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt16>, count: Int, position: Int
  ) {
    let shift: UInt64 = half == .lower ? 0 : 16
    // A draw of 64 bits serves two elements, and four draws eight of them.
    let whole = count / 8 * 8
    for index in stride(from: 0, to: whole, by: 8) {
      let draws = stream.bits(atFourFrom: (position + index) / 2) &>> shift
      let words = unsafeBitCast(draws, to: SIMD8<UInt32>.self) & 0xFFFF
      let values = UnsafeRawPointer(input + index).loadUnaligned(as: SIMD8<UInt32>.self)
      let rounded = SIMD8<UInt16>(truncatingIfNeeded: (values &+ words) &>> 16)
      UnsafeMutableRawPointer(output + index).storeBytes(of: rounded, as: SIMD8<UInt16>.self)
    }
    for index in whole..<count {
      let place = position + index
      let word = stream.bits(at: place / 2) >> (shift + (place % 2 == 0 ? 0 : 32)) & 0xFFFF
      output[index] = UInt16((input[index].bitPattern &+ UInt32(word)) >> 16)
    }
  }
}
