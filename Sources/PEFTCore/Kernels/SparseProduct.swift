/// Products with a sparse matrix whose elements lie anywhere: many rows at once, a row in each lane.
///
/// Both operands are transposed block by block, so that what one element of the matrix multiplies is contiguous.
enum SparseProduct {
  /// A dense operand `[rows, width]`, row-major.
  struct Operand {
    let elements: UnsafePointer<Float>
    let width: Int
    /// The column that each element of the sparse matrix reads.
    let columns: [Int32]
  }

  private static let vectors = 4
  /// Rows of a block.
  private static let block = vectors * Lanes.count
  /// Fewer rows are not worth to be transposed.
  private static let fewRows = 8

  /// `target[t, to_k] += values[k] · source[t, from_k]`, in the order of k, with the same bits whatever the number of rows.
  ///
  /// - Parameters:
  ///   - source: What is multiplied.
  ///   - target: `[rows, targetWidth]`.
  ///   - targetColumns: The column that each element adds to.
  ///   - values: One an element.
  static func add(
    _ source: Operand, to target: UnsafeMutablePointer<Float>, width targetWidth: Int, at targetColumns: [Int32],
    values: UnsafePointer<Float>, rows: Int, workers: Workers
  ) {
    let count = targetColumns.count
    source.columns.withUnsafeBufferPointer { from in
      targetColumns.withUnsafeBufferPointer { to in
        guard rows >= fewRows else {
          return workers.run(pieces: rows) { row in
            let (source, target) = (source.elements + row * source.width, target + row * targetWidth)
            for k in 0..<count { target[Int(to[k])] += values[k] * source[Int(from[k])] }
          }
        }
        let bytes = (source.width + targetWidth) * block * MemoryLayout<Float>.stride
        workers.run(pieces: (rows + block - 1) / block, scratchBytes: bytes) { piece, scratch in
          let first = piece * block
          let used = min(block, rows - first)
          let lanes = (used + Lanes.count - 1) / Lanes.count
          let columns = scratch.assumingMemoryBound(to: Float.self)
          let sums = columns + source.width * block
          if used < block { columns.update(repeating: 0, count: (source.width + targetWidth) * block) }
          let output = target + first * targetWidth
          BlockTransposition.transpose(
            source.elements + first * source.width, sourceStride: source.width, rows: used, columns: source.width,
            to: columns, targetStride: block)
          BlockTransposition.transpose(
            output, sourceStride: targetWidth, rows: used, columns: targetWidth, to: sums, targetStride: block)
          for k in 0..<count {
            let value = values[k]
            let (column, sum) = (columns + Int(from[k]) &* block, sums + Int(to[k]) &* block)
            for lane in 0..<lanes {
              let place = lane &* Lanes.count
              (Lanes(at: sum + place) + Lanes(at: column + place) * value).store(to: sum + place)
            }
          }
          BlockTransposition.transpose(
            sums, sourceStride: block, rows: targetWidth, columns: used, to: output, targetStride: targetWidth)
        }
      }
    }
  }

  /// `target[k] (+)= Σ_t left[t, left_k] · right[t, right_k]`: the gradient of the sparse matrix's elements.
  static func gradient(
    _ left: Operand, _ right: Operand, rows: Int, into target: UnsafeMutablePointer<Float>, accumulates: Bool,
    workers: Workers
  ) {
    let count = left.columns.count
    let blocks = (rows + block - 1) / block
    let size = (left.width + right.width) * block
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(1, blocks * size))
    defer { memory.deallocate() }
    workers.run(pieces: blocks) { piece in
      let first = piece * block
      let used = min(block, rows - first)
      let columns = memory + piece * size
      if used < block { columns.update(repeating: 0, count: size) }
      BlockTransposition.transpose(
        left.elements + first * left.width, sourceStride: left.width, rows: used, columns: left.width, to: columns,
        targetStride: block)
      BlockTransposition.transpose(
        right.elements + first * right.width, sourceStride: right.width, rows: used, columns: right.width,
        to: columns + left.width * block, targetStride: block)
    }
    left.columns.withUnsafeBufferPointer { leftColumns in
      right.columns.withUnsafeBufferPointer { rightColumns in
        workers.run(count: count, grain: 1024) { start, length in
          if !accumulates { (target + start).update(repeating: 0, count: length) }
          for piece in 0..<blocks {
            let columns = memory + piece * size
            let others = columns + left.width * block
            for k in start..<start + length {
              let (one, other) = (
                columns + Int(leftColumns[k]) &* block, others + Int(rightColumns[k]) &* block
              )
              var sum = Lanes(at: one) * Lanes(at: other)
              for lane in 1..<vectors {
                let place = lane &* Lanes.count
                sum = sum.adding(Lanes(at: one + place), times: Lanes(at: other + place))
              }
              target[k] += sum.total
            }
          }
        }
      }
    }
  }
}
