/// Conversions between float32 and the 16-bit formats, bit by bit.
///
/// Written with integer and float32 operations only: they have the same bits on every CPU, need no hardware
/// conversion, and vectorise. Narrowing rounds to nearest, ties to even; subnormals are kept; a NaN stays a
/// (quiet) NaN with its sign and the payload's upper bits.
///
/// Source: IEEE 754-2019 section 3.6 (binary16); bfloat16 is the upper half of a binary32.
public enum HalfPrecision {
  /// The float32 with the bits of a bfloat16; exact.
  @inlinable @inline(__always)
  public static func float(bfloat16 bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// The bits of the bfloat16 nearest to `value`.
  @inlinable @inline(__always)
  public static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    // Rounding adds just under half of the last kept place, and one more where that place is odd.
    let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    let quieted = bits >> 16 | 0x40
    return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? quieted : rounded)
  }

  /// The float32 with the value of a binary16; exact.
  @inlinable @inline(__always)
  public static func float(float16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF) << 13
    // The exponent's bias differs by 112; a multiplication also normalises subnormals.
    let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    // The largest exponent means infinity or NaN in both formats.
    let special = magnitude | 0x7F80_0000 | (magnitude & 0x007F_FFFF != 0 ? 0x0040_0000 : 0)
    return Float(bitPattern: sign | (magnitude >= 0x0F80_0000 ? special : scaled))
  }

  /// The bits of the binary16 nearest to `value`; infinite from 65520 on.
  @inlinable @inline(__always)
  public static func float16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = bits >> 16 & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    // Normal: rebias the exponent and round off 13 places (a carry reaches the exponent, up to infinity).
    let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13
    // Subnormal: next to 0.5 the last place of a float32 is 2^-24, the unit of binary16's subnormals.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
    let special: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 | (magnitude >> 13 & 0x1FF) : 0x7C00
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    return UInt16(truncatingIfNeeded: sign | (magnitude >= 0x4780_0000 ? special : finite))
  }

  /// Widens `output.count` bfloat16 values, which may be unaligned.
  ///
  /// - Precondition: `input` holds at least two bytes for each output.
  public static func widen(bfloat16 input: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<Float>) {
    precondition(input.count >= 2 * output.count, "widen: \(input.count) bytes for \(output.count) values")
    guard let source = input.baseAddress, let target = output.baseAddress else { return }
    for index in 0..<output.count {
      target[index] = float(bfloat16: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
    }
  }

  /// Widens `output.count` binary16 values, which may be unaligned.
  ///
  /// - Precondition: `input` holds at least two bytes for each output.
  public static func widen(float16 input: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<Float>) {
    precondition(input.count >= 2 * output.count, "widen: \(input.count) bytes for \(output.count) values")
    guard let source = input.baseAddress, let target = output.baseAddress else { return }
    for index in 0..<output.count {
      target[index] = float(float16: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
    }
  }

  /// The bfloat16 bits of each value.
  public static func bfloat16(_ values: UnsafeBufferPointer<Float>) -> [UInt16] {
    [UInt16](unsafeUninitializedCapacity: values.count) { output, count in
      for index in 0..<values.count { output[index] = bfloat16(values[index]) }
      count = values.count
    }
  }

  /// The binary16 bits of each value.
  public static func float16(_ values: UnsafeBufferPointer<Float>) -> [UInt16] {
    [UInt16](unsafeUninitializedCapacity: values.count) { output, count in
      for index in 0..<values.count { output[index] = float16(values[index]) }
      count = values.count
    }
  }
}
