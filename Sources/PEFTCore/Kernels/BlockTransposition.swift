/// Transposition of small blocks in cache.
enum BlockTransposition {
  /// Writes the transpose of a `rows` × `columns` matrix.
  ///
  /// - Parameters:
  ///   - source: `[rows, columns]`, rows `sourceStride` apart.
  ///   - target: `[columns, rows]`, rows `targetStride` apart; must not overlap the source.
  static func transpose(
    _ source: UnsafePointer<Float>, sourceStride: Int, rows: Int, columns: Int,
    to target: UnsafeMutablePointer<Float>, targetStride: Int
  ) {
    transpose(count: rows, columns: columns) {
      source + $0 &* sourceStride
    } to: {
      target + $0 &* targetStride
    }
  }

  /// Writes the transpose of a matrix whose rows lie anywhere.
  ///
  /// - Parameters:
  ///   - rows: Where each row starts.
  ///   - count: Number of rows.
  ///   - columns: Length of a row.
  ///   - target: `[columns, count]`, rows `targetStride` apart.
  static func transpose(
    rows: UnsafePointer<UnsafePointer<Float>>, count: Int, columns: Int, to target: UnsafeMutablePointer<Float>,
    targetStride: Int
  ) {
    transpose(count: count, columns: columns) {
      rows[$0]
    } to: {
      target + $0 &* targetStride
    }
  }

  /// Writes the transpose of a matrix to rows that lie anywhere.
  ///
  /// - Parameters:
  ///   - source: `[rows, columns]`, rows `sourceStride` apart.
  ///   - targets: Where each row of the transpose starts, `columns` of them.
  static func transpose(
    _ source: UnsafePointer<Float>, sourceStride: Int, rows: Int, columns: Int,
    toRows targets: UnsafePointer<UnsafeMutablePointer<Float>>
  ) {
    transpose(count: rows, columns: columns) {
      source + $0 &* sourceStride
    } to: {
      targets[$0]
    }
  }

  @inline(__always)
  private static func transpose(
    count: Int, columns: Int, from source: (_ row: Int) -> UnsafePointer<Float>,
    to target: (_ column: Int) -> UnsafeMutablePointer<Float>
  ) {
    @inline(__always) func scalars(_ rows: Range<Int>, _ columns: Range<Int>) {
      for column in columns {
        for row in rows { target(column)[row] = source(row)[column] }
      }
    }
    var row = 0
    while row + 8 <= count {
      var column = 0
      while column + 8 <= columns {
        transpose8 {
          source(row &+ $0) + column
        } to: {
          target(column &+ $0) + row
        }
        column &+= 8
      }
      scalars(row..<row + 8, column..<columns)
      row &+= 8
    }
    while row + 4 <= count {
      var column = 0
      while column + 4 <= columns {
        transpose4 {
          source(row &+ $0) + column
        } to: {
          target(column &+ $0) + row
        }
        column &+= 4
      }
      scalars(row..<row + 4, column..<columns)
      row &+= 4
    }
    scalars(row..<count, 0..<columns)
  }

  @inline(__always)
  private static func transpose4(
    from source: (_ row: Int) -> UnsafePointer<Float>, to target: (_ column: Int) -> UnsafeMutablePointer<Float>
  ) {
    @inline(__always) func load(_ row: Int) -> SIMD4<Float> {
      UnsafeRawPointer(source(row)).loadUnaligned(as: SIMD4<Float>.self)
    }
    @inline(__always) func store(_ value: SIMD4<Float>, _ row: Int) {
      UnsafeMutableRawPointer(target(row)).storeBytes(of: value, as: SIMD4<Float>.self)
    }
    let (a, b, c, d) = (load(0), load(1), load(2), load(3))
    let ab = SIMD4(a[0], b[0], a[1], b[1])
    let cd = SIMD4(c[0], d[0], c[1], d[1])
    let abHigh = SIMD4(a[2], b[2], a[3], b[3])
    let cdHigh = SIMD4(c[2], d[2], c[3], d[3])
    store(SIMD4(lowHalf: ab.lowHalf, highHalf: cd.lowHalf), 0)
    store(SIMD4(lowHalf: ab.highHalf, highHalf: cd.highHalf), 1)
    store(SIMD4(lowHalf: abHigh.lowHalf, highHalf: cdHigh.lowHalf), 2)
    store(SIMD4(lowHalf: abHigh.highHalf, highHalf: cdHigh.highHalf), 3)
  }

  /// Three rounds of interleaving, each within the 128-bit halves or across them, as the shuffles of AVX are.
  @inline(__always)
  private static func transpose8(
    from source: (_ row: Int) -> UnsafePointer<Float>, to target: (_ column: Int) -> UnsafeMutablePointer<Float>
  ) {
    typealias Row = SIMD8<Float>
    @inline(__always) func load(_ row: Int) -> Row {
      UnsafeRawPointer(source(row)).loadUnaligned(as: Row.self)
    }
    @inline(__always) func store(_ value: Row, _ row: Int) {
      UnsafeMutableRawPointer(target(row)).storeBytes(of: value, as: Row.self)
    }
    @inline(__always) func low(_ x: Row, _ y: Row) -> Row { Row(x[0], y[0], x[1], y[1], x[4], y[4], x[5], y[5]) }
    @inline(__always) func high(_ x: Row, _ y: Row) -> Row { Row(x[2], y[2], x[3], y[3], x[6], y[6], x[7], y[7]) }
    // The second round moves pairs as doubles: seen as floats, the compiler would trace each element back through both
    // rounds and move them one by one.
    typealias Pairs = SIMD4<Double>
    @inline(__always) func lowPairs(_ x: Row, _ y: Row) -> Row {
      let (x, y) = (unsafeBitCast(x, to: Pairs.self), unsafeBitCast(y, to: Pairs.self))
      return unsafeBitCast(Pairs(x[0], y[0], x[2], y[2]), to: Row.self)
    }
    @inline(__always) func highPairs(_ x: Row, _ y: Row) -> Row {
      let (x, y) = (unsafeBitCast(x, to: Pairs.self), unsafeBitCast(y, to: Pairs.self))
      return unsafeBitCast(Pairs(x[1], y[1], x[3], y[3]), to: Row.self)
    }
    @inline(__always) func lowHalves(_ x: Row, _ y: Row) -> Row { Row(lowHalf: x.lowHalf, highHalf: y.lowHalf) }
    @inline(__always) func highHalves(_ x: Row, _ y: Row) -> Row { Row(lowHalf: x.highHalf, highHalf: y.highHalf) }

    let (r0, r1, r2, r3) = (load(0), load(1), load(2), load(3))
    let (r4, r5, r6, r7) = (load(4), load(5), load(6), load(7))
    let (a0, a1, a2, a3) = (low(r0, r1), high(r0, r1), low(r2, r3), high(r2, r3))
    let (a4, a5, a6, a7) = (low(r4, r5), high(r4, r5), low(r6, r7), high(r6, r7))
    let (b0, b1, b2, b3) = (lowPairs(a0, a2), highPairs(a0, a2), lowPairs(a1, a3), highPairs(a1, a3))
    let (b4, b5, b6, b7) = (lowPairs(a4, a6), highPairs(a4, a6), lowPairs(a5, a7), highPairs(a5, a7))
    store(lowHalves(b0, b4), 0)
    store(lowHalves(b1, b5), 1)
    store(lowHalves(b2, b6), 2)
    store(lowHalves(b3, b7), 3)
    store(highHalves(b0, b4), 4)
    store(highHalves(b1, b5), 5)
    store(highHalves(b2, b6), 6)
    store(highHalves(b3, b7), 7)
  }
}
