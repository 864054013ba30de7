extension AttentionKernel {
  /// Writes the queries' gradients and adds those of keys and values to their blocks.
  ///
  ///     dv[j] += Σ_i p[i, j]·dOut[i],  dp[i, j] = dOut[i]·v[j],  ds[i, j] = p[i, j]·(dp[i, j] - Σ_l p[i, l]·dp[i, l])
  ///     dq[i] = scale · Σ_j ds[i, j]·k[j],  dk[j] += scale · Σ_i ds[i, j]·q[i]
  ///
  /// Probabilities are computed again from the saved ln Σ exp, and their sum with their gradients too, so that the
  /// outputs need not be kept. Segments share ancestors, so a piece sums its own
  /// share of each key's and value's gradient in scratch; the shares are then added in the pieces' order.
  ///
  /// - Parameters:
  ///   - outputGradients: `[rows][heads][headDimension]` with the outputs' stride.
  ///   - logSumExps: What the forward pass wrote.
  ///   - queryGradients: As `queries`, with `queryGradientStride`.
  func backward(
    outputGradients: UnsafePointer<Float>, outputStride: Int,
    queries: UnsafePointer<Float>, queryStride: Int, logSumExps: UnsafePointer<Float>,
    into queryGradients: UnsafeMutablePointer<Float>, queryGradientStride: Int, segments: [AttentionSegment],
    workers: Workers
  ) {
    // A segment is cut into at most eight pieces, which bounds the memory of the shares.
    let pieces = AttentionPiece.cut(segments, shape: shape) { max(256, ($0.queryCount + 7) / 8) }
    let blockCounts = segments.map(queryBlock)
    let layout = AttentionScratch(
      pieces, shape: shape, scoreMatrices: 2, packedMatrices: 2, queryCount: blockCounts.max() ?? 0)
    let dimension = shape.headDimension
    let group = shape.groupSize

    let shares = GradientShares(pieces, segments: segments, dimension: dimension)
    defer { shares.deallocate() }
    workers.run(pieces: pieces.count, scratchBytes: layout.byteCount, as: .attentionBackward) { index, memory in
      let piece = pieces[index]
      let segment = segments[piece.segment]
      let scratch = layout.bind(memory)
      let share = shares[index]
      share?.clear()
      let firstHead = piece.keyValueHead * group
      var first = piece.queries.lowerBound
      while first < piece.queries.upperBound {
        let queryRange = first..<min(piece.queries.upperBound, first + blockCounts[piece.segment])
        first = queryRange.upperBound
        let block = ScoreBlock(piece, queries: queryRange, shape: shape)
        scratch.gatherRows(segment, block: block, head: piece.keyValueHead, dimension: dimension)
        let firstRow = segment.queryRow + queryRange.lowerBound
        let (packedQueries, packedGradients) = (scratch.packed(0), scratch.packed(1))
        for row in 0..<block.rows {
          let tokenRow = firstRow + row / group
          let head = firstHead + row % group
          let query = queries + tokenRow * queryStride + head * dimension
          let gradient = outputGradients + tokenRow * outputStride + head * dimension
          mapVectors(query, into: packedQueries + row * dimension, count: dimension) { $0 * shape.scale }
          (packedGradients + row * dimension).update(from: gradient, count: dimension)
          scratch.packedRows(0)[row] = UnsafePointer(packedQueries + row * dimension)
          scratch.packedRows(1)[row] = UnsafePointer(packedGradients + row * dimension)
          scratch.factors[row] = logSumExps[tokenRow * shape.heads + head]
          let target = queryGradients + tokenRow * queryGradientStride + head * dimension
          target.update(repeating: 0, count: dimension)
          scratch.outputRows[row] = target
        }
        let (probabilities, scoreGradients) = (scratch.scores(0), scratch.scores(1))
        block.products(
          packedQueries, with: scratch.keyRows, panel: scratch.panel, dimension: dimension, into: probabilities)
        block.products(
          packedGradients, with: scratch.valueRows, panel: scratch.panel, dimension: dimension, into: scoreGradients)
        for row in 0..<block.rows {
          softmaxGradient(
            scores: probabilities + row * block.width, gradients: scoreGradients + row * block.width,
            visible: block.visible(row), width: block.width, logSumExp: scratch.factors[row])
        }
        block.addWeightedRows(
          scratch.keyRows, weights: scoreGradients, dimension: dimension, to: scratch.outputRows)
        for row in 0..<block.rows {
          let target = scratch.outputRows[row]
          mapVectors(target, into: target, count: dimension) { $0 * shape.scale }
        }
        share?.add(
          block, probabilities: probabilities, scoreGradients: scoreGradients, queries: scratch.packedRows(0),
          outputGradients: scratch.packedRows(1))
      }
    }
    shares.reduce(segments, shape: shape, workers: workers)
  }

  /// Turns raw scores into probabilities and gradients of probabilities into gradients of raw scores; both are
  /// zero where the row's query sees nothing.
  @inline(never)
  private func softmaxGradient(
    scores: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>, visible: Range<Int>, width: Int,
    logSumExp: Float
  ) {
    let start = visible.lowerBound / Lanes.count * Lanes.count
    let offsets = stride(from: start, to: visible.upperBound, by: Lanes.count)
    if let cap = shape.softCap {
      for i in offsets { (VectorMath.tanh(Lanes(at: scores + i) / cap) * cap).store(to: scores + i) }
    }
    hide(scores, start, outside: visible)
    hide(scores, (visible.upperBound - 1) / Lanes.count * Lanes.count, outside: visible)
    var sums = Lanes()
    for i in offsets {
      let score = Lanes(at: scores + i)
      let probability = VectorMath.exp(score - logSumExp)
      sums = sums.adding(probability, times: Lanes(at: gradients + i))
      // With a cap, the score is needed once more for its slope.
      if shape.softCap == nil { probability.store(to: scores + i) }
    }
    let mean = sums.total
    for i in offsets {
      let value = Lanes(at: scores + i)
      let deviation = Lanes(at: gradients + i) - mean
      if let cap = shape.softCap {
        let probability = VectorMath.exp(value - logSumExp)
        // A hidden score is -∞; its probability is zero whatever the slope.
        let squashed = (value / cap).replacing(with: 0, where: probability .== 0)
        (probability * deviation * (1 - squashed * squashed)).store(to: gradients + i)
        probability.store(to: scores + i)
      } else {
        (value * deviation).store(to: gradients + i)
      }
    }
    scores.update(repeating: 0, count: visible.lowerBound)
    gradients.update(repeating: 0, count: visible.lowerBound)
    (scores + visible.upperBound).update(repeating: 0, count: width - visible.upperBound)
    (gradients + visible.upperBound).update(repeating: 0, count: width - visible.upperBound)
  }
}

/// Each piece's share of the gradients of the keys and values that it sees.
private struct GradientShares {
  private let pieces: [AttentionPiece]
  private let dimension: Int
  /// First float of each piece's share, nil where its chain wants no gradients.
  private let offsets: [Int?]
  private let memory: UnsafeMutablePointer<Float>

  init(_ pieces: [AttentionPiece], segments: [AttentionSegment], dimension: Int) {
    self.pieces = pieces
    self.dimension = dimension
    let wanted = segments.map { segment in
      segment.blocks.contains { $0.keyGradients != nil || $0.valueGradients != nil }
    }
    var count = 0
    offsets = pieces.map { piece in
      guard wanted[piece.segment] else { return nil }
      defer { count += 2 * piece.keys.count * dimension }
      return count
    }
    memory = .allocate(capacity: max(1, count))
  }

  func deallocate() { memory.deallocate() }

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
              mapVectors(gradient, addend, into: gradient, count: dimension) { $0 + $1 }
            }
          }
          position += block.count
        }
      }
    }
  }
}

/// One piece's sums of key and value gradients, `[keys][dimension]` each.
private struct GradientShare {
  let memory: UnsafeMutablePointer<Float>
  let keys: Range<Int>
  let dimension: Int

  func keyGradient(_ key: Int) -> UnsafeMutablePointer<Float> { memory + (key - keys.lowerBound) * dimension }
  func valueGradient(_ key: Int) -> UnsafeMutablePointer<Float> { keyGradient(key) + keys.count * dimension }
  func clear() { memory.update(repeating: 0, count: 2 * keys.count * dimension) }

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
    _ weights: UnsafePointer<Float>, _ stride: Int, _ rows: RowTable, _ terms: Range<Int>,
    to target: UnsafeMutablePointer<Float>
  ) {
    AttentionTiles.addFourSums(
      (weights, weights + 1, weights + 2, weights + 3), weightStride: stride, rows: rows, terms: terms,
      width: dimension,
      to: (target, target + dimension, target + 2 * dimension, target + 3 * dimension))
  }
}
