/// A block of results held in registers: some rows, one panel wide.
///
/// Tiles of any height are put together from single rows, so that the compiler sees a fixed number of
/// vectors and keeps each in a register. A row's arithmetic is the same in a tile of any height.
private protocol AccumulatorTile {
  /// Rows of the tile.
  static var rowCount: Int { get }
  /// All zeros.
  init()
  /// Adds the product of a column of `rowCount` factors, `stride` apart, and one row of the panel.
  mutating func add(column: UnsafePointer<Float>, stride: Int, row first: KernelVector, _ second: KernelVector)
  /// Writes the tile to `c`, or adds it to what is there.
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool)
}

private struct TileRow: AccumulatorTile {
  private var first = KernelVector()
  private var second = KernelVector()

  @inline(__always) static var rowCount: Int { 1 }

  @inline(__always)
  mutating func add(column: UnsafePointer<Float>, stride: Int, row first: KernelVector, _ second: KernelVector) {
    let factor = KernelVector(repeating: column[0])
    self.first = multiplyAdd(self.first, factor, first)
    self.second = multiplyAdd(self.second, factor, second)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool) {
    let target = UnsafeMutableRawPointer(c)
    let offset = MemoryLayout<KernelVector>.size
    if adding {
      target.storeBytes(of: target.loadUnaligned(as: KernelVector.self) + first, as: KernelVector.self)
      let old = target.loadUnaligned(fromByteOffset: offset, as: KernelVector.self)
      target.storeBytes(of: old + second, toByteOffset: offset, as: KernelVector.self)
    } else {
      target.storeBytes(of: first, as: KernelVector.self)
      target.storeBytes(of: second, toByteOffset: offset, as: KernelVector.self)
    }
  }
}

private struct TileRows<Top: AccumulatorTile, Bottom: AccumulatorTile>: AccumulatorTile {
  private var top = Top()
  private var bottom = Bottom()

  @inline(__always) static var rowCount: Int { Top.rowCount + Bottom.rowCount }

  @inline(__always) init() {}

  @inline(__always)
  mutating func add(column: UnsafePointer<Float>, stride: Int, row first: KernelVector, _ second: KernelVector) {
    top.add(column: column, stride: stride, row: first, second)
    bottom.add(column: column + Top.rowCount &* stride, stride: stride, row: first, second)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool) {
    top.write(to: c, stride: stride, adding: adding)
    bottom.write(to: c + Top.rowCount * stride, stride: stride, adding: adding)
  }
}

private typealias TwoRows = TileRows<TileRow, TileRow>
private typealias FourRows = TileRows<TwoRows, TwoRows>
private typealias SixRows = TileRows<FourRows, TwoRows>
private typealias EightRows = TileRows<FourRows, FourRows>
private typealias TwelveRows = TileRows<EightRows, FourRows>

/// The innermost loop of every matrix product.
enum TileKernel {
  /// Height of the tile to use when `rows` rows are left: the tallest there is that they fill.
  @inline(__always)
  static func height(forRows rows: Int) -> Int {
    if rows >= KernelShape.tileRows { return KernelShape.tileRows }
    if rows >= 8 { return 8 }
    return rows >= 4 ? 4 : rows >= 2 ? 2 : 1
  }

  /// Multiplies `height` rows by a panel.
  ///
  /// - Parameters:
  ///   - height: One of the heights that `height(forRows:)` gives.
  ///   - a: `[height, depth]` with rows `aStride` apart; with `aStride` nil `[depth, height]`, the rows
  ///     interleaved.
  ///   - b: `[depth, panelWidth]` with rows `bStride` apart.
  ///   - depth: Length of the sums, at most one depth block.
  ///   - c: `[height, panelWidth]` with rows `cStride` apart.
  ///   - adding: Whether the result is added to `c` or replaces it.
  @inline(never)
  static func multiply(
    height: Int, a: UnsafePointer<Float>, aStride: Int?, b: UnsafePointer<Float>, bStride: Int, depth: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int, adding: Bool
  ) {
    switch height {
    #if CPU_X86_64_V4 || arch(arm64)
      case 12: run(TwelveRows.self, a, aStride, b, bStride, depth, c, cStride, adding)
      case 8: run(EightRows.self, a, aStride, b, bStride, depth, c, cStride, adding)
    #else
      case 6: run(SixRows.self, a, aStride, b, bStride, depth, c, cStride, adding)
    #endif
    case 4: run(FourRows.self, a, aStride, b, bStride, depth, c, cStride, adding)
    case 2: run(TwoRows.self, a, aStride, b, bStride, depth, c, cStride, adding)
    default: run(TileRow.self, a, aStride, b, bStride, depth, c, cStride, adding)
    }
  }

  @inline(__always)
  private static func run<Tile: AccumulatorTile>(
    _: Tile.Type, _ a: UnsafePointer<Float>, _ aStride: Int?, _ b: UnsafePointer<Float>, _ bStride: Int, _ depth: Int,
    _ c: UnsafeMutablePointer<Float>, _ cStride: Int, _ adding: Bool
  ) {
    var tile = Tile()
    if let aStride {
      accumulate(&tile, a, rowStride: aStride, depthStride: 1, b, bStride, depth)
    } else {
      accumulate(&tile, a, rowStride: 1, depthStride: Tile.rowCount, b, bStride, depth)
    }
    tile.write(to: c, stride: cStride, adding: adding)
  }

  @inline(__always)
  private static func accumulate<Tile: AccumulatorTile>(
    _ tile: inout Tile, _ a: UnsafePointer<Float>, rowStride: Int, depthStride: Int, _ b: UnsafePointer<Float>,
    _ bStride: Int, _ depth: Int
  ) {
    var column = a
    var row = UnsafeRawPointer(b)
    let rowBytes = bStride &* MemoryLayout<Float>.stride
    var remaining = depth
    while remaining > 0 {
      let first = row.loadUnaligned(as: KernelVector.self)
      let second = row.loadUnaligned(fromByteOffset: MemoryLayout<KernelVector>.size, as: KernelVector.self)
      tile.add(column: column, stride: rowStride, row: first, second)
      column += depthStride
      row += rowBytes
      remaining &-= 1
    }
  }
}
