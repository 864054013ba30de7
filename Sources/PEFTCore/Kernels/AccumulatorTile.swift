/// A block of results held in registers: some rows, one panel wide.
///
/// Tiles of any height are put together from single rows, so that the compiler sees a fixed number of
/// vectors and keeps each in a register. A row's arithmetic is the same in a tile of any height.
private protocol AccumulatorTile {
  /// What the tile reads of a row of the panel.
  associatedtype Columns
  /// Loads a row of the panel.
  static func load(_ row: UnsafeRawPointer) -> Columns
  /// Rows of the tile.
  static var rowCount: Int { get }
  /// All zeros.
  init()
  /// What `c` holds.
  init(loading c: UnsafePointer<Float>, stride: Int)
  /// Adds the product of a column of `rowCount` factors, `stride` apart, and one row of the panel.
  mutating func add(column: UnsafePointer<Float>, stride: Int, row: Columns)
  /// Writes the tile to `c`, or adds it to what is there.
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool)
}

/// The two vectors of a panel's row.
private struct WholeColumns {
  let first: KernelVector
  let second: KernelVector
}

private struct TileRow: AccumulatorTile {
  private var first = KernelVector()
  private var second = KernelVector()

  @inline(__always) static var rowCount: Int { 1 }

  @inline(__always) init() {}

  @inline(__always)
  init(loading c: UnsafePointer<Float>, stride: Int) {
    first = UnsafeRawPointer(c).loadUnaligned(as: KernelVector.self)
    second = UnsafeRawPointer(c + KernelVector.scalarCount).loadUnaligned(as: KernelVector.self)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer) -> WholeColumns {
    WholeColumns(
      first: row.loadUnaligned(as: KernelVector.self),
      second: row.loadUnaligned(fromByteOffset: MemoryLayout<KernelVector>.size, as: KernelVector.self))
  }

  @inline(__always)
  mutating func add(column: UnsafePointer<Float>, stride: Int, row: WholeColumns) {
    let factor = KernelVector(repeating: column[0])
    first = multiplyAdd(first, factor, row.first)
    second = multiplyAdd(second, factor, row.second)
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

/// One vector of a row, for panels whose second vector lies beyond the last column.
private struct NarrowRow: AccumulatorTile {
  private var sum = KernelVector()

  @inline(__always) static var rowCount: Int { 1 }

  @inline(__always) init() {}

  @inline(__always)
  init(loading c: UnsafePointer<Float>, stride: Int) {
    sum = UnsafeRawPointer(c).loadUnaligned(as: KernelVector.self)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer) -> KernelVector { row.loadUnaligned(as: KernelVector.self) }

  @inline(__always)
  mutating func add(column: UnsafePointer<Float>, stride: Int, row: KernelVector) {
    sum = multiplyAdd(sum, KernelVector(repeating: column[0]), row)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool) {
    let target = UnsafeMutableRawPointer(c)
    let old = adding ? target.loadUnaligned(as: KernelVector.self) + sum : sum
    target.storeBytes(of: old, as: KernelVector.self)
  }
}

#if CPU_X86_64_V4
  /// Half a vector of a row, for thin matrices: two such multiply-adds take the time of one of whole vectors, or less.
  private struct HalfRow: AccumulatorTile {
    private var sum = SIMD8<Float>()

    @inline(__always) static var rowCount: Int { 1 }

    @inline(__always) init() {}

    @inline(__always)
    init(loading c: UnsafePointer<Float>, stride: Int) {
      sum = UnsafeRawPointer(c).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    static func load(_ row: UnsafeRawPointer) -> SIMD8<Float> { row.loadUnaligned(as: SIMD8<Float>.self) }

    @inline(__always)
    mutating func add(column: UnsafePointer<Float>, stride: Int, row: SIMD8<Float>) {
      sum.addProduct(SIMD8(repeating: column[0]), row)
    }

    @inline(__always)
    func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool) {
      let target = UnsafeMutableRawPointer(c)
      target.storeBytes(
        of: adding ? target.loadUnaligned(as: SIMD8<Float>.self) + sum : sum, as: SIMD8<Float>.self)
    }
  }
#endif

private struct TileRows<Top: AccumulatorTile, Bottom: AccumulatorTile>: AccumulatorTile
where Top.Columns == Bottom.Columns {
  private var top = Top()
  private var bottom = Bottom()

  @inline(__always) static var rowCount: Int { Top.rowCount + Bottom.rowCount }

  @inline(__always) init() {}

  @inline(__always)
  init(loading c: UnsafePointer<Float>, stride: Int) {
    top = Top(loading: c, stride: stride)
    bottom = Bottom(loading: c + Top.rowCount * stride, stride: stride)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer) -> Top.Columns { Top.load(row) }

  @inline(__always)
  mutating func add(column: UnsafePointer<Float>, stride: Int, row: Top.Columns) {
    top.add(column: column, stride: stride, row: row)
    bottom.add(column: column + Top.rowCount &* stride, stride: stride, row: row)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, stride: Int, adding: Bool) {
    top.write(to: c, stride: stride, adding: adding)
    bottom.write(to: c + Top.rowCount * stride, stride: stride, adding: adding)
  }
}

/// The heights of tiles of one kind of row.
private enum Heights<Row: AccumulatorTile> {
  typealias Two = TileRows<Row, Row>
  typealias Three = TileRows<Two, Row>
  typealias Four = TileRows<Two, Two>
  typealias Five = TileRows<Four, Row>
  typealias Six = TileRows<Four, Two>
  typealias Seven = TileRows<Four, Three>
  typealias Eight = TileRows<Four, Four>
  typealias Nine = TileRows<Eight, Row>
  typealias Ten = TileRows<Eight, Two>
  typealias Eleven = TileRows<Eight, Three>
  typealias Twelve = TileRows<Eight, Four>
}

/// The innermost loops of every matrix product.
enum TileKernel {
  /// Height of the tile to use when `rows` rows are left: as many, up to the tallest there is.
  ///
  /// There is a tile of every height, since one of less than four rows waits for its own sums: by their latency, three
  /// tiles of 8, 2 and 1 rows take half as long again as one of 11.
  @inline(__always)
  static func height(forRows rows: Int) -> Int { min(rows, KernelShape.tileRows) }

  /// Tiles that `rows` rows are cut into, taking `height(forRows:)` each time.
  static func tileCount(forRows rows: Int) -> Int { (rows + KernelShape.tileRows - 1) / KernelShape.tileRows }

  /// Multiplies `height` rows by a panel.
  ///
  /// - Parameters:
  ///   - height: One of the heights that `height(forRows:)` gives.
  ///   - b: `[depth, panelWidth]` with rows `bStride` apart.
  @inline(never)
  static func multiply(height: Int, _ product: TileProduct, b: UnsafePointer<Float>, bStride: Int) {
    switch product.part {
    case .whole: multiply(height: height, rowsOf: TileRow.self, product, b: b, bStride: bStride)
    case .vector: multiply(height: height, rowsOf: NarrowRow.self, product, b: b, bStride: bStride)
    #if CPU_X86_64_V4
      case .halfVector: multiply(height: height, rowsOf: HalfRow.self, product, b: b, bStride: bStride)
    #endif
    }
  }

  @inline(__always)
  private static func multiply<Row: AccumulatorTile>(
    height: Int, rowsOf _: Row.Type, _ product: TileProduct, b: UnsafePointer<Float>, bStride: Int
  ) {
    switch height {
    #if CPU_X86_64_V4 || arch(arm64)
      case 12: run(Heights<Row>.Twelve.self, product, b, bStride)
      case 11: run(Heights<Row>.Eleven.self, product, b, bStride)
      case 10: run(Heights<Row>.Ten.self, product, b, bStride)
      case 9: run(Heights<Row>.Nine.self, product, b, bStride)
      case 8: run(Heights<Row>.Eight.self, product, b, bStride)
      case 7: run(Heights<Row>.Seven.self, product, b, bStride)
    #endif
    case 6: run(Heights<Row>.Six.self, product, b, bStride)
    case 5: run(Heights<Row>.Five.self, product, b, bStride)
    case 4: run(Heights<Row>.Four.self, product, b, bStride)
    case 3: run(Heights<Row>.Three.self, product, b, bStride)
    case 2: run(Heights<Row>.Two.self, product, b, bStride)
    default: run(Row.self, product, b, bStride)
    }
  }

  @inline(__always)
  private static func run<Tile: AccumulatorTile>(
    _: Tile.Type, _ product: TileProduct, _ b: UnsafePointer<Float>, _ bStride: Int
  ) {
    var tile = product.continues ? Tile(loading: product.c, stride: product.cStride) : Tile()
    if product.claims { claimResults(product, rows: Tile.rowCount) }
    if product.aRowStride == 1 {
      accumulate(&tile, product, rowStride: 1, depthStride: product.aDepthStride, b, bStride)
    } else {
      accumulate(&tile, product, rowStride: product.aRowStride, depthStride: 1, b, bStride)
    }
    tile.write(to: product.c, stride: product.cStride, adding: product.adding)
  }

  /// Writes to each vector of results.
  @inline(__always)
  private static func claimResults(_ product: TileProduct, rows: Int) {
    var row = product.c
    for _ in 0..<rows {
      row[0] = 0
      if product.part == .whole { row[KernelVector.scalarCount] = 0 }
      row += product.cStride
    }
  }

  @inline(__always)
  private static func accumulate<Tile: AccumulatorTile>(
    _ tile: inout Tile, _ product: TileProduct, rowStride: Int, depthStride: Int, _ b: UnsafePointer<Float>,
    _ bStride: Int
  ) {
    var column = product.a
    var row = UnsafeRawPointer(b)
    let rowBytes = bStride &* MemoryLayout<Float>.stride
    var remaining = product.depth
    var ahead = product.ahead.start
    var fetched: UInt8 = 0
    while remaining > 0 {
      tile.add(column: column, stride: rowStride, row: Tile.load(row))
      fetched |= ahead.load(as: UInt8.self)
      ahead += product.ahead.stride
      column += depthStride
      row += rowBytes
      remaining &-= 1
    }
    product.ahead.sink.pointee = fetched
  }

  /// Multiplies at most four rows by a packed panel, its elements going straight from words to sums.
  ///
  /// - Parameters:
  ///   - height: From 1 to 4.
  ///   - second: The next panel, by which a single row is multiplied too.
  ///   - depths: The depths of the panel to multiply by, `product.depth` of them.
  @inline(__always)
  static func multiply<Code: PanelCode>(
    height: Int, _ product: TileProduct, panel: UnsafeRawPointer, second: UnsafeRawPointer?, depths: Range<Int>,
    as code: Code.Type
  ) {
    if let second { return multiplyRow(product, panels: panel, second, depths: depths, as: code) }
    switch height {
    case 4: run(Heights<TileRow>.Four.self, product, panel, depths, code)
    case 3: run(Heights<TileRow>.Three.self, product, panel, depths, code)
    case 2: run(Heights<TileRow>.Two.self, product, panel, depths, code)
    default: run(TileRow.self, product, panel, depths, code)
    }
  }

  @inline(__always)
  private static func run<Tile: AccumulatorTile, Code: PanelCode>(
    _: Tile.Type, _ product: TileProduct, _ panel: UnsafeRawPointer, _ depths: Range<Int>, _ code: Code.Type
  ) where Tile.Columns == WholeColumns {
    var tile = Tile()
    PanelReader.read(panel, depths: depths, as: code) { depth, first, second in
      tile.add(
        column: product.a + depth &* product.aDepthStride, stride: product.aRowStride,
        row: WholeColumns(first: first, second: second))
    }
    tile.write(to: product.c, stride: product.cStride, adding: product.adding)
  }

  /// Multiplies one row by two packed panels, whose columns follow each other in the result.
  ///
  /// Each term of a sum waits for the one before. The two sums of one panel leave the processor idle for half of that
  /// time; the four of two panels, taken a pair of depths at a time, do not.
  @inline(__always)
  private static func multiplyRow<Code: PanelCode>(
    _ product: TileProduct, panels first: UnsafeRawPointer, _ second: UnsafeRawPointer, depths: Range<Int>,
    as code: Code.Type
  ) {
    let width = KernelShape.panelWidth
    let vectorBytes = MemoryLayout<KernelWords>.size
    var (sum0, sum1, sum2, sum3) = (KernelVector(), KernelVector(), KernelVector(), KernelVector())
    var factor = product.a
    var depth = depths.lowerBound
    while depth < depths.upperBound {
      let inside = depth % Code.blockDepths
      let end = min(depths.upperBound, depth &+ Code.blockDepths &- inside)
      var offset = depth / Code.blockDepths &* (Code.blockBytes &* width)
      let (code0, code1) = (Code(block: first + offset, vector: 0), Code(block: first + offset, vector: 1))
      let (code2, code3) = (Code(block: second + offset, vector: 0), Code(block: second + offset, vector: 1))
      offset &+= Code.scaleBytes &* width &+ inside / Code.wordDepths &* (2 &* vectorBytes)
      while depth < end {
        var words0 = first.loadUnaligned(fromByteOffset: offset, as: KernelWords.self)
        var words1 = first.loadUnaligned(fromByteOffset: offset &+ vectorBytes, as: KernelWords.self)
        var words2 = second.loadUnaligned(fromByteOffset: offset, as: KernelWords.self)
        var words3 = second.loadUnaligned(fromByteOffset: offset &+ vectorBytes, as: KernelWords.self)
        @inline(__always) func add(_ part: Int) {
          let x = KernelVector(repeating: factor.pointee)
          sum0 = multiplyAdd(sum0, x, code0.elements(words0, depth: part))
          sum1 = multiplyAdd(sum1, x, code1.elements(words1, depth: part))
          sum2 = multiplyAdd(sum2, x, code2.elements(words2, depth: part))
          sum3 = multiplyAdd(sum3, x, code3.elements(words3, depth: part))
          factor += product.aDepthStride
        }
        repeat {
          add(0)
          if depth &+ 1 < end { add(1) }
          depth &+= 2
          words0 = words0 &>> Code.pairBits
          words1 = words1 &>> Code.pairBits
          words2 = words2 &>> Code.pairBits
          words3 = words3 &>> Code.pairBits
        } while depth < end && depth % Code.wordDepths != 0
        offset &+= 2 &* vectorBytes
      }
    }
    let target = UnsafeMutableRawPointer(product.c)
    @inline(__always) func write(_ sum: KernelVector, _ vector: Int) {
      let offset = vector &* vectorBytes
      let result = product.adding ? target.loadUnaligned(fromByteOffset: offset, as: KernelVector.self) + sum : sum
      target.storeBytes(of: result, toByteOffset: offset, as: KernelVector.self)
    }
    write(sum0, 0)
    write(sum1, 1)
    write(sum2, 2)
    write(sum3, 3)
  }
}
