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
/// whole chain in scratch (rows × chain), never the whole matrix.
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
    let dimension = shape.headDimension
    let group = shape.groupSize
    workers.run(pieces: pieces.count, scratchBytes: layout.byteCount, as: .attention) { index, memory in
      let piece = pieces[index]
      let segment = segments[piece.segment]
      let scratch = layout.bind(memory)
      let block = ScoreBlock(piece, queries: piece.queries, shape: shape)
      scratch.gatherRows(segment, block: block, head: piece.keyValueHead, dimension: dimension)
      let firstHead = piece.keyValueHead * group
      let firstRow = segment.queryRow + piece.queries.lowerBound
      for row in 0..<block.rows {
        let source = queries + (firstRow + row / group) * queryStride + (firstHead + row % group) * dimension
        mapVectors(source, into: scratch.packed(0) + row * dimension, count: dimension) { $0 * shape.scale }
      }
      let scores = scratch.scores(0)
      block.products(
        scratch.packed(0), with: scratch.keyRows, panel: scratch.panel, dimension: dimension, into: scores)
      for row in 0..<block.rows {
        let visible = block.visible(row)
        let (largest, sum) = softmax(scores + row * block.width, visible)
        logSumExps?[(firstRow + row / group) * shape.heads + firstHead + row % group] = Float(
          Double(largest) + log(Double(sum)))
        scratch.factors[row] = 1 / sum
        let output = outputs + (firstRow + row / group) * outputStride + (firstHead + row % group) * dimension
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

/// The scores of some queries of a piece: rows are (query, query head of the group), columns chain positions
/// from `firstKey`, which is a multiple of the panel width so that lanes are given by the chain position.
struct ScoreBlock {
  let rows: Int
  /// Chain position of column 0.
  let firstKey: Int
  /// Columns up to the last visible key.
  let keyCount: Int
  /// Columns with padding.
  let width: Int
  private let group: Int
  private let firstPosition: Int
  private let shape: AttentionShape

  init(_ piece: AttentionPiece, queries: Range<Int>, shape: AttentionShape) {
    self.shape = shape
    group = shape.groupSize
    rows = queries.count * group
    firstPosition = piece.ancestorCount + queries.lowerBound
    let panel = AttentionTiles.panelWidth
    firstKey = shape.visibleKeys(from: firstPosition).lowerBound / panel * panel
    keyCount = piece.ancestorCount + queries.upperBound - firstKey
    width = (keyCount + panel - 1) / panel * panel
  }

  /// Columns that a row's query sees.
  @inline(__always)
  func visible(_ row: Int) -> Range<Int> {
    let keys = shape.visibleKeys(from: firstPosition + row / group)
    return keys.lowerBound - firstKey..<keys.upperBound - firstKey
  }

  /// First row whose query does not come before the column's key.
  func firstRow(seeing column: Int) -> Int { max(0, column + firstKey - firstPosition) * group }

  /// Writes products of the rows of `x` with the keys (or values) in `table`, where a row sees any of a panel.
  @inline(__always)
  func products(
    _ x: UnsafePointer<Float>, with table: RowTable, panel: UnsafeMutablePointer<Float>, dimension: Int,
    into scores: UnsafeMutablePointer<Float>
  ) {
    for column in stride(from: 0, to: width, by: AttentionTiles.panelWidth) {
      let columns = column..<column + AttentionTiles.panelWidth
      AttentionTiles.pack(
        table + column, count: min(AttentionTiles.panelWidth, keyCount - column), depth: dimension, into: panel)
      var row = 0
      while row + 4 <= rows {
        if visible(row).lowerBound < columns.upperBound, visible(row + 3).upperBound > columns.lowerBound {
          AttentionTiles.fourProducts(
            x + row * dimension, panel: panel, depth: dimension, into: scores + row * width + column, stride: width)
        }
        row += 4
      }
      while row < rows {
        if visible(row).overlaps(columns) {
          AttentionTiles.oneProduct(
            x + row * dimension, panel: panel, depth: dimension, into: scores + row * width + column)
        }
        row += 1
      }
    }
  }

  /// Adds to each row's output the visible rows of `table`, weighted by the row's scores, in chain order.
  ///
  /// The chain is walked in stretches that stay in the nearest cache while all rows use them.
  @inline(__always)
  func addWeightedRows(
    _ table: RowTable, weights: UnsafePointer<Float>, dimension: Int,
    to outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  ) {
    let stretch = max(32, 8192 / dimension)
    for first in stride(from: 0, to: keyCount, by: stretch) {
      let columns = first..<first + stretch
      func addOne(_ row: Int, _ terms: Range<Int>) {
        AttentionTiles.addOneSum(
          weights + row * width, weightStride: 1, rows: table, terms: terms, width: dimension, to: outputs[row])
      }
      var row = 0
      while row + 4 <= rows {
        let (top, bottom) = (visible(row).clamped(to: columns), visible(row + 3).clamped(to: columns))
        if bottom.lowerBound < top.upperBound {
          let common = bottom.lowerBound..<top.upperBound
          for row in row..<row + 4 {
            addOne(row, min(common.lowerBound, visible(row).clamped(to: columns).lowerBound)..<common.lowerBound)
          }
          let w = weights + row * width
          AttentionTiles.addFourSums(
            (w, w + width, w + 2 * width, w + 3 * width), weightStride: 1, rows: table, terms: common,
            width: dimension, to: (outputs[row], outputs[row + 1], outputs[row + 2], outputs[row + 3]))
          for row in row..<row + 4 {
            addOne(row, common.upperBound..<max(common.upperBound, visible(row).clamped(to: columns).upperBound))
          }
        } else {
          for row in row..<row + 4 { addOne(row, visible(row).clamped(to: columns)) }
        }
        row += 4
      }
      while row < rows {
        addOne(row, visible(row).clamped(to: columns))
        row += 1
      }
    }
  }
}

/// A thread's working memory: tables of row addresses, a packed panel, packed queries and score matrices.
struct AttentionScratch {
  private let rows: Int
  private let keys: Int
  private let dimension: Int
  private let scoreMatrices: Int
  private let packedMatrices: Int

  /// Memory for the largest of `pieces`, or of runs of at most `queryCount` of their queries.
  init(
    _ pieces: [AttentionPiece], shape: AttentionShape, scoreMatrices: Int, packedMatrices: Int, queryCount: Int = .max
  ) {
    let panel = AttentionTiles.panelWidth
    rows = (pieces.map { min($0.queries.count, queryCount) }.max() ?? 0) * shape.groupSize
    keys = ((pieces.map(\.keys.count).max() ?? 0) + 2 * panel - 1) / panel * panel
    dimension = shape.headDimension
    self.scoreMatrices = scoreMatrices
    self.packedMatrices = packedMatrices
  }

  private var tableBytes: Int { (keys * 2 + rows * 3) * MemoryLayout<UnsafePointer<Float>>.stride }
  private var floatCount: Int {
    rows * 2 + dimension * AttentionTiles.panelWidth + packedMatrices * rows * dimension + scoreMatrices * rows * keys
  }

  var byteCount: Int { tableBytes + floatCount * MemoryLayout<Float>.stride + 64 }

  /// Lays the parts out in a thread's memory.
  @inline(__always)
  func bind(_ memory: UnsafeMutableRawPointer) -> Bound {
    let floatMemory = memory + (tableBytes + 63) / 64 * 64
    let panel = floatMemory.bindMemory(to: Float.self, capacity: floatCount)
    let packed = panel + dimension * AttentionTiles.panelWidth
    let scores = packed + packedMatrices * rows * dimension
    let keyRows = memory.bindMemory(to: UnsafePointer<Float>.self, capacity: 2 * keys + 2 * rows)
    let outputRows = (memory + (2 * keys + 2 * rows) * MemoryLayout<UnsafePointer<Float>>.stride).bindMemory(
      to: UnsafeMutablePointer<Float>.self, capacity: rows)
    return Bound(
      panel: panel, factors: scores + scoreMatrices * rows * keys, keyRows: keyRows, valueRows: keyRows + keys,
      packedRows: keyRows + 2 * keys, outputRows: outputRows, firstPacked: packed, packedStride: rows * dimension,
      firstScores: scores, scoresStride: rows * keys, rows: rows)
  }

  /// The parts of a thread's memory.
  struct Bound {
    let panel: UnsafeMutablePointer<Float>
    /// Two numbers a row.
    let factors: UnsafeMutablePointer<Float>
    let keyRows: RowTable
    let valueRows: RowTable
    /// Two addresses a row.
    let packedRows: RowTable
    let outputRows: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    fileprivate let firstPacked: UnsafeMutablePointer<Float>
    fileprivate let packedStride: Int
    fileprivate let firstScores: UnsafeMutablePointer<Float>
    fileprivate let scoresStride: Int
    fileprivate let rows: Int

    func packed(_ matrix: Int) -> UnsafeMutablePointer<Float> { firstPacked + matrix * packedStride }
    func scores(_ matrix: Int) -> UnsafeMutablePointer<Float> { firstScores + matrix * scoresStride }
    func packedRows(_ matrix: Int) -> RowTable { packedRows + matrix * rows }

    /// Writes the addresses of the keys and values of one head for the block's columns.
    func gatherRows(_ segment: AttentionSegment, block: ScoreBlock, head: Int, dimension: Int) {
      var position = -block.firstKey
      for keys in segment.blocks {
        for row in stride(from: max(0, -position), to: min(keys.count, block.keyCount - position), by: 1) {
          keyRows[position + row] = keys.keys + row * keys.rowStride + head * dimension
          valueRows[position + row] = keys.values + row * keys.rowStride + head * dimension
        }
        position += keys.count
      }
    }
  }
}
