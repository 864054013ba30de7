/// The memory of a frozen matrix, in panels of outputs.
///
/// A panel holds `panelWidth` rows of the matrix; the last one is filled up with zeros. Inside a panel:
///
/// - float32: for each input, one element of every row;
/// - float16, bfloat16, Q8_0, Q4_0, Q4_1: blocks as `PanelCode` describes;
/// - the other formats: the rows one after the other, as stored.
///
/// A panel takes `panelWidth` times the bytes of a row; an odd number of 16-bit elements is made even.
struct PackedWeights: Sendable {
  let format: WeightFormat
  let outputs: Int
  let inputs: Int
  /// Bytes that a row takes in a panel.
  let rowBytes: Int
  nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  var panelCount: Int { (outputs + KernelShape.panelWidth - 1) / KernelShape.panelWidth }
  var panelBytes: Int { rowBytes * KernelShape.panelWidth }

  func panel(_ index: Int) -> UnsafeRawPointer { UnsafeRawPointer(memory + index * panelBytes) }

  /// Packs a matrix whose shape has been checked against `bytes`.
  init(
    format: WeightFormat, outputs: Int, inputs: Int, transposed: Bool, rowOrder: [Int]?,
    bytes: UnsafeRawBufferPointer, arena: WeightArena, workers: Workers
  ) {
    self.format = format
    self.outputs = outputs
    self.inputs = inputs
    let bytesPerRow = inputs / format.blockLength * format.blockBytes
    let isHalves = format == .float16 || format == .bfloat16
    rowBytes = isHalves ? (bytesPerRow + 3) / 4 * 4 : bytesPerRow
    let panels = (outputs + KernelShape.panelWidth - 1) / KernelShape.panelWidth
    // What is fetched ahead ends up to a depth block beyond the last panel.
    memory = arena.allocate(panels * rowBytes * KernelShape.panelWidth + KernelShape.depthBlock)
    guard rowBytes > 0, let source = bytes.baseAddress else { return }
    // Several panels a piece, since one panel of a transposed source is narrower than a page.
    let group = 8
    workers.run(pieces: (panels + group - 1) / group) { piece in
      for panel in piece * group..<min(piece * group + group, panels) {
        pack(panel: panel, from: source, transposed: transposed, rowOrder: rowOrder)
      }
    }
  }

  /// The shape of a matrix without its elements, which must not be read.
  init(shapeOnly format: WeightFormat, outputs: Int, inputs: Int) {
    (self.format, self.outputs, self.inputs, rowBytes) = (format, outputs, inputs, 0)
    memory = .allocate(byteCount: 1, alignment: 1)
  }

  func release(to arena: WeightArena) { arena.release(memory) }

  private func pack(panel: Int, from source: UnsafeRawPointer, transposed: Bool, rowOrder: [Int]?) {
    let target = memory + panel * panelBytes
    let width = KernelShape.panelWidth
    let firstRow = panel * width
    let count = min(width, outputs - firstRow)
    if count < width { target.initializeMemory(as: UInt8.self, repeating: 0, count: panelBytes) }
    for column in 0..<count {
      let row = rowOrder?[firstRow + column] ?? firstRow + column
      switch format {
      case .float32:
        let target = target.assumingMemoryBound(to: UInt32.self) + column
        copy(source, row: row, transposed: transposed) { target[$0 &* width] = $1 }
      case .bfloat16, .float16:
        let target = target.assumingMemoryBound(to: UInt16.self) + 2 * column
        if inputs % 2 == 1 { target[inputs / 2 &* (2 &* width) &+ 1] = 0 }
        copy(source, row: row, transposed: transposed) { target[$0 / 2 &* (2 &* width) &+ $0 % 2] = $1 }
      case .q80, .q40, .q41:
        packBlocks(source + row * rowBytes, into: target, column: column)
      case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4:
        (target + column * rowBytes).copyMemory(from: source + row * rowBytes, byteCount: rowBytes)
      }
    }
  }

  @inline(__always)
  private func copy<Element: BitwiseCopyable>(
    _ source: UnsafeRawPointer, row: Int, transposed: Bool, _ store: (_ input: Int, _ element: Element) -> Void
  ) {
    let size = MemoryLayout<Element>.size
    let first = source + (transposed ? row : row &* inputs) &* size
    let stride = (transposed ? outputs : 1) &* size
    for input in 0..<inputs {
      store(input, (first + input &* stride).loadUnaligned(as: Element.self))
    }
  }

  private func packBlocks(_ row: UnsafeRawPointer, into panel: UnsafeMutableRawPointer, column: Int) {
    let width = KernelShape.panelWidth
    for block in 0..<inputs / 32 {
      let source = row + block * format.blockBytes
      let target = panel + block * format.blockBytes * width
      let scaleCount = format == .q41 ? 2 : 1
      let halves = target.assumingMemoryBound(to: UInt16.self)
      if scaleCount == 1 {
        halves[scaleIndex(column)] = source.loadUnaligned(as: UInt16.self)
      } else {
        halves[2 * column] = source.loadUnaligned(as: UInt16.self)
        halves[2 * column + 1] = (source + 2).loadUnaligned(as: UInt16.self)
      }
      let from = (source + 2 * scaleCount).assumingMemoryBound(to: UInt8.self)
      let to = (target + 2 * scaleCount * width).assumingMemoryBound(to: UInt32.self) + column
      if format == .q80 {
        for word in 0..<8 {
          to[word * width] = UnsafeRawPointer(from + 4 * word).loadUnaligned(as: UInt32.self).littleEndian ^ 0x8080_8080
        }
      } else {
        // Stored: element j below element j + 16.
        for word in 0..<4 {
          var value: UInt32 = 0
          for part in 0..<8 {
            let input = 8 * word + part
            let code = from[input % 16] >> (input < 16 ? 0 : 4) & 15
            value |= UInt32(code) << UInt32(4 * part)
          }
          to[word * width] = value
        }
      }
    }
  }

  /// Where a block has the scale of a row, counted in 16-bit elements, if a row has one scale.
  func scaleIndex(_ column: Int) -> Int { column % KernelShape.lanes * 2 + column / KernelShape.lanes }
}
