/// The memory of a frozen matrix, in panels of outputs.
///
/// A panel holds `panelWidth` rows of the matrix; the last one is filled up with zeros. Inside a panel:
///
/// - float formats: for each input, one element of every row;
/// - Q8_0, Q4_0, Q4_1: for each block of 32 inputs, every row's scale (then, for Q4_1, every row's minimum),
///   then for each input (4-bit: pair of inputs, the first in the low half) one byte of every row. Signed bytes
///   are stored with 128 added;
/// - the other formats: the rows one after the other, as stored.
///
/// Reordering changes no size: a panel takes `panelWidth` times the bytes of a row.
struct PackedWeights: Sendable {
  let format: WeightFormat
  let outputs: Int
  let inputs: Int
  let rowBytes: Int
  nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  var panelCount: Int { (outputs + KernelShape.panelWidth - 1) / KernelShape.panelWidth }
  var panelBytes: Int { rowBytes * KernelShape.panelWidth }

  func panel(_ index: Int) -> UnsafeRawPointer { UnsafeRawPointer(memory + index * panelBytes) }

  /// Packs a matrix whose shape has been checked against `bytes`.
  init(
    format: WeightFormat, outputs: Int, inputs: Int, transposed: Bool, rowOrder: [Int]?,
    bytes: UnsafeRawBufferPointer, workers: Workers
  ) {
    self.format = format
    self.outputs = outputs
    self.inputs = inputs
    rowBytes = inputs / format.blockLength * format.blockBytes
    let panels = (outputs + KernelShape.panelWidth - 1) / KernelShape.panelWidth
    memory = .allocate(byteCount: max(64, panels * rowBytes * KernelShape.panelWidth), alignment: 64)
    guard rowBytes > 0, let source = bytes.baseAddress else { return }
    // Several panels a piece, since one panel of a transposed source is narrower than a page.
    let group = 8
    workers.run(pieces: (panels + group - 1) / group) { piece in
      for panel in piece * group..<min(piece * group + group, panels) {
        pack(panel: panel, from: source, transposed: transposed, rowOrder: rowOrder)
      }
    }
  }

  func deallocate() { memory.deallocate() }

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
        copy(source, row: row, transposed: transposed, to: target)
      case .bfloat16, .float16:
        let target = target.assumingMemoryBound(to: UInt16.self) + column
        copy(source, row: row, transposed: transposed, to: target)
      case .q80, .q40, .q41:
        packBlocks(source + row * rowBytes, into: target, column: column)
      case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL:
        (target + column * rowBytes).copyMemory(from: source + row * rowBytes, byteCount: rowBytes)
      }
    }
  }

  @inline(__always)
  private func copy<Element: BitwiseCopyable>(
    _ source: UnsafeRawPointer, row: Int, transposed: Bool, to target: UnsafeMutablePointer<Element>
  ) {
    let size = MemoryLayout<Element>.size
    let first = source + (transposed ? row : row &* inputs) &* size
    let stride = (transposed ? outputs : 1) &* size
    for input in 0..<inputs {
      target[input &* KernelShape.panelWidth] = (first + input &* stride).loadUnaligned(as: Element.self)
    }
  }

  private func packBlocks(_ row: UnsafeRawPointer, into panel: UnsafeMutableRawPointer, column: Int) {
    let width = KernelShape.panelWidth
    for block in 0..<inputs / 32 {
      let source = row + block * format.blockBytes
      let target = panel + block * format.blockBytes * width
      let scaleCount = format == .q41 ? 2 : 1
      for scale in 0..<scaleCount {
        let value = (source + 2 * scale).loadUnaligned(as: UInt16.self)
        (target + (scale * width + column) * 2).storeBytes(of: value, as: UInt16.self)
      }
      let from = (source + 2 * scaleCount).assumingMemoryBound(to: UInt8.self)
      let to = (target + 2 * scaleCount * width).assumingMemoryBound(to: UInt8.self) + column
      if format == .q80 {
        for input in 0..<32 { to[input * width] = from[input] ^ 0x80 }
      } else {
        // Stored: element j below element j + 16. Packed: even element below odd element.
        for pair in 0..<8 {
          let (first, second) = (from[2 * pair], from[2 * pair + 1])
          to[pair * width] = first & 15 | second << 4
          to[(pair + 8) * width] = first >> 4 | second & 0xF0
        }
      }
    }
  }
}
