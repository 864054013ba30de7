/// Each piece's share of the gradients of the keys and values that it sees.
struct GradientShares {
  private let pieces: [AttentionPiece]
  private let dimension: Int
  /// First float of each piece's share, nil where its chain wants no gradients.
  private let offsets: [Int?]
  private let memory: UnsafeMutablePointer<Float>

  /// Bytes that the shares of these pieces take.
  static func byteCount(_ pieces: [AttentionPiece], dimension: Int) -> Int {
    pieces.reduce(0) { $0 + 2 * $1.keys.count } * LaneScratch.rowStride(dimension: dimension)
      * MemoryLayout<Float>.stride
  }

  /// Shares in `memory`, `byteCount` bytes whose content does not matter.
  init(
    _ pieces: [AttentionPiece], segments: [AttentionSegment], dimension: Int, memory: UnsafeMutableRawPointer
  ) {
    self.pieces = pieces
    self.dimension = dimension
    let wanted = segments.map { segment in
      segment.blocks.contains { $0.keyGradients != nil || $0.valueGradients != nil }
    }
    var count = 0
    offsets = pieces.map { piece in
      guard wanted[piece.segment] else { return nil }
      defer { count += 2 * piece.keys.count * LaneScratch.rowStride(dimension: dimension) }
      return count
    }
    self.memory = memory.bindMemory(to: Float.self, capacity: count)
  }

  subscript(index: Int) -> GradientShare? {
    offsets[index].map { GradientShare(memory: memory + $0, keys: pieces[index].keys, dimension: dimension) }
  }

  /// Adds all shares to the blocks' gradients; a unit of work is the keys or the values of one head.
  func reduce(_ segments: [AttentionSegment], shape: AttentionShape, workers: Workers) {
    workers.run(pieces: 2 * shape.keyValueHeads, as: .attentionBackward) { unit in
      let head = unit / 2
      let isValue = unit % 2 == 1
      for (index, piece) in pieces.enumerated() where piece.keyValueHead == head {
        guard let share = self[index] else { continue }
        var position = 0
        for block in segments[piece.segment].blocks {
          let rows = piece.keys.clamped(to: position..<position + block.count)
          if let target = isValue ? block.valueGradients : block.keyGradients {
            for row in rows {
              let gradient = target + (row - position) * block.gradientRowStride + head * dimension
              let addend = isValue ? share.valueGradient(row) : share.keyGradient(row)
              AttentionTiles.addRow(addend, width: dimension, to: gradient)
            }
          }
          position += block.count
        }
      }
    }
  }
}

/// One piece's sums of key and value gradients, rows of whole vectors each.
struct GradientShare {
  let memory: UnsafeMutablePointer<Float>
  let keys: Range<Int>
  let dimension: Int

  private var stride: Int { LaneScratch.rowStride(dimension: dimension) }

  func keyGradient(_ key: Int) -> UnsafeMutablePointer<Float> { memory + (key - keys.lowerBound) * stride }
  func valueGradient(_ key: Int) -> UnsafeMutablePointer<Float> { keyGradient(key) + keys.count * stride }
  func clear() { memory.update(repeating: 0, count: 2 * keys.count * stride) }

  /// Adds the sums over a block's lanes.
  ///
  /// - Parameters:
  ///   - queries: Rows of whole vectors, one a lane.
  ///   - outputGradients: The same.
  func add(
    _ block: LaneBlock, probabilities: UnsafePointer<Float>, scoreGradients: UnsafePointer<Float>,
    queries: UnsafePointer<Float>, outputGradients: UnsafePointer<Float>
  ) {
    block.addRowSums(weights: scoreGradients, of: queries, stride: stride, to: keyGradient(block.firstKey))
    block.addRowSums(weights: probabilities, of: outputGradients, stride: stride, to: valueGradient(block.firstKey))
  }

  /// Adds the sums over a block's rows.
  func add(
    _ block: ScoreBlock, probabilities: UnsafePointer<Float>, scoreGradients: UnsafePointer<Float>, queries: RowTable,
    outputGradients: RowTable
  ) {
    let end = block.keyCount
    var column = max(0, keys.lowerBound - block.firstKey)
    while column < end {
      let rows = min(block.rows, block.firstRow(seeing: column))..<block.rows
      let key = column + block.firstKey
      if column + 4 <= end {
        addFour(scoreGradients + column, block.width, queries, rows, to: keyGradient(key))
        addFour(probabilities + column, block.width, outputGradients, rows, to: valueGradient(key))
        column += 4
      } else {
        AttentionTiles.addOneSum(
          scoreGradients + column, weightStride: block.width, rows: queries, terms: rows, width: dimension,
          to: keyGradient(key))
        AttentionTiles.addOneSum(
          probabilities + column, weightStride: block.width, rows: outputGradients, terms: rows, width: dimension,
          to: valueGradient(key))
        column += 1
      }
    }
  }

  private func addFour(
    _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: RowTable, _ terms: Range<Int>,
    to target: UnsafeMutablePointer<Float>
  ) {
    AttentionTiles.addFourSums(
      (weights, weights + 1, weights + 2, weights + 3), weightStride: weightStride, rows: rows, terms: terms,
      width: dimension,
      to: (target, target + stride, target + 2 * stride, target + 3 * stride))
  }
}
