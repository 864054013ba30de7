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
    let queryCounts = segments.map(queryBlock)
    let largest = queryCounts.max() ?? 0
    let layout = AttentionScratch(
      pieces, shape: shape, scoreMatrices: 2, packedMatrices: 2, queryCount: largest)
    let laneLayout = LaneScratch(pieces, shape: shape, isBackward: true, queryCount: largest)
    let call = Backward(
      outputGradients: outputGradients, outputStride: outputStride, queries: queries, queryStride: queryStride,
      logSumExps: logSumExps, queryGradients: queryGradients, queryGradientStride: queryGradientStride)
    workers.withScratch(GradientShares.byteCount(pieces, dimension: shape.headDimension)) { memory in
      let shares = GradientShares(pieces, segments: segments, dimension: shape.headDimension, memory: memory)
      workers.run(
        pieces: pieces.count, scratchBytes: max(layout.byteCount, laneLayout.byteCount), as: .attentionBackward
      ) { index, memory in
        let piece = pieces[index]
        let segment = segments[piece.segment]
        let share = shares[index]
        share?.clear()
        var first = piece.queries.lowerBound
        while first < piece.queries.upperBound {
          let queries = first..<min(piece.queries.upperBound, first + queryCounts[piece.segment])
          first = queries.upperBound
          if LaneBlock.suits(rows: queries.count * shape.groupSize) {
            let scratch = laneLayout.bind(memory)
            let block = LaneBlock(piece, of: segment, queries: queries, shape: shape, sink: scratch.sink)
            backward(block, call, share: share, scratch: scratch)
            continue
          }
          let scratch = layout.bind(memory)
          let block = ScoreBlock(piece, queries: queries, shape: shape)
          scratch.gatherRows(segment, block: block, head: piece.keyValueHead, dimension: shape.headDimension)
          backward(
            block, call, firstRow: segment.queryRow + queries.lowerBound,
            firstHead: piece.keyValueHead * shape.groupSize, share: share, scratch: scratch)
        }
      }
      shares.reduce(segments, shape: shape, workers: workers)
    }
  }

  /// Where a backward pass reads and writes.
  private struct Backward {
    let outputGradients: UnsafePointer<Float>
    let outputStride: Int
    let queries: UnsafePointer<Float>
    let queryStride: Int
    let logSumExps: UnsafePointer<Float>
    let queryGradients: UnsafeMutablePointer<Float>
    let queryGradientStride: Int
  }

  /// Many rows, side by side.
  private func backward(_ block: LaneBlock, _ call: Backward, share: GradientShare?, scratch: LaneScratch.Bound) {
    let dimension = shape.headDimension
    let stride = LaneScratch.rowStride(dimension: dimension)
    block.forEachLane { lane, origin in
      guard let origin else {
        scratch.sources(0)[lane] = UnsafePointer(scratch.zeros)
        scratch.sources(1)[lane] = UnsafePointer(scratch.zeros)
        scratch.targets[lane] = scratch.spare
        scratch.factors[lane] = 0
        return
      }
      let query = call.queries + origin.row * call.queryStride + origin.head * dimension
      let gradient = call.outputGradients + origin.row * call.outputStride + origin.head * dimension
      scratch.sources(0)[lane] = query
      scratch.sources(1)[lane] = gradient
      scratch.targets[lane] = call.queryGradients + origin.row * call.queryGradientStride + origin.head * dimension
      scratch.factors[lane] = call.logSumExps[origin.row * shape.heads + origin.head]
      if share != nil {
        AttentionTiles.copyRow(
          query, times: shape.scale, width: dimension, stride: stride, to: scratch.rows(0) + lane * stride)
        AttentionTiles.copyRow(
          gradient, times: 1, width: dimension, stride: stride, to: scratch.rows(1) + lane * stride)
      }
    }
    let (probabilities, scoreGradients) = (scratch.scores(0), scratch.scores(1))
    let (queries, gradients) = (scratch.lanes(0), scratch.lanes(1))
    BlockTransposition.transpose(
      rows: scratch.sources(0), count: block.width, columns: dimension, to: queries, targetStride: block.width)
    mapVectors(queries, into: queries, count: dimension * block.width) { $0 * shape.scale }
    BlockTransposition.transpose(
      rows: scratch.sources(1), count: block.width, columns: dimension, to: gradients, targetStride: block.width)
    block.products(.keys, with: queries, into: probabilities)
    block.products(.values, with: gradients, into: scoreGradients)
    for vector in 0..<block.vectorCount {
      block.softmaxGradient(
        probabilities, gradients: scoreGradients, vector: vector, cap: shape.softCap, logSumExps: scratch.factors,
        partialSums: scratch.partialSums)
    }
    block.weightedSums(.keys, weights: scoreGradients, into: queries)
    mapVectors(queries, into: queries, count: dimension * block.width) { $0 * shape.scale }
    BlockTransposition.transpose(
      queries, sourceStride: block.width, rows: dimension, columns: block.width, toRows: scratch.targets)
    share?.add(
      block, probabilities: probabilities, scoreGradients: scoreGradients, queries: scratch.rows(0),
      outputGradients: scratch.rows(1))
  }

  /// Few rows, one after the other.
  private func backward(
    _ block: ScoreBlock, _ call: Backward, firstRow: Int, firstHead: Int, share: GradientShare?,
    scratch: AttentionScratch.Bound
  ) {
    let dimension = shape.headDimension
    let group = shape.groupSize
    let (packedQueries, packedGradients) = (scratch.packed(0), scratch.packed(1))
    for row in 0..<block.rows {
      let tokenRow = firstRow + row / group
      let head = firstHead + row % group
      let query = call.queries + tokenRow * call.queryStride + head * dimension
      let gradient = call.outputGradients + tokenRow * call.outputStride + head * dimension
      mapVectors(query, into: packedQueries + row * dimension, count: dimension) { $0 * shape.scale }
      (packedGradients + row * dimension).update(from: gradient, count: dimension)
      scratch.packedRows(0)[row] = UnsafePointer(packedQueries + row * dimension)
      scratch.packedRows(1)[row] = UnsafePointer(packedGradients + row * dimension)
      scratch.factors[row] = call.logSumExps[tokenRow * shape.heads + head]
      let target = call.queryGradients + tokenRow * call.queryGradientStride + head * dimension
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
