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
  /// Where in memory a share of a panel's elements lies, to be fetched before the panel is asked for; nil where that is
  /// not worth it. Up to a depth block of bytes beyond it is read, too.
  ///
  /// - Parameter share: From 0 up to `shares`.
  func stored(_ index: Int, depths: Range<Int>, share: Int, of shares: Int) -> UnsafeRawBufferPointer?
  /// Whether `multiply` works, which skips the buffer for the sake of few rows.
  var multipliesDirectly: Bool { get }
  /// Multiplies at most four rows by a panel; a single row by the next panel too, if `isPair`.
  func multiply(height: Int, _ product: TileProduct, byPanel index: Int, isPair: Bool, depths: Range<Int>)
}

extension PanelSource {
  var multipliesDirectly: Bool { false }

  func stored(_ index: Int, depths: Range<Int>, share: Int, of shares: Int) -> UnsafeRawBufferPointer? { nil }

  func multiply(height: Int, _ product: TileProduct, byPanel index: Int, isPair: Bool, depths: Range<Int>) {
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
    let blocks = max(1, (rows.rowCount + Self.maximumRows - 1) / Self.maximumRows)
    let tiles = (rows.rowCount + KernelShape.tileRows - 1) / KernelShape.tileRows
    let blockRows = (tiles + blocks - 1) / blocks * KernelShape.tileRows
    let columns = min(panels * KernelShape.panelWidth, max(source.columnCount, KernelShape.lanes))
    let allWork = rows.rowCount * rows.depth * columns
    let pieceWork =
      rows.rowCount <= 8 ? Self.fewRowsWork : min(Self.mostWork, max(Self.leastWork, allWork / Self.fewPieces))
    let panelWork = max(1, min(rows.rowCount, blockRows) * rows.depth * min(columns, KernelShape.panelWidth))
    // A piece that interleaves its rows does so once for all its panels.
    let fewest = rows.interleaves ? min(8, max(1, panels / 8)) : 1
    let wanted = max(fewest, (pieceWork + panelWork - 1) / panelWork)
    panelPieces = max(1, panels / wanted)
    panelsPerPiece = (panels + panelPieces - 1) / max(1, panelPieces)
    // Of few panels, such as an adapter's thin matrix has, the rows are cut finer, though each part unpacks them again.
    let rowParts = min(
      min(Self.fewPieces, allWork / Self.leastWork) / (blocks * panelPieces), rows.rowCount / blocks / Self.fewestRows)
    let rowPieces = blocks * max(1, rowParts)
    self.rowPieces = rowPieces
    rowsPerPiece = (tiles + rowPieces - 1) / rowPieces * KernelShape.tileRows
  }

  /// Rows that share one unpacking of a panel.
  private static var maximumRows: Int { 256 }
  /// Fewest rows that are worth an unpacking of their own.
  private static var fewestRows: Int { 48 }
  /// Multiplications that make a piece worth its start, some tens of microseconds.
  private static var mostWork: Int { 1 << 21 }
  /// The same of products that are small as a whole: they should have something to share, too.
  private static var leastWork: Int { 1 << 19 }
  /// The same of few rows, which wait for memory: a few microseconds, since all threads should read until the end.
  private static var fewRowsWork: Int { 1 << 15 }
  /// Pieces that a small product is cut into.
  private static var fewPieces: Int { 8 }

  /// Floats of scratch that a piece needs, with interleaved rows or without.
  ///
  /// Without them it is an eighth as much, which stays in the nearest caches from one product to the next.
  static func scratchCount(rows: Int, interleaves: Bool = true, sourceScratch: Int) -> Int {
    let tileRows = KernelShape.tileRows
    let blockRows = interleaves ? (min(rows, maximumRows) + tileRows - 1) / tileRows * tileRows + tileRows : 0
    return (blockRows + KernelShape.panelWidth) * KernelShape.depthBlock + tileRows * KernelShape.panelWidth
      + sourceScratch + 1
  }

  private var scratchBytes: Int {
    MemoryLayout<Float>.stride
      * Self.scratchCount(
        rows: rows.rowCount, interleaves: rows.interleaves, sourceScratch: source.scratchCount)
  }

  /// Computes the product on all workers.
  func run(on workers: Workers, as kind: KernelKind) {
    guard rows.rowCount > 0, source.columnCount > 0 else { return }
    let operations = 2 * rows.rowCount * rows.depth * source.columnCount
    workers.run(
      pieces: rowPieces * panelPieces, scratchBytes: scratchBytes, as: kind, operations: operations
    ) { piece, scratch in
      run(piece: piece, next: piece + workers.count, scratch: scratch)
    }
  }

  /// Computes the product on the calling thread.
  func runSerially(scratch: UnsafeMutableRawPointer) {
    guard rows.rowCount > 0, source.columnCount > 0 else { return }
    for piece in 0..<rowPieces * panelPieces { run(piece: piece, next: piece + 1, scratch: scratch) }
  }

  /// - Parameter next: The piece that the thread is likely to take next, only to fetch memory ahead.
  private func run(piece: Int, next: Int, scratch: UnsafeMutableRawPointer) {
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
    let sink = UnsafeMutableRawPointer(sourceScratch + source.scratchCount).assumingMemoryBound(to: UInt8.self)

    if rows.depth == 0 { return clear(firstRow..<lastRow, panels: firstPanel..<lastPanel) }
    let piece = Piece(
      rows: firstRow..<lastRow, panels: firstPanel..<lastPanel, nextPanel: next % panelPieces * panelsPerPiece,
      block: block, buffer: buffer, edge: edge, sourceScratch: sourceScratch, sink: sink)
    let multipliesDirectly = rows.rowCount <= KernelShape.directRows && source.multipliesDirectly
    var depth = 0
    while depth < rows.depth {
      let depths = self.depths(from: depth)
      if multipliesDirectly {
        multiplyDirectly(piece, depths)
      } else {
        multiplyFromBuffer(piece, depths)
      }
      depth = depths.upperBound
    }
  }

  /// What a piece computes, and its parts of the scratch.
  private struct Piece {
    let rows: Range<Int>
    let panels: Range<Int>
    /// The first panel of the piece that the thread is likely to take next.
    let nextPanel: Int
    /// Interleaved rows.
    let block: UnsafeMutablePointer<Float>
    /// An unpacked panel.
    let buffer: UnsafeMutablePointer<Float>
    /// A tile of results that reaches beyond the last column.
    let edge: UnsafeMutablePointer<Float>
    let sourceScratch: UnsafeMutablePointer<Float>
    let sink: UnsafeMutablePointer<UInt8>
  }

  /// Multiplies by panels as they are stored.
  @inline(__always)
  private func multiplyDirectly(_ piece: Piece, _ depths: Range<Int>) {
    let panelWidth = KernelShape.panelWidth
    var panel = piece.panels.lowerBound
    while panel < piece.panels.upperBound {
      let column = panel * panelWidth
      let isPair =
        piece.rows.count == 1 && panel + 2 <= piece.panels.upperBound && column + 2 * panelWidth <= source.columnCount
      let width = min(panelWidth, source.columnCount - column)
      var row = piece.rows.lowerBound
      while row < piece.rows.upperBound {
        let height = TileKernel.height(forRows: piece.rows.upperBound - row)
        let product = product(row: row, height: height, column: column, depths: depths, sink: piece.sink)
        compute(product, height: height, width: width, isWhole: width == panelWidth, edge: piece.edge) { product in
          source.multiply(height: height, product, byPanel: panel, isPair: isPair, depths: depths)
        }
        row += height
      }
      panel += isPair ? 2 : 1
    }
  }

  /// Multiplies by panels that are unpacked first.
  @inline(__always)
  private func multiplyFromBuffer(_ piece: Piece, _ depths: Range<Int>) {
    let panelCount = (source.columnCount + KernelShape.panelWidth - 1) / KernelShape.panelWidth
    let tileCount = TileKernel.tileCount(forRows: piece.rows.count)
    if rows.interleaves { interleave(piece.rows, depths, into: piece.block) }
    for panel in piece.panels {
      let (elements, stride) = source.panel(panel, depths: depths, buffer: piece.buffer, scratch: piece.sourceScratch)
      let column = panel * KernelShape.panelWidth
      let width = min(KernelShape.panelWidth, source.columnCount - column)
      let part = PanelPart(columns: width)
      let isWhole = width == part.width
      // What comes next: the next panel, the first one of the next depths, or another piece.
      let following: (panel: Int, depths: Range<Int>)
      if panel + 1 < piece.panels.upperBound {
        following = (panel + 1, depths)
      } else if depths.upperBound < rows.depth {
        following = (piece.panels.lowerBound, self.depths(from: depths.upperBound))
      } else {
        following = (piece.nextPanel, self.depths(from: 0))
      }
      var tile = 0
      var row = piece.rows.lowerBound
      while row < piece.rows.upperBound {
        let height = TileKernel.height(forRows: piece.rows.upperBound - row)
        var product = product(row: row, height: height, column: column, depths: depths, sink: piece.sink)
        product.part = part
        product.claims = !product.adding
        if following.panel < panelCount,
          let share = source.stored(following.panel, depths: following.depths, share: tile, of: tileCount),
          let start = share.baseAddress
        {
          product.ahead.start = start
          product.ahead.stride = (share.count + depths.count - 1) / depths.count
        }
        tile += 1
        if rows.interleaves {
          product.a = UnsafePointer(piece.block + (row - piece.rows.lowerBound) * depths.count)
          product.aRowStride = 1
          product.aDepthStride = height
        }
        compute(product, height: height, width: width, isWhole: isWhole, edge: piece.edge) { product in
          TileKernel.multiply(height: height, product, b: elements, bStride: stride)
        }
        row += height
      }
    }
  }

  /// Multiplies a tile, by way of `edge` where it reaches beyond the last column.
  @inline(__always)
  private func compute(
    _ product: TileProduct, height: Int, width: Int, isWhole: Bool, edge: UnsafeMutablePointer<Float>,
    _ multiply: (TileProduct) -> Void
  ) {
    if isWhole { return multiply(product) }
    var part = product
    part.c = edge
    part.cStride = KernelShape.panelWidth
    part.adding = false
    multiply(part)
    copyEdge(edge, height: height, width: width, to: product.c, adding: product.adding)
  }

  private func depths(from depth: Int) -> Range<Int> { depth..<min(depth + KernelShape.depthBlock, rows.depth) }

  private func product(
    row: Int, height: Int, column: Int, depths: Range<Int>, sink: UnsafeMutablePointer<UInt8>
  ) -> TileProduct {
    let a =
      rows.aIsTransposed
      ? rows.a + depths.lowerBound * rows.aStride + row : rows.a + row * rows.aStride + depths.lowerBound
    return TileProduct(
      a: a,
      aRowStride: rows.aIsTransposed ? 1 : rows.aStride, aDepthStride: rows.aIsTransposed ? rows.aStride : 1,
      depth: depths.count, c: rows.c + row * rows.cStride + column, cStride: rows.cStride,
      adding: rows.accumulates || depths.lowerBound > 0, ahead: FetchAhead(start: a, stride: 0, sink: sink))
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
