extension PackedWeights {
  /// Writes some inputs of a panel as float32, `[inputs, panelWidth]`.
  ///
  /// - Parameter range: Starts at a multiple of 8; for quantized formats it ends at one too.
  func decode(panel index: Int, inputs range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let panel = panel(index)
    switch format {
    case .float32:
      let rowBytes = KernelShape.panelWidth * MemoryLayout<Float>.stride
      UnsafeMutableRawPointer(target)
        .copyMemory(from: panel + range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
    case .bfloat16: decode(panel, range, as: BFloat16Code.self, into: target)
    case .float16: decode(panel, range, as: Float16Code.self, into: target)
    case .q80: decode(panel, range, as: Q80Code.self, into: target)
    case .q40: decode(panel, range, as: Q40Code.self, into: target)
    case .q41: decode(panel, range, as: Q41Code.self, into: target)
    case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4:
      preconditionFailure("decode: \(format.name) is not packed into panels")
    }
  }

  @inline(__always)
  private func decode<Code: PanelCode>(
    _ panel: UnsafeRawPointer, _ range: Range<Int>, as code: Code.Type, into target: UnsafeMutablePointer<Float>
  ) {
    let target = UnsafeMutableRawPointer(target)
    let vectorBytes = MemoryLayout<KernelVector>.size
    PanelReader.read(panel, depths: range, as: code) { depth, first, second in
      let row = target + depth &* (2 &* vectorBytes)
      row.storeBytes(of: first, as: KernelVector.self)
      row.storeBytes(of: second, toByteOffset: vectorBytes, as: KernelVector.self)
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
      let elements = panel.assumingMemoryBound(to: UInt16.self) + 2 * column
      for input in 0..<inputs {
        target[input] = Float(bitPattern: UInt32(elements[input / 2 &* (2 &* width) &+ input % 2]) << 16)
      }
    case .float16:
      let elements = panel.assumingMemoryBound(to: UInt16.self) + 2 * column
      for input in 0..<inputs {
        target[input] = StoredBlock.float(ofHalf: elements[input / 2 &* (2 &* width) &+ input % 2])
      }
    case .q80, .q40, .q41:
      for block in 0..<inputs / 32 {
        decodeBlock(panel + block &* format.blockBytes &* width, column: column, into: target + 32 &* block)
      }
    case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4:
      decodeStored(panel + column * rowBytes, runs: 0..<inputs / 32, into: target)
    }
  }

  private func decodeBlock(_ block: UnsafeRawPointer, column: Int, into target: UnsafeMutablePointer<Float>) {
    let width = KernelShape.panelWidth
    let halves = block.assumingMemoryBound(to: UInt16.self)
    let scale = StoredBlock.float(ofHalf: halves[format == .q41 ? 2 * column : scaleIndex(column)])
    let minimum = format == .q41 ? StoredBlock.float(ofHalf: halves[2 * column + 1]) : 0
    let words = (block + (format == .q41 ? 4 : 2) * width).assumingMemoryBound(to: UInt32.self) + column
    for input in 0..<32 {
      if format == .q80 {
        let code = words[input / 4 * width] >> UInt32(input % 4 * 8) & 255
        target[input] = scale * Float(Int(code) - 128)
      } else {
        let code = Int(words[input / 8 * width] >> UInt32(input % 8 * 4) & 15)
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
}
