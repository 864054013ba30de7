extension WeightMatrix {
  /// Gives every element as float32, some rows and columns at a time, to a function on all workers.
  ///
  /// A block is a panel's rows by a depth block of columns, so that it is decoded and used in cache, as the matrix kernel does.
  ///
  /// - Parameter body: Gets the block's first row, its number of rows, its columns, and the elements
  ///   `[rows, columns.count]`, row-major, which are valid during the call.
  func forEachBlock(
    workers: Workers,
    _ body: (_ firstRow: Int, _ rows: Int, _ columns: Range<Int>, _ elements: UnsafePointer<Float>) -> Void
  ) {
    let width = KernelShape.panelWidth
    let length = KernelShape.depthBlock
    workers.run(pieces: packed.panelCount, scratchBytes: 2 * width * length * MemoryLayout<Float>.stride) {
      panel, scratch in
      let target = scratch.bindMemory(to: Float.self, capacity: 2 * width * length)
      let rows = min(width, outputs - panel * width)
      for first in stride(from: 0, to: inputs, by: length) {
        let columns = first..<min(first + length, inputs)
        packed.decodeRows(ofPanel: panel, count: rows, columns, into: target, scratch: target + width * length)
        body(panel * width, rows, columns, UnsafePointer(target))
      }
    }
  }

  /// Writes the whole matrix as float32, `[outputs, inputs]`, on all workers.
  public func decode(into target: UnsafeMutablePointer<Float>, workers: Workers = .one) {
    guard !isShapeOnly else { return target.update(repeating: 0, count: outputs * inputs) }
    forEachBlock(workers: workers) { firstRow, rows, columns, elements in
      for row in 0..<rows {
        (target + (firstRow + row) * inputs + columns.lowerBound)
          .update(from: elements + row * columns.count, count: columns.count)
      }
    }
  }
}

extension PackedWeights {
  /// Writes some inputs of a panel's first rows as float32, `[count, inputs]`.
  ///
  /// - Parameters:
  ///   - count: Rows, at most the panel's width.
  ///   - range: A depth block.
  ///   - scratch: Room for `[depthBlock, panelWidth]`.
  fileprivate func decodeRows(
    ofPanel index: Int, count: Int, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = KernelShape.panelWidth
    guard format.isPackedIntoPanels else {
      for row in 0..<count {
        decodeStored(
          panel(index) + row * rowBytes, runs: range.lowerBound / 32..<range.upperBound / 32,
          into: target + row * range.count)
      }
      return
    }
    let elements: UnsafePointer<Float>
    if format == .float32 {
      elements = panel(index).assumingMemoryBound(to: Float.self) + range.lowerBound * width
    } else {
      decode(panel: index, inputs: range, into: scratch)
      elements = UnsafePointer(scratch)
    }
    BlockTransposition.transpose(
      elements, sourceStride: width, rows: range.count, columns: count, to: target, targetStride: range.count)
  }
}
