/// A frozen matrix as the right-hand side of `x·Wᵀ`: a panel's columns are outputs, its depth the inputs.
struct OutputPanels: PanelSource {
  let weights: PackedWeights
  /// The outputs to compute; starts at a multiple of the panel width.
  let outputs: Range<Int>

  var columnCount: Int { outputs.count }

  private var firstPanel: Int { outputs.lowerBound / KernelShape.panelWidth }

  var scratchCount: Int {
    weights.format.isPackedIntoPanels ? 0 : KernelShape.panelWidth * KernelShape.depthBlock
  }

  func panel(
    _ index: Int, depths: Range<Int>, buffer: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> (elements: UnsafePointer<Float>, stride: Int) {
    let width = KernelShape.panelWidth
    let index = firstPanel + index
    if weights.format == .float32 {
      return (weights.panel(index).assumingMemoryBound(to: Float.self) + depths.lowerBound * width, width)
    }
    if weights.format.isPackedIntoPanels {
      weights.decode(panel: index, inputs: depths, into: buffer)
      return (UnsafePointer(buffer), width)
    }
    let rows = min(width, weights.outputs - index * width)
    if rows < width { buffer.update(repeating: 0, count: depths.count * width) }
    for row in 0..<rows {
      let stored = weights.panel(index) + row * weights.rowBytes
      weights.decodeStored(
        stored, runs: depths.lowerBound / 32..<depths.upperBound / 32, into: scratch + row * depths.count)
    }
    BlockTransposition.transpose(
      scratch, sourceStride: depths.count, rows: rows, columns: depths.count, to: buffer, targetStride: width)
    return (UnsafePointer(buffer), width)
  }

  func stored(_ index: Int, depths: Range<Int>, share: Int, of shares: Int) -> UnsafeRawBufferPointer? {
    // Panels of float32 are not unpacked: the tiles read them as they lie.
    guard weights.format != .float32, weights.format.isPackedIntoPanels, depths.upperBound <= weights.inputs else {
      return nil
    }
    let panel = weights.panel(firstPanel + index) + weights.panelBytes * depths.lowerBound / weights.inputs
    let count = weights.panelBytes * depths.count / weights.inputs
    let (first, end) = (count * share / shares, count * (share + 1) / shares)
    return UnsafeRawBufferPointer(start: panel + first, count: end - first)
  }

  var multipliesDirectly: Bool { weights.format != .float32 && weights.format.isPackedIntoPanels }

  func multiply(height: Int, _ product: TileProduct, byPanel index: Int, isPair: Bool, depths: Range<Int>) {
    let panel = weights.panel(firstPanel + index)
    let second = isPair ? weights.panel(firstPanel + index + 1) : nil
    @inline(__always) func multiply<Code: PanelCode>(_ code: Code.Type) {
      TileKernel.multiply(height: height, product, panel: panel, second: second, depths: depths, as: code)
    }
    switch weights.format {
    case .bfloat16: multiply(BFloat16Code.self)
    case .float16: multiply(Float16Code.self)
    case .q80: multiply(Q80Code.self)
    case .q40: multiply(Q40Code.self)
    case .q41: multiply(Q41Code.self)
    case .float32, .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4:
      preconditionFailure("multiply: \(weights.format.name) is multiplied from a buffer")
    }
  }
}

/// A frozen matrix as the right-hand side of `y·W`: a panel's columns are inputs, its depth the outputs.
struct InputPanels: PanelSource {
  let weights: PackedWeights
  /// The output that is depth 0; a multiple of the panel width.
  let firstOutput: Int

  var columnCount: Int { weights.inputs }

  var scratchCount: Int { max(KernelShape.panelWidth * KernelShape.panelWidth, 32) }

  func panel(
    _ index: Int, depths: Range<Int>, buffer: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> (elements: UnsafePointer<Float>, stride: Int) {
    let width = KernelShape.panelWidth
    let depths = depths.lowerBound + firstOutput..<depths.upperBound + firstOutput
    let firstInput = index * width
    let inputs = firstInput..<min(firstInput + width, weights.inputs)
    if weights.format.isPackedIntoPanels {
      if inputs.count < width { buffer.update(repeating: 0, count: depths.count * width) }
      var output = depths.lowerBound
      while output < depths.upperBound {
        let count = min(width, depths.upperBound - output)
        BlockTransposition.transpose(
          elements(panel: output / width, inputs: inputs, scratch: scratch), sourceStride: width, rows: inputs.count,
          columns: count, to: buffer + (output - depths.lowerBound) * width, targetStride: width)
        output += width
      }
    } else {
      // Panels are never wider than a run of 32 elements.
      let run = firstInput / 32
      for output in depths {
        let row = weights.panel(output / width) + output % width * weights.rowBytes
        weights.decodeStored(row, runs: run..<run + 1, into: scratch)
        (buffer + (output - depths.lowerBound) * width).update(from: scratch + firstInput % 32, count: width)
      }
    }
    return (UnsafePointer(buffer), width)
  }

  func stored(_ index: Int, depths: Range<Int>, share: Int, of shares: Int) -> UnsafeRawBufferPointer? {
    // One panel's part of the inputs for each share, as long as there are panels.
    let width = KernelShape.panelWidth
    let panel = (depths.lowerBound + firstOutput) / width + share
    guard weights.format.isPackedIntoPanels, panel * width < depths.upperBound + firstOutput else { return nil }
    let firstInput = index * width
    let count = min(width, weights.inputs - firstInput)
    return UnsafeRawBufferPointer(
      start: weights.panel(panel) + weights.panelBytes * firstInput / weights.inputs,
      count: weights.panelBytes * count / weights.inputs)
  }

  private func elements(
    panel: Int, inputs: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    if weights.format == .float32 {
      return weights.panel(panel).assumingMemoryBound(to: Float.self) + inputs.lowerBound * KernelShape.panelWidth
    }
    weights.decode(panel: panel, inputs: inputs, into: scratch)
    return UnsafePointer(scratch)
  }
}
