import Foundation

/// Causal grouped-query attention over a forest of token segments.
///
///     score[i, j] = scale · q[i]·k[j],  p[i, :] = softmax(score[i, :]),  out[i] = Σ_j p[i, j] · v[j]
///
/// A query's output is a function of its own vector and the keys and values along its chain, to the bit: not of
/// how the chain is cut into blocks and segments, nor of the other rows of the call. Products run over the head
/// dimension in order, the softmax's sum in lanes given by the chain position, the values in chain order.
///
/// A piece is a run of query rows for all query heads of one key/value head. It keeps its scores for the
/// whole chain in scratch (rows × chain), never the whole matrix. Many rows lie side by side (`LaneBlock`), few are
/// worked on one after the other (`ScoreBlock`), with the same bits.
struct AttentionKernel: Sendable {
  /// Heads, scale, window and cap.
  let shape: AttentionShape

  /// Attention of the given shape.
  init(_ shape: AttentionShape) {
    precondition(
      shape.heads > 0 && shape.keyValueHeads > 0 && shape.heads % shape.keyValueHeads == 0,
      "attention: \(shape.heads) heads cannot share \(shape.keyValueHeads) key/value heads")
    self.shape = shape
  }

  /// Writes the attention output of each segment's queries.
  ///
  /// - Parameters:
  ///   - queries: `[rows][heads][headDimension]`, `queryStride` floats from row to row.
  ///   - outputs: The same with `outputStride`; rows of no segment are left alone.
  ///   - logSumExps: `[rows][heads]`, the softmax's ln Σ exp(score), which the backward pass needs.
  func forward(
    queries: UnsafePointer<Float>, queryStride: Int, into outputs: UnsafeMutablePointer<Float>, outputStride: Int,
    logSumExps: UnsafeMutablePointer<Float>? = nil, segments: [AttentionSegment], workers: Workers
  ) {
    let pieces = AttentionPiece.cut(segments, shape: shape) { queryBlock($0) }
    let layout = AttentionScratch(pieces, shape: shape, scoreMatrices: 1, packedMatrices: 1)
    let laneLayout = LaneScratch(pieces, shape: shape, isBackward: false)
    let call = Forward(
      queries: queries, queryStride: queryStride, outputs: outputs, outputStride: outputStride, logSumExps: logSumExps)
    workers.run(
      pieces: pieces.count, scratchBytes: max(layout.byteCount, laneLayout.byteCount), as: .attention
    ) { index, memory in
      let piece = pieces[index]
      let segment = segments[piece.segment]
      if LaneBlock.suits(rows: piece.queries.count * shape.groupSize) {
        let scratch = laneLayout.bind(memory)
        let block = LaneBlock(piece, of: segment, queries: piece.queries, shape: shape, sink: scratch.sink)
        // Later tokens must reach no earlier one: where anything is not finite, rows are computed one by one.
        if forward(block, call, scratch: scratch) { return }
      }
      forward(rows: piece, of: segment, call, scratch: layout.bind(memory))
    }
  }

  /// Where a forward pass reads and writes.
  private struct Forward {
    let queries: UnsafePointer<Float>
    let queryStride: Int
    let outputs: UnsafeMutablePointer<Float>
    let outputStride: Int
    let logSumExps: UnsafeMutablePointer<Float>?
  }

  /// Many rows of a piece, side by side; returns whether all outputs are finite.
  private func forward(_ block: LaneBlock, _ call: Forward, scratch: LaneScratch.Bound) -> Bool {
    let dimension = shape.headDimension
    block.forEachLane { lane, origin in
      scratch.sources(0)[lane] =
        origin.map { call.queries + $0.row * call.queryStride + $0.head * dimension } ?? UnsafePointer(scratch.zeros)
      scratch.targets[lane] =
        origin.map { call.outputs + $0.row * call.outputStride + $0.head * dimension } ?? scratch.spare
    }
    let (lanes, scores) = (scratch.lanes(0), scratch.scores(0))
    BlockTransposition.transpose(
      rows: scratch.sources(0), count: block.width, columns: dimension, to: lanes, targetStride: block.width)
    mapVectors(lanes, into: lanes, count: dimension * block.width) { $0 * shape.scale }
    block.products(.keys, with: lanes, into: scores)
    for vector in 0..<block.vectorCount {
      let (largest, sum) = block.softmax(
        scores, vector: vector, cap: shape.softCap, partialSums: scratch.partialSums)
      (1 / sum).store(to: scratch.factors + vector * Lanes.count)
      if call.logSumExps != nil {
        largest.store(to: scratch.largest + vector * Lanes.count)
        sum.store(to: scratch.sums + vector * Lanes.count)
      }
    }
    if let logSumExps = call.logSumExps {
      block.forEachLane { lane, origin in
        guard let origin else { return }
        logSumExps[origin.row * shape.heads + origin.head] = Float(
          Double(scratch.largest[lane]) + log(Double(scratch.sums[lane])))
      }
    }
    block.weightedSums(.values, weights: scores, into: lanes)
    // Zero times an output is zero, unless the output is not finite.
    var zeros = Lanes()
    for vector in 0..<block.vectorCount {
      let factor = Lanes(at: scratch.factors + vector * Lanes.count)
      for depth in 0..<dimension {
        let output = lanes + depth * block.width + vector * Lanes.count
        let value = Lanes(at: output) * factor
        value.store(to: output)
        zeros += value * 0
      }
    }
    BlockTransposition.transpose(
      lanes, sourceStride: block.width, rows: dimension, columns: block.width, toRows: scratch.targets)
    return zeros.total == 0
  }

  /// Few rows of a piece, one after the other.
  private func forward(
    rows piece: AttentionPiece, of segment: AttentionSegment, _ call: Forward, scratch: AttentionScratch.Bound
  ) {
    let dimension = shape.headDimension
    let group = shape.groupSize
    let block = ScoreBlock(piece, queries: piece.queries, shape: shape)
    scratch.gatherRows(segment, block: block, head: piece.keyValueHead, dimension: dimension)
    let firstHead = piece.keyValueHead * group
    let firstRow = segment.queryRow + piece.queries.lowerBound
    for row in 0..<block.rows {
      let source =
        call.queries + (firstRow + row / group) * call.queryStride + (firstHead + row % group) * dimension
      mapVectors(source, into: scratch.packed(0) + row * dimension, count: dimension) { $0 * shape.scale }
    }
    let scores = scratch.scores(0)
    block.products(
      scratch.packed(0), with: scratch.keyRows, panel: scratch.panel, dimension: dimension, into: scores)
    for row in 0..<block.rows {
      let visible = block.visible(row)
      let (largest, sum) = softmax(scores + row * block.width, visible)
      call.logSumExps?[(firstRow + row / group) * shape.heads + firstHead + row % group] = Float(
        Double(largest) + log(Double(sum)))
      scratch.factors[row] = 1 / sum
      let output =
        call.outputs + (firstRow + row / group) * call.outputStride + (firstHead + row % group) * dimension
      output.update(repeating: 0, count: dimension)
      scratch.outputRows[row] = output
    }
    block.addWeightedRows(scratch.valueRows, weights: scores, dimension: dimension, to: scratch.outputRows)
    for row in 0..<block.rows {
      let output = scratch.outputRows[row]
      let factor = scratch.factors[row]
      mapVectors(output, into: output, count: dimension) { $0 * factor }
    }
  }

  /// Queries of a piece: enough rows to make packing the keys worth it, few enough for scores to stay in cache.
  func queryBlock(_ segment: AttentionSegment) -> Int {
    let chain = segment.ancestorCount + segment.queryCount
    let rows = max(8, min(64, 131_072 / max(1, chain)))
    return max(1, rows / shape.groupSize)
  }

  /// Turns a row of scores into unnormalized probabilities; returns the largest score and the sum.
  @inline(never)
  private func softmax(_ row: UnsafeMutablePointer<Float>, _ visible: Range<Int>) -> (largest: Float, sum: Float) {
    let start = visible.lowerBound / Lanes.count * Lanes.count
    let end = (visible.upperBound + Lanes.count - 1) / Lanes.count * Lanes.count
    if let cap = shape.softCap { self.cap(row + start, count: end - start, at: cap) }
    if start < visible.lowerBound { hide(row, start, outside: visible) }
    if visible.upperBound < end { hide(row, end - Lanes.count, outside: visible) }
    var lanes = Lanes(repeating: -.infinity)
    for i in stride(from: start, to: end, by: Lanes.count) { lanes = lanes.larger(Lanes(at: row + i)) }
    let largest = lanes.largest
    var sum = Lanes()
    for i in stride(from: start, to: end, by: Lanes.count) {
      let value = VectorMath.exp(Lanes(at: row + i) - largest)
      value.store(to: row + i)
      sum += value
    }
    return (largest, sum.total)
  }

  @inline(never)
  private func cap(_ scores: UnsafeMutablePointer<Float>, count: Int, at cap: Float) {
    mapVectors(scores, into: scores, count: count) { VectorMath.tanh($0 / cap) * cap }
  }

  /// Makes hidden scores of one vector -∞; by a mask, since a vector load waits for narrower stores before it.
  @inline(__always)
  func hide(_ row: UnsafeMutablePointer<Float>, _ start: Int, outside visible: Range<Int>) {
    var columns = IntegerLanes()
    for lane in 0..<Lanes.count { columns[lane] = Int32(truncatingIfNeeded: start + lane) }
    let first = Int32(truncatingIfNeeded: visible.lowerBound)
    let end = Int32(truncatingIfNeeded: visible.upperBound)
    let hidden = (columns .< first) .| (columns .>= end)
    Lanes(at: row + start).replacing(with: -.infinity, where: hidden).store(to: row + start)
  }
}
