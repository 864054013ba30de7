/// The right-hand matrix of a product, given out as panels: `panelWidth` columns of one depth block.
protocol PanelSource {
  /// Columns of the matrix.
  var columnCount: Int { get }
  /// Floats of scratch that `panel` wants beside its buffer.
  var scratchCount: Int { get }
  /// The panel's elements for the given depths, `panelWidth` in a row (zeros beyond the last column).
  ///
  /// - Parameters:
  ///   - index: Number of the panel; its first column is `index · panelWidth`.
  ///   - depths: Part of one depth block, from its start.
  ///   - buffer: Room for `[depthBlock, panelWidth]`, which may hold the result.
  ///   - scratch: Room for `scratchCount` floats.
  /// - Returns: The first element, and the distance from one depth to the next.
  func panel(
    _ index: Int, depths: Range<Int>, buffer: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> (elements: UnsafePointer<Float>, stride: Int)
  /// Whether `multiply` works, which skips the buffer for the sake of few rows.
  var multipliesDirectly: Bool { get }
  /// Multiplies at most four rows by a panel.
  func multiply(height: Int, _ product: TileProduct, byPanel index: Int, depths: Range<Int>)
}

extension PanelSource {
  var multipliesDirectly: Bool { false }

  func multiply(height: Int, _ product: TileProduct, byPanel index: Int, depths: Range<Int>) {
    preconditionFailure("these panels are multiplied from a buffer")
  }
}

/// The left-hand matrix and the result of a product.
struct ProductRows {
  let rowCount: Int
  /// Length of the sums.
  let depth: Int
  let a: UnsafePointer<Float>
  let aStride: Int
  /// Whether `a` is stored as `[depth, rows]` and not as `[rows, depth]`.
  let aIsTransposed: Bool
  let c: UnsafeMutablePointer<Float>
  let cStride: Int
  /// Whether the product is added to `c`.
  let accumulates: Bool

  /// Whether the rows are brought into the tiles' order before they are multiplied.
  ///
  /// Mostly they are read where they lie. Only rows a multiple of a page apart are copied: they would compete
  /// for the same few places of the first-level cache.
  var interleaves: Bool {
    aStride * MemoryLayout<Float>.stride % 4096 == 0 && rowCount > 8
  }
}

/// A product cut into pieces by its shape.
///
/// A piece is a block of rows times a group of panels. It goes through the depth in blocks and unpacks each
/// panel once a block into a buffer in cache.
struct BlockedMultiply<Source: PanelSource> {
  private let rows: ProductRows
  private let source: Source
  private let rowsPerPiece: Int
  private let panelsPerPiece: Int
  private let rowPieces: Int
  private let panelPieces: Int

  init(_ rows: ProductRows, by source: Source) {
    self.rows = rows
    self.source = source
    let panels = (source.columnCount + KernelShape.panelWidth - 1) / KernelShape.panelWidth
    rowPieces = max(1, (rows.rowCount + Self.maximumRows - 1) / Self.maximumRows)
    let tiles = (rows.rowCount + KernelShape.tileRows - 1) / KernelShape.tileRows
    rowsPerPiece = (tiles + rowPieces - 1) / rowPieces * KernelShape.tileRows
    let panelWork = max(1, min(rows.rowCount, rowsPerPiece) * rows.depth * KernelShape.panelWidth)
    // A piece that interleaves its rows does so once for all its panels.
    let fewest = rows.interleaves ? min(8, max(1, panels / 8)) : 1
    let wanted = max(fewest, (Self.pieceWork(rows: rows.rowCount) + panelWork - 1) / panelWork)
    panelPieces = max(1, panels / wanted)
    panelsPerPiece = (panels + panelPieces - 1) / max(1, panelPieces)
  }

  /// Rows that share one unpacking of a panel.
  private static var maximumRows: Int { 256 }
  /// Multiplications that make a piece worth its start, some tens of microseconds: fewer for few rows, which
  /// wait for memory.
  private static func pieceWork(rows: Int) -> Int { rows <= 8 ? 1 << 18 : 1 << 21 }

  /// Floats of scratch that a piece needs.
  static func scratchCount(rows: Int, sourceScratch: Int) -> Int {
    let tileRows = KernelShape.tileRows
    let blockRows = (min(rows, maximumRows) + tileRows - 1) / tileRows * tileRows + tileRows
    return (blockRows + KernelShape.panelWidth) * KernelShape.depthBlock + tileRows * KernelShape.panelWidth
      + sourceScratch
  }

  private var scratchBytes: Int {
    MemoryLayout<Float>.stride * Self.scratchCount(rows: rows.rowCount, sourceScratch: source.scratchCount)
  }

  /// Computes the product on all workers.
  func run(on workers: Workers, as kind: KernelKind) {
    guard rows.rowCount > 0, source.columnCount > 0 else { return }
    let operations = 2 * rows.rowCount * rows.depth * source.columnCount
    workers.run(
      pieces: rowPieces * panelPieces, scratchBytes: scratchBytes, as: kind, operations: operations
    ) { piece, scratch in
      run(piece: piece, scratch: scratch)
    }
  }

  /// Computes the product on the calling thread.
  func runSerially(scratch: UnsafeMutableRawPointer) {
    guard rows.rowCount > 0, source.columnCount > 0 else { return }
    for piece in 0..<rowPieces * panelPieces { run(piece: piece, scratch: scratch) }
  }

  private func run(piece: Int, scratch: UnsafeMutableRawPointer) {
    let panelCount = (source.columnCount + KernelShape.panelWidth - 1) / KernelShape.panelWidth
    let firstRow = piece / panelPieces * rowsPerPiece
    let lastRow = min(firstRow + rowsPerPiece, rows.rowCount)
    let firstPanel = piece % panelPieces * panelsPerPiece
    let lastPanel = min(firstPanel + panelsPerPiece, panelCount)
    guard firstRow < lastRow, firstPanel < lastPanel else { return }

    let block = scratch.assumingMemoryBound(to: Float.self)
    let buffer = block + (rows.interleaves ? rowsPerPiece * KernelShape.depthBlock : 0)
    let edge = buffer + KernelShape.panelWidth * KernelShape.depthBlock
    let sourceScratch = edge + KernelShape.tileRows * KernelShape.panelWidth

    if rows.depth == 0 { return clear(firstRow..<lastRow, panels: firstPanel..<lastPanel) }
    let multipliesDirectly = rows.rowCount <= KernelShape.directRows && source.multipliesDirectly
    var depth = 0
    while depth < rows.depth {
      let depths = depth..<min(depth + KernelShape.depthBlock, rows.depth)
      if rows.interleaves { interleave(firstRow..<lastRow, depths, into: block) }
      for panel in firstPanel..<lastPanel {
        let (elements, stride) =
          multipliesDirectly
          ? (UnsafePointer(buffer), 0) : source.panel(panel, depths: depths, buffer: buffer, scratch: sourceScratch)
        let column = panel * KernelShape.panelWidth
        let width = min(KernelShape.panelWidth, source.columnCount - column)
        var row = firstRow
        while row < lastRow {
          let height = TileKernel.height(forRows: lastRow - row)
          var product = product(row: row, height: height, column: column, depths: depths)
          if rows.interleaves {
            product.a = UnsafePointer(block + (row - firstRow) * depths.count)
            product.aRowStride = 1
            product.aDepthStride = height
          }
          let c = product.c
          let adding = product.adding
          if width < KernelShape.panelWidth {
            product.c = edge
            product.cStride = KernelShape.panelWidth
            product.adding = false
          }
          if multipliesDirectly {
            source.multiply(height: height, product, byPanel: panel, depths: depths)
          } else {
            TileKernel.multiply(height: height, product, b: elements, bStride: stride)
          }
          if width < KernelShape.panelWidth { copyEdge(edge, height: height, width: width, to: c, adding: adding) }
          row += height
        }
      }
      depth = depths.upperBound
    }
  }

  private func product(row: Int, height: Int, column: Int, depths: Range<Int>) -> TileProduct {
    TileProduct(
      a: rows.aIsTransposed
        ? rows.a + depths.lowerBound * rows.aStride + row : rows.a + row * rows.aStride + depths.lowerBound,
      aRowStride: rows.aIsTransposed ? 1 : rows.aStride, aDepthStride: rows.aIsTransposed ? rows.aStride : 1,
      depth: depths.count, c: rows.c + row * rows.cStride + column, cStride: rows.cStride,
      adding: rows.accumulates || depths.lowerBound > 0)
  }

  private func copyEdge(
    _ edge: UnsafeMutablePointer<Float>, height: Int, width: Int, to c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    for row in 0..<height {
      let from = edge + row * KernelShape.panelWidth
      let to = c + row * rows.cStride
      for column in 0..<width { to[column] = adding ? to[column] + from[column] : from[column] }
    }
  }

  private func clear(_ rowRange: Range<Int>, panels: Range<Int>) {
    guard !rows.accumulates else { return }
    let first = panels.lowerBound * KernelShape.panelWidth
    let last = min(panels.upperBound * KernelShape.panelWidth, source.columnCount)
    for row in rowRange { (rows.c + row * rows.cStride + first).update(repeating: 0, count: last - first) }
  }

  /// Copies rows in the order in which the tiles read them: for each tile, one column after the other.
  private func interleave(_ range: Range<Int>, _ depths: Range<Int>, into block: UnsafeMutablePointer<Float>) {
    var row = range.lowerBound
    while row < range.upperBound {
      let height = TileKernel.height(forRows: range.upperBound - row)
      let target = block + (row - range.lowerBound) * depths.count
      if rows.aIsTransposed {
        for (index, depth) in depths.enumerated() {
          (target + index * height).update(from: rows.a + depth * rows.aStride + row, count: height)
        }
      } else {
        BlockTransposition.transpose(
          rows.a + row * rows.aStride + depths.lowerBound, sourceStride: rows.aStride, rows: height,
          columns: depths.count, to: target, targetStride: height)
      }
      row += height
    }
  }
}
