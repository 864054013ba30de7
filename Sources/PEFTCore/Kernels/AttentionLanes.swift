/// Query rows of a piece side by side in the lanes of vectors.
///
/// A lane is a row: a query with one query head of the group. Scores, probabilities and their gradients are matrices
/// `[keys][lanes]`, so all five contractions are products of the tiles that other matrix products use, and a softmax
/// goes down its lane with no sum across one. Lanes beyond the last row compute what nobody reads.
///
///     scores[key] = Σ_d keys[key][d] · queries[d],  outputs[d] = Σ_key values[key][d] · probabilities[key]
///     keyGradients[key][d] = Σ_row scoreGradients[key][row] · queries[row][d]
///
/// Every sum is one chain in the order of `AttentionTiles`, so a row has the same bits in either layout. What is hidden
/// from a lane takes part in its sums with the weight zero: that changes no finite sum, but zero times infinity is NaN.
struct LaneBlock {
  /// Which of a key block's two matrices a product reads.
  enum Side {
    case keys
    case values
  }

  /// Lanes in use.
  let rows: Int
  /// Lanes, a multiple of the vector.
  let width: Int
  /// Chain position of the first key that any of the rows sees.
  let firstKey: Int
  /// Keys up to the last visible one.
  let keyCount: Int
  private let group: Int
  private let firstPosition: Int
  /// Row of the batch of the first query.
  private let firstRow: Int
  private let head: Int
  private let segment: AttentionSegment
  private let shape: AttentionShape
  /// Where tiles put what they fetch ahead, which is nothing.
  private let sink: UnsafeMutablePointer<UInt8>

  init(
    _ piece: AttentionPiece, of segment: AttentionSegment, queries: Range<Int>, shape: AttentionShape,
    sink: UnsafeMutablePointer<UInt8>
  ) {
    self.segment = segment
    self.shape = shape
    self.sink = sink
    head = piece.keyValueHead
    group = shape.groupSize
    rows = queries.count * group
    width = Self.width(rows: rows)
    firstPosition = piece.ancestorCount + queries.lowerBound
    firstRow = segment.queryRow + queries.lowerBound
    firstKey = shape.visibleKeys(from: firstPosition).lowerBound
    keyCount = piece.ancestorCount + queries.upperBound - firstKey
  }

  /// Whether this layout is the quicker one: fewer rows would leave most of a vector empty.
  static func suits(rows: Int) -> Bool { 2 * rows >= Lanes.count }

  /// Lanes of so many rows.
  static func width(rows: Int) -> Int { (rows + Lanes.count - 1) / Lanes.count * Lanes.count }

  /// Vectors of lanes.
  var vectorCount: Int { width / Lanes.count }

  /// Keys, counted from `firstKey`, that a row's query sees; lanes beyond the last row see what that one does.
  @inline(__always)
  func visible(_ row: Int) -> Range<Int> {
    let keys = shape.visibleKeys(from: firstPosition + min(row, rows - 1) / group)
    return keys.lowerBound - firstKey..<keys.upperBound - firstKey
  }

  /// Calls `body` for each lane with the row of the batch and the query head that it holds; nil beyond the last row.
  @inline(__always)
  func forEachLane(_ body: (_ lane: Int, _ origin: (row: Int, head: Int)?) -> Void) {
    var origin = (row: firstRow, head: head * group)
    for lane in 0..<rows {
      body(lane, origin)
      origin.head += 1
      if origin.head == (head + 1) * group { origin = (origin.row + 1, head * group) }
    }
    for lane in rows..<width { body(lane, nil) }
  }

  /// Keys that any row of a vector sees.
  @inline(__always)
  func keys(ofVector vector: Int) -> Range<Int> {
    let first = vector * Lanes.count
    return visible(first).lowerBound..<visible(first + Lanes.count - 1).upperBound
  }

  /// Calls `body` for the parts of each panel, two vectors of lanes: the keys that its first vector sees with both, and
  /// what the second one sees beyond with that one alone.
  @inline(__always)
  private func forEachPart(_ body: (_ keys: Range<Int>, _ lane: Int, _ isNarrow: Bool, _ continues: Bool) -> Void) {
    for vector in stride(from: 0, to: vectorCount, by: 2) {
      let first = keys(ofVector: vector)
      let isWhole = vector + 1 < vectorCount
      body(first, vector * Lanes.count, !isWhole, false)
      guard isWhole else { return }
      let end = keys(ofVector: vector + 1).upperBound
      if first.upperBound < end {
        body(first.upperBound..<end, (vector + 1) * Lanes.count, true, true)
      }
    }
  }

  /// Calls `body` for each run of `keys` that lies in one block: its first key and length, where the head's part of its
  /// first row is, and the distance from row to row.
  @inline(__always)
  private func forEachRun(
    of keys: Range<Int>, _ side: Side,
    _ body: (_ first: Int, _ count: Int, _ rows: UnsafePointer<Float>, _ stride: Int) -> Void
  ) {
    var position = -firstKey
    for block in segment.blocks {
      let part = keys.clamped(to: position..<position + block.count)
      if !part.isEmpty {
        let matrix = side == .keys ? block.keys : block.values
        body(
          part.lowerBound, part.count,
          matrix + (part.lowerBound - position) * block.rowStride + head * shape.headDimension, block.rowStride)
      }
      position += block.count
    }
  }

  /// Writes the products of keys or values with all lanes, where any lane of a vector sees the key.
  ///
  /// - Parameters:
  ///   - lanes: `[headDimension][width]`.
  ///   - scores: `[keyCount][width]`.
  func products(
    _ side: Side, with lanes: UnsafePointer<Float>, into scores: UnsafeMutablePointer<Float>
  ) {
    forEachPart { keys, lane, isNarrow, _ in
      forEachRun(of: keys, side) { first, count, matrix, stride in
        var row = 0
        while row < count {
          let height = TileKernel.height(forRows: count - row)
          let a = matrix + row * stride
          let product = TileProduct(
            a: a, aRowStride: stride, aDepthStride: 1, depth: shape.headDimension,
            c: scores + (first + row) * width + lane, cStride: width, adding: false, part: isNarrow ? .vector : .whole,
            ahead: FetchAhead(start: a, stride: 0, sink: sink))
          TileKernel.multiply(height: height, product, b: lanes + lane, bStride: width)
          row += height
        }
      }
    }
  }

  /// Writes each lane's sum of the keys or values, weighted, in chain order.
  ///
  /// - Parameters:
  ///   - weights: `[keyCount][width]`, zero where a lane does not see the key.
  ///   - sums: `[headDimension][width]`.
  func weightedSums(
    _ side: Side, weights: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>
  ) {
    forEachPart { keys, lane, isNarrow, continues in
      var continues = continues
      forEachRun(of: keys, side) { first, count, matrix, stride in
        var dimension = 0
        while dimension < shape.headDimension {
          let height = TileKernel.height(forRows: shape.headDimension - dimension)
          let a = matrix + dimension
          let product = TileProduct(
            a: a, aRowStride: 1, aDepthStride: stride, depth: count, c: sums + dimension * width + lane,
            cStride: width, adding: false, continues: continues, part: isNarrow ? .vector : .whole,
            ahead: FetchAhead(start: a, stride: 0, sink: sink))
          TileKernel.multiply(height: height, product, b: weights + first * width + lane, bStride: width)
          dimension += height
        }
        continues = true
      }
    }
  }

  /// Adds each key's sum of the rows, weighted, in the rows' order.
  ///
  /// - Parameters:
  ///   - weights: `[keyCount][width]`, zero where a lane does not see the key.
  ///   - matrix: `[rows]`, rows `stride` apart, a multiple of the vector.
  ///   - sums: `[keyCount]`, rows `stride` apart.
  func addRowSums(
    weights: UnsafePointer<Float>, of matrix: UnsafePointer<Float>, stride: Int, to sums: UnsafeMutablePointer<Float>
  ) {
    var key = 0
    while key < keyCount {
      let height = TileKernel.height(forRows: keyCount - key)
      // Rows before the first that sees any of these keys.
      let hidden = max(0, key + firstKey - firstPosition) * group
      for column in Swift.stride(from: 0, to: stride, by: KernelShape.panelWidth) {
        let a = weights + key * width + hidden
        let product = TileProduct(
          a: a, aRowStride: width, aDepthStride: 1, depth: rows - hidden, c: sums + key * stride + column,
          cStride: stride, adding: false, continues: true, part: column + Lanes.count == stride ? .vector : .whole,
          ahead: FetchAhead(start: a, stride: 0, sink: sink))
        TileKernel.multiply(height: height, product, b: matrix + hidden * stride + column, bStride: stride)
      }
      key += height
    }
  }
}
