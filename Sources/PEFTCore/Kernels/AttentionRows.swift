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
    keys = ((pieces.map { $0.keys.count }.max() ?? 0) + 2 * panel - 1) / panel * panel
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
