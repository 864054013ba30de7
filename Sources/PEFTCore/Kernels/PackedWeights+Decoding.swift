extension PackedWeights {
  /// Writes some inputs of a panel as float32, `[inputs, panelWidth]`.
  ///
  /// - Parameter range: For quantized formats, starts at a multiple of 2 and ends at one.
  func decode(panel index: Int, inputs range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let width = KernelShape.panelWidth
    let panel = panel(index)
    switch format {
    case .float32:
      let size = MemoryLayout<Float>.stride
      UnsafeMutableRawPointer(target)
        .copyMemory(from: panel + range.lowerBound * width * size, byteCount: range.count * width * size)
    case .bfloat16:
      let halves = panel + range.lowerBound * width * 2
      for offset in stride(from: 0, to: range.count &* width, by: KernelShape.lanes) {
        Self.store(Self.fromBFloat16((halves + 2 &* offset).loadUnaligned(as: KernelHalves.self)), to: target + offset)
      }
    case .float16:
      let halves = panel + range.lowerBound * width * 2
      for offset in stride(from: 0, to: range.count &* width, by: KernelShape.lanes) {
        Self.store(Self.fromFloat16((halves + 2 &* offset).loadUnaligned(as: KernelHalves.self)), to: target + offset)
      }
    case .q80: decodeBlocks(panel, range, into: target, codes: BytesCode.self)
    case .q40: decodeBlocks(panel, range, into: target, codes: NibblesCode.self)
    case .q41: decodeBlocks(panel, range, into: target, codes: NibblesAndMinimumCode.self)
    case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL:
      preconditionFailure("decode: \(format.name) is not packed into panels")
    }
  }

  @inline(__always)
  private func decodeBlocks<Code: PanelCode>(
    _ panel: UnsafeRawPointer, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>, codes: Code.Type
  ) {
    let width = KernelShape.panelWidth
    let lanes = KernelShape.lanes
    let blockBytes = Code.blockBytes &* width
    var input = range.lowerBound
    var target = target
    while input < range.upperBound {
      let block = panel + input / 32 &* blockBytes
      let end = min(range.upperBound, (input / 32 &+ 1) &* 32)
      let first = Code(scales: block, width: width)
      let second = Code(scales: block + 2 &* lanes, width: width)
      var bytes = block + Code.scaleBytes &* width + (input % 32) / Code.inputsPerByte &* width
      while input < end {
        first.decode(bytes, into: target, stride: width)
        second.decode(bytes + lanes, into: target + lanes, stride: width)
        bytes += width
        target += Code.inputsPerByte &* width
        input &+= Code.inputsPerByte
      }
    }
  }

  /// Writes one row as float32.
  func decodeRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
    let width = KernelShape.panelWidth
    let panel = panel(row / width)
    let column = row % width
    switch format {
    case .float32:
      let elements = panel.assumingMemoryBound(to: Float.self) + column
      for input in 0..<inputs { target[input] = elements[input &* width] }
    case .bfloat16:
      let elements = panel.assumingMemoryBound(to: UInt16.self) + column
      for input in 0..<inputs { target[input] = Float(bitPattern: UInt32(elements[input &* width]) << 16) }
    case .float16:
      let elements = panel.assumingMemoryBound(to: UInt16.self) + column
      for input in 0..<inputs { target[input] = StoredBlock.float(ofHalf: elements[input &* width]) }
    case .q80, .q40, .q41:
      for block in 0..<inputs / 32 {
        decodeBlock(panel + block &* format.blockBytes &* width, column: column, into: target + 32 &* block)
      }
    case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL:
      decodeStored(panel + column * rowBytes, runs: 0..<inputs / 32, into: target)
    }
  }

  private func decodeBlock(_ block: UnsafeRawPointer, column: Int, into target: UnsafeMutablePointer<Float>) {
    let width = KernelShape.panelWidth
    let halves = block.assumingMemoryBound(to: UInt16.self)
    let scale = StoredBlock.float(ofHalf: halves[column])
    let minimum = format == .q41 ? StoredBlock.float(ofHalf: halves[width + column]) : 0
    let bytes = (block + (format == .q41 ? 4 : 2) * width).assumingMemoryBound(to: UInt8.self) + column
    for input in 0..<32 {
      if format == .q80 {
        target[input] = scale * Float(Int(bytes[input * width]) - 128)
      } else {
        let code = Int(bytes[input / 2 * width] >> (input % 2 * 4) & 15)
        target[input] = format == .q41 ? scale * Float(code) + minimum : scale * Float(code - 8)
      }
    }
  }

  /// Decodes runs of 32 elements of a row in stored order.
  func decodeStored(_ row: UnsafeRawPointer, runs: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let runsPerBlock = format.blockLength / 32
    for (index, run) in runs.enumerated() {
      StoredBlock.decode(
        format, block: row + run / runsPerBlock * format.blockBytes, run: run % runsPerBlock, into: target + 32 * index)
    }
  }

  @inline(__always)
  fileprivate static func store(_ vector: KernelVector, to target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(of: vector, as: KernelVector.self)
  }

  /// The floats with these bits.
  @inline(__always)
  private static func floats(_ bits: KernelWords) -> KernelVector { unsafeBitCast(bits, to: KernelVector.self) }

  @inline(__always)
  fileprivate static func fromBFloat16(_ halves: KernelHalves) -> KernelVector {
    floats(KernelWords(truncatingIfNeeded: halves) &<< 16)
  }

  /// Moves exponent and fraction to their places in a float32 and corrects the exponent by an exact product,
  /// which also normalizes the small numbers; infinity and NaN get the largest exponent back.
  @inline(__always)
  fileprivate static func fromFloat16(_ halves: KernelHalves) -> KernelVector {
    let words = KernelWords(truncatingIfNeeded: halves)
    let magnitude = (words & 0x7FFF) &<< 13
    let finite = unsafeBitCast(floats(magnitude) * 0x1p112, to: KernelWords.self)
    let value = finite.replacing(with: magnitude | 0x7F80_0000, where: magnitude .>= 0x0F80_0000)
    return floats(value | (words & 0x8000) &<< 16)
  }

  /// Unsigned integers below 2²³ as floats: set as the fraction of 2²³, from which 2²³ is taken away again.
  @inline(__always)
  fileprivate static func fromSmall(_ words: KernelWords, minus offset: Float) -> KernelVector {
    floats(words | 0x4B00_0000) - (0x1p23 + offset)
  }
}

/// How one format's blocks of 32 inputs are packed in a panel; a value holds the scales of one vector of rows.
private protocol PanelCode {
  /// Bytes of a block a row.
  static var blockBytes: Int { get }
  /// Bytes of a row's scales at the start of a block.
  static var scaleBytes: Int { get }
  static var inputsPerByte: Int { get }
  init(scales: UnsafeRawPointer, width: Int)
  /// Writes `inputsPerByte` vectors, `stride` floats apart.
  func decode(_ bytes: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, stride: Int)
}

private struct BytesCode: PanelCode {
  private let scale: KernelVector

  @inline(__always) static var blockBytes: Int { 34 }
  @inline(__always) static var scaleBytes: Int { 2 }
  @inline(__always) static var inputsPerByte: Int { 1 }

  @inline(__always)
  init(scales: UnsafeRawPointer, width: Int) {
    scale = PackedWeights.fromFloat16(scales.loadUnaligned(as: KernelHalves.self))
  }

  @inline(__always)
  func decode(_ bytes: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, stride: Int) {
    let codes = KernelWords(truncatingIfNeeded: bytes.loadUnaligned(as: KernelBytes.self))
    PackedWeights.store(scale * PackedWeights.fromSmall(codes, minus: 128), to: target)
  }
}

private struct NibblesCode: PanelCode {
  private let scale: KernelVector

  @inline(__always) static var blockBytes: Int { 18 }
  @inline(__always) static var scaleBytes: Int { 2 }
  @inline(__always) static var inputsPerByte: Int { 2 }

  @inline(__always)
  init(scales: UnsafeRawPointer, width: Int) {
    scale = PackedWeights.fromFloat16(scales.loadUnaligned(as: KernelHalves.self))
  }

  @inline(__always)
  func decode(_ bytes: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, stride: Int) {
    let codes = KernelWords(truncatingIfNeeded: bytes.loadUnaligned(as: KernelBytes.self))
    PackedWeights.store(scale * PackedWeights.fromSmall(codes & 15, minus: 8), to: target)
    PackedWeights.store(scale * PackedWeights.fromSmall(codes &>> 4, minus: 8), to: target + stride)
  }
}

private struct NibblesAndMinimumCode: PanelCode {
  private let scale: KernelVector
  private let minimum: KernelVector

  @inline(__always) static var blockBytes: Int { 20 }
  @inline(__always) static var scaleBytes: Int { 4 }
  @inline(__always) static var inputsPerByte: Int { 2 }

  @inline(__always)
  init(scales: UnsafeRawPointer, width: Int) {
    scale = PackedWeights.fromFloat16(scales.loadUnaligned(as: KernelHalves.self))
    minimum = PackedWeights.fromFloat16((scales + 2 &* width).loadUnaligned(as: KernelHalves.self))
  }

  /// Scale times code is exact (11 and 4 bits), so a fused addition rounds no differently.
  @inline(__always)
  func decode(_ bytes: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, stride: Int) {
    let codes = KernelWords(truncatingIfNeeded: bytes.loadUnaligned(as: KernelBytes.self))
    PackedWeights.store(
      multiplyAdd(minimum, scale, PackedWeights.fromSmall(codes & 15, minus: 0)), to: target)
    PackedWeights.store(
      multiplyAdd(minimum, scale, PackedWeights.fromSmall(codes &>> 4, minus: 0)), to: target + stride)
  }
}
