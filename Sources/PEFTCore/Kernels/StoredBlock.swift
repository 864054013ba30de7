/// Decodes ggml's blocks of quantized weights as they are stored.
///
/// Scales are float16. A block of 256 elements is decoded in runs of 32, which is how its codes are laid out.
/// Products are formed in ggml's order, so each value has the bits that ggml's own decoder gives.
enum StoredBlock {
  /// Writes the 32 elements of one run of a block.
  @inline(__always)
  static func decode(
    _ format: WeightFormat, block: UnsafeRawPointer, run: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let bytes = block.assumingMemoryBound(to: UInt8.self)
    switch format {
    case .q40: decodeQ40(bytes, target)
    case .q41: decodeQ41(bytes, target)
    case .q80: decodeQ80(bytes, target)
    case .q50: decodeQ50(bytes, target)
    case .q51: decodeQ51(bytes, target)
    case .iq4NL: decodeIQ4NL(bytes, target)
    case .nf4: decodeNF4(bytes, target)
    case .q2K: decodeQ2K(bytes, run, target)
    case .q3K: decodeQ3K(bytes, run, target)
    case .q4K: decodeQ4K(bytes, run, target)
    case .q5K: decodeQ5K(bytes, run, target)
    case .q6K: decodeQ6K(bytes, run, target)
    case .float32, .bfloat16, .float16: preconditionFailure("StoredBlock: \(format.name) has no blocks")
    }
  }

  /// The value of a float16 with these bits.
  ///
  /// Swift's `Float16` does not exist on every platform.
  @inline(__always)
  static func float(ofHalf half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7FFF) << 13
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let value = magnitude >= 0x0F80_0000 ? magnitude | 0x7F80_0000 : finite
    return Float(bitPattern: value | UInt32(half & 0x8000) << 16)
  }

  @inline(__always)
  private static func half(_ bytes: UnsafePointer<UInt8>, _ offset: Int) -> Float {
    float(ofHalf: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8)
  }

  private static func decodeQ40(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    for j in 0..<16 {
      let code = Int(block[2 + j])
      target[j] = scale * Float((code & 15) - 8)
      target[j + 16] = scale * Float((code >> 4) - 8)
    }
  }

  private static func decodeQ41(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    let minimum = half(block, 2)
    for j in 0..<16 {
      let code = Int(block[4 + j])
      target[j] = scale * Float(code & 15) + minimum
      target[j + 16] = scale * Float(code >> 4) + minimum
    }
  }

  private static func decodeQ80(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    for j in 0..<32 { target[j] = scale * Float(Int8(bitPattern: block[2 + j])) }
  }

  private static func decodeQ50(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    let high = UnsafeRawPointer(block + 2).loadUnaligned(as: UInt32.self).littleEndian
    for j in 0..<16 {
      let code = Int(block[6 + j])
      target[j] = scale * Float((code & 15 | Int(high >> UInt32(j) & 1) << 4) - 16)
      target[j + 16] = scale * Float((code >> 4 | Int(high >> UInt32(j + 16) & 1) << 4) - 16)
    }
  }

  private static func decodeQ51(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    let minimum = half(block, 2)
    let high = UnsafeRawPointer(block + 4).loadUnaligned(as: UInt32.self).littleEndian
    for j in 0..<16 {
      let code = Int(block[8 + j])
      target[j] = scale * Float(code & 15 | Int(high >> UInt32(j) & 1) << 4) + minimum
      target[j + 16] = scale * Float(code >> 4 | Int(high >> UInt32(j + 16) & 1) << 4) + minimum
    }
  }

  /// The levels of IQ4_NL: 16 values, denser about zero.
  @inline(__always)
  private static func level(_ code: UInt8) -> Float {
    // The sixteen signed bytes as two words, so that no array is touched.
    let low: UInt64 = 0xF6EA_DDCF_BFAD_9881
    let high: UInt64 = 0x7159_4535_2619_0D01
    let word = code < 8 ? low : high
    return Float(Int8(truncatingIfNeeded: word >> (UInt64(code & 7) * 8)))
  }

  private static func decodeIQ4NL(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = half(block, 0)
    for j in 0..<16 {
      target[j] = scale * level(block[2 + j] & 15)
      target[j + 16] = scale * level(block[2 + j] >> 4)
    }
  }

  /// The scale as float32, then the codes, the first of two in the high half.
  private static func decodeNF4(_ block: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>) {
    let scale = UnsafeRawPointer(block).loadUnaligned(as: Float.self)
    let target = UnsafeMutableRawPointer(target)
    NF4.levelPairs.withUnsafeBufferPointer { pairs in
      for j in 0..<16 {
        target.storeBytes(of: pairs[Int(block[4 + j])] * scale, toByteOffset: 8 * j, as: SIMD2<Float>.self)
      }
    }
  }

  /// Scale and minimum of one of the eight runs of Q4_K and Q5_K: 6 bits each, packed into 12 bytes.
  @inline(__always)
  private static func scaleAndMinimum(_ scales: UnsafePointer<UInt8>, _ run: Int) -> (Float, Float) {
    if run < 4 { return (Float(scales[run] & 63), Float(scales[run + 4] & 63)) }
    let scale = scales[run + 4] & 15 | (scales[run - 4] >> 6) << 4
    let minimum = scales[run + 4] >> 4 | (scales[run] >> 6) << 4
    return (Float(scale), Float(minimum))
  }

  private static func decodeQ4K(_ block: UnsafePointer<UInt8>, _ run: Int, _ target: UnsafeMutablePointer<Float>) {
    let (scale, minimum) = scaleAndMinimum(block + 4, run)
    let (factor, offset) = (half(block, 0) * scale, half(block, 2) * minimum)
    let codes = block + 16 + run / 2 * 32
    let shift = UInt8(run % 2 * 4)
    for l in 0..<32 { target[l] = factor * Float(codes[l] >> shift & 15) - offset }
  }

  private static func decodeQ5K(_ block: UnsafePointer<UInt8>, _ run: Int, _ target: UnsafeMutablePointer<Float>) {
    let (scale, minimum) = scaleAndMinimum(block + 4, run)
    let (factor, offset) = (half(block, 0) * scale, half(block, 2) * minimum)
    let high = block + 16
    let codes = block + 48 + run / 2 * 32
    let shift = UInt8(run % 2 * 4)
    for l in 0..<32 {
      let upper: UInt8 = (high[l] >> UInt8(run) & 1) << 4
      let code: UInt8 = codes[l] >> shift & 15 | upper
      target[l] = factor * Float(code) - offset
    }
  }

  private static func decodeQ6K(_ block: UnsafePointer<UInt8>, _ run: Int, _ target: UnsafeMutablePointer<Float>) {
    let (part, plane) = (run / 4, run % 4)
    let low = block + 64 * part + plane % 2 * 32
    let high = block + 128 + 32 * part
    let scales = block + 192 + 8 * part + 2 * plane
    let scale = half(block, 208)
    let lowShift = UInt8(plane / 2 * 4)
    let highShift = UInt8(2 * plane)
    for l in 0..<32 {
      let upper: UInt8 = (high[l] >> highShift & 3) << 4
      let code = Int(low[l] >> lowShift & 15 | upper)
      target[l] = scale * Float(Int8(bitPattern: scales[l / 16])) * Float(code - 32)
    }
  }

  private static func decodeQ2K(_ block: UnsafePointer<UInt8>, _ run: Int, _ target: UnsafeMutablePointer<Float>) {
    let (part, plane) = (run / 4, run % 4)
    let codes = block + 16 + 32 * part
    let (scale, minimum) = (half(block, 80), half(block, 82))
    let shift = UInt8(2 * plane)
    for l in 0..<32 {
      let packed = block[2 * run + l / 16]
      target[l] = scale * Float(packed & 15) * Float(codes[l] >> shift & 3) - minimum * Float(packed >> 4)
    }
  }

  private static func decodeQ3K(_ block: UnsafePointer<UInt8>, _ run: Int, _ target: UnsafeMutablePointer<Float>) {
    let (part, plane) = (run / 4, run % 4)
    let codes = block + 32 + 32 * part
    let scales = block + 96
    let scale = half(block, 108)
    let shift = UInt8(2 * plane)
    for l in 0..<32 {
      let i = 2 * run + l / 16
      let low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4
      let factor = Int(low | (scales[8 + i % 4] >> UInt8(i / 4 * 2) & 3) << 4) - 32
      let code = Int(codes[l] >> shift & 3) - (block[l] >> UInt8(run) & 1 == 1 ? 0 : 4)
      target[l] = scale * Float(factor) * Float(code)
    }
  }
}
