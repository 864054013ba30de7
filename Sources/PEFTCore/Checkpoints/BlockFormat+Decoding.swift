extension BlockFormat {
  /// Widens whole blocks to float32, with the same bits as the reference decoder.
  ///
  /// Products and sums are rounded one by one, in the reference's order: (scale · sub-scale) · integer − minimum.
  ///
  /// - Parameters:
  ///   - source: The first block; need not be aligned.
  ///   - blockCount: Blocks to read.
  ///   - target: Room for `blockCount * elementsPerBlock` numbers.
  public func decode(_ source: UnsafeRawPointer, blockCount: Int, into target: UnsafeMutablePointer<Float>) {
    switch self {
    case .float32:
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * blockCount)
    case .float16:
      HalfPrecision.widen(
        float16: UnsafeRawBufferPointer(start: source, count: 2 * blockCount),
        into: UnsafeMutableBufferPointer(start: target, count: blockCount))
    case .bfloat16:
      HalfPrecision.widen(
        bfloat16: UnsafeRawBufferPointer(start: source, count: 2 * blockCount),
        into: UnsafeMutableBufferPointer(start: target, count: blockCount))
    case .q4_0: each(source, blockCount, target, Self.decodeQ4_0)
    case .q4_1: each(source, blockCount, target, Self.decodeQ4_1)
    case .q5_0: each(source, blockCount, target, Self.decodeQ5_0)
    case .q5_1: each(source, blockCount, target, Self.decodeQ5_1)
    case .q8_0: each(source, blockCount, target, Self.decodeQ8_0)
    case .q2K: each(source, blockCount, target, Self.decodeQ2K)
    case .q3K: each(source, blockCount, target, Self.decodeQ3K)
    case .q4K: each(source, blockCount, target, Self.decodeQ4K)
    case .q5K: each(source, blockCount, target, Self.decodeQ5K)
    case .q6K: each(source, blockCount, target, Self.decodeQ6K)
    case .iq4NL: each(source, blockCount, target, Self.decodeIQ4NL)
    }
  }

  @inline(__always)
  private func each(
    _ source: UnsafeRawPointer, _ blockCount: Int, _ target: UnsafeMutablePointer<Float>,
    _ decodeBlock: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let bytes = source.assumingMemoryBound(to: UInt8.self)
    for block in 0..<blockCount {
      decodeBlock(bytes + block * bytesPerBlock, target + block * elementsPerBlock)
    }
  }

  @inline(__always)
  private static func float16(_ bytes: UnsafePointer<UInt8>) -> Float {
    HalfPrecision.float(float16: UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
  }

  @inline(__always)
  private static func word(_ bytes: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 24
  }

  // MARK: Blocks of 32: elements 0...15 are the low halves of 16 bytes, 16...31 the high ones.

  /// `scale, 16 bytes`: y = scale · (q − 8).
  @inline(__always)
  private static func decodeQ4_0(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let quants = block + 2
    for j in 0..<16 {
      y[j] = scale * Float(Int32(quants[j] & 15) &- 8)
      y[j + 16] = scale * Float(Int32(quants[j] >> 4) &- 8)
    }
  }

  /// `scale, minimum, 16 bytes`: y = scale · q + minimum.
  @inline(__always)
  private static func decodeQ4_1(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let minimum = float16(block + 2)
    let quants = block + 4
    for j in 0..<16 {
      y[j] = scale * Float(Int32(quants[j] & 15)) + minimum
      y[j + 16] = scale * Float(Int32(quants[j] >> 4)) + minimum
    }
  }

  /// `scale, 32 fifth bits, 16 bytes`: y = scale · (q − 16).
  @inline(__always)
  private static func decodeQ5_0(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let fifthBits = word(block + 2)
    let quants = block + 6
    for j in 0..<16 {
      let low = UInt32(quants[j] & 15) | (fifthBits >> UInt32(j) & 1) << 4
      let high = UInt32(quants[j] >> 4) | (fifthBits >> UInt32(j + 16) & 1) << 4
      y[j] = scale * Float(Int32(low) &- 16)
      y[j + 16] = scale * Float(Int32(high) &- 16)
    }
  }

  /// `scale, minimum, 32 fifth bits, 16 bytes`: y = scale · q + minimum.
  @inline(__always)
  private static func decodeQ5_1(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let minimum = float16(block + 2)
    let fifthBits = word(block + 4)
    let quants = block + 8
    for j in 0..<16 {
      let low = UInt32(quants[j] & 15) | (fifthBits >> UInt32(j) & 1) << 4
      let high = UInt32(quants[j] >> 4) | (fifthBits >> UInt32(j + 16) & 1) << 4
      y[j] = scale * Float(Int32(low)) + minimum
      y[j + 16] = scale * Float(Int32(high)) + minimum
    }
  }

  /// `scale, 32 signed bytes`: y = scale · q.
  @inline(__always)
  private static func decodeQ8_0(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    for j in 0..<32 { y[j] = scale * Float(Int32(Int8(bitPattern: block[2 + j]))) }
  }

  /// `scale, 16 bytes`: y = scale · levels[q], with 16 unevenly spaced levels.
  @inline(__always)
  private static func decodeIQ4NL(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let levels: SIMD16<Float> = [
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]
    let scale = float16(block)
    let quants = block + 2
    for j in 0..<16 {
      y[j] = scale * levels[Int(quants[j] & 15)]
      y[j + 16] = scale * levels[Int(quants[j] >> 4)]
    }
  }

  // MARK: Blocks of 256

  /// `16 × (scale | minimum << 4), 64 bytes of 2-bit planes, scale, minimum scale`.
  @inline(__always)
  private static func decodeQ2K(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let quants = block + 16
    let scale = float16(block + 80)
    let minimumScale = float16(block + 82)
    for half in 0..<2 {
      for plane in 0..<4 {
        for part in 0..<2 {
          let packed = block[8 * half + 2 * plane + part]
          let factor = scale * Float(Int32(packed & 15))
          let minimum = minimumScale * Float(Int32(packed >> 4))
          let source = quants + 32 * half + 16 * part
          let target = y + 128 * half + 32 * plane + 16 * part
          for l in 0..<16 {
            target[l] = factor * Float(Int32(source[l] >> UInt8(2 * plane) & 3)) - minimum
          }
        }
      }
    }
  }

  /// `32 bytes of third bits, 64 bytes of 2-bit planes, 16 six-bit scales in 12 bytes, scale`.
  @inline(__always)
  private static func decodeQ3K(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let quants = block + 32
    let scales = block + 96
    let scale = float16(block + 108)
    for half in 0..<2 {
      for plane in 0..<4 {
        let bit = UInt8(1) << UInt8(4 * half + plane)
        for part in 0..<2 {
          let i = 8 * half + 2 * plane + part
          let low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4
          let high = scales[8 + i % 4] >> UInt8(2 * (i / 4)) & 3
          let factor = scale * Float(Int32(low | high << 4) &- 32)
          let source = quants + 32 * half + 16 * part
          let target = y + 128 * half + 32 * plane + 16 * part
          for l in 0..<16 {
            let quant = Int32(source[l] >> UInt8(2 * plane) & 3)
            target[l] = factor * Float(block[16 * part + l] & bit != 0 ? quant : quant &- 4)
          }
        }
      }
    }
  }

  /// Scale and minimum of sub-block `s` of 8: six bits each, packed into 12 bytes.
  @inline(__always)
  private static func scaleAndMinimum(_ s: Int, _ scales: UnsafePointer<UInt8>) -> (Float, Float) {
    if s < 4 { return (Float(Int32(scales[s] & 63)), Float(Int32(scales[s + 4] & 63))) }
    let scale = scales[s + 4] & 15 | (scales[s - 4] >> 6) << 4
    let minimum = scales[s + 4] >> 4 | (scales[s] >> 6) << 4
    return (Float(Int32(scale)), Float(Int32(minimum)))
  }

  /// `scale, minimum scale, 12 bytes of scales, 128 bytes`: 32 bytes hold two sub-blocks, low and high halves.
  @inline(__always)
  private static func decodeQ4K(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let minimumScale = float16(block + 2)
    for s in 0..<8 {
      let (subScale, subMinimum) = scaleAndMinimum(s, block + 4)
      let factor = scale * subScale
      let minimum = minimumScale * subMinimum
      let source = block + 16 + 32 * (s / 2)
      let shift = UInt8(4 * (s % 2))
      for l in 0..<32 {
        y[32 * s + l] = factor * Float(Int32(source[l] >> shift & 15)) - minimum
      }
    }
  }

  /// As Q4_K, with the fifth bits in 32 bytes before the others: bit s of byte l belongs to sub-block s.
  @inline(__always)
  private static func decodeQ5K(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block)
    let minimumScale = float16(block + 2)
    let fifthBits = block + 16
    for s in 0..<8 {
      let (subScale, subMinimum) = scaleAndMinimum(s, block + 4)
      let factor = scale * subScale
      let minimum = minimumScale * subMinimum
      let source = block + 48 + 32 * (s / 2)
      let shift = UInt8(4 * (s % 2))
      for l in 0..<32 {
        let quant = source[l] >> shift & 15 | (fifthBits[l] >> UInt8(s) & 1) << 4
        y[32 * s + l] = factor * Float(Int32(quant)) - minimum
      }
    }
  }

  /// `128 bytes of low halves, 64 bytes of upper 2-bit planes, 16 signed scales, scale`.
  @inline(__always)
  private static func decodeQ6K(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    let scale = float16(block + 208)
    for half in 0..<2 {
      for plane in 0..<4 {
        for part in 0..<2 {
          let subScale = Int8(bitPattern: block[192 + 8 * half + 2 * plane + part])
          let factor = scale * Float(Int32(subScale))
          let low = block + 64 * half + 32 * (plane % 2) + 16 * part
          let high = block + 128 + 32 * half + 16 * part
          let lowShift = UInt8(4 * (plane / 2))
          let target = y + 128 * half + 32 * plane + 16 * part
          for l in 0..<16 {
            let quant = low[l] >> lowShift & 15 | (high[l] >> UInt8(2 * plane) & 3) << 4
            target[l] = factor * Float(Int32(quant) &- 32)
          }
        }
      }
    }
  }
}
