/// Loops over vectors of doubles, eight elements at a time.
///
/// Multiplications and additions are rounded one by one, so results have the same bits on every CPU.
enum DoubleVectors {
  private typealias Lanes = SIMD8<Double>

  /// `Σ x · y`, in eight sums side by side that are added at the end.
  static func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, count: Int) -> Double {
    var sums = Lanes()
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) { sums += load(x + i) * load(y + i) }
    var rest = 0.0
    for i in whole..<count { rest += x[i] * y[i] }
    return sums.sum() + rest
  }

  /// `Σ x · x`, `Σ x · y` and `Σ y · y` in one pass.
  static func products(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, count: Int
  ) -> (xx: Double, xy: Double, yy: Double) {
    var (xx, xy, yy) = (Lanes(), Lanes(), Lanes())
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) {
      let (a, b) = (load(x + i), load(y + i))
      xx += a * a
      xy += a * b
      yy += b * b
    }
    var rest = (xx: 0.0, xy: 0.0, yy: 0.0)
    for i in whole..<count {
      rest.xx += x[i] * x[i]
      rest.xy += x[i] * y[i]
      rest.yy += y[i] * y[i]
    }
    return (xx.sum() + rest.xx, xy.sum() + rest.xy, yy.sum() + rest.yy)
  }

  /// `y += scale · x`.
  static func add(
    _ x: UnsafePointer<Double>, times scale: Double, to y: UnsafeMutablePointer<Double>, count: Int
  ) {
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) { store(load(y + i) + scale * load(x + i), to: y + i) }
    for i in whole..<count { y[i] += scale * x[i] }
  }

  /// `z -= a · x + b · y`, and `Σ z · u` of the result, in the order of `dot`, in one pass.
  static func subtract(
    _ x: UnsafePointer<Double>, times a: Double, _ y: UnsafePointer<Double>, times b: Double,
    from z: UnsafeMutablePointer<Double>, andMultiplyBy u: UnsafePointer<Double>, count: Int
  ) -> Double {
    var sums = Lanes()
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) {
      let value = load(z + i) - (a * load(x + i) + b * load(y + i))
      store(value, to: z + i)
      sums += value * load(u + i)
    }
    var rest = 0.0
    for i in whole..<count {
      z[i] -= a * x[i] + b * y[i]
      rest += z[i] * u[i]
    }
    return sums.sum() + rest
  }

  /// The products of four rows with four others, `tile[4 · i + j] = Σ x_i · y_j`, each in the order of `dot`.
  ///
  /// - Parameters:
  ///   - x: Four rows, `stride` apart.
  ///   - y: Four rows, `stride` apart.
  static func dots(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, stride: Int, count: Int,
    into tile: UnsafeMutablePointer<Double>
  ) {
    let whole = count & ~7
    // Two rows at a time by four: eight sums and six operands stay in registers of any CPU with wide vectors.
    for half in 0..<2 {
      let (x0, x1) = (x + 2 * half * stride, x + (2 * half + 1) * stride)
      let (y0, y1, y2, y3) = (y, y + stride, y + 2 * stride, y + 3 * stride)
      var (a0, a1, a2, a3) = (Lanes(), Lanes(), Lanes(), Lanes())
      var (b0, b1, b2, b3) = (Lanes(), Lanes(), Lanes(), Lanes())
      var i = 0
      while i < whole {
        let (p, q) = (load(x0 + i), load(x1 + i))
        let (r0, r1, r2, r3) = (load(y0 + i), load(y1 + i), load(y2 + i), load(y3 + i))
        a0 += p * r0
        a1 += p * r1
        a2 += p * r2
        a3 += p * r3
        b0 += q * r0
        b1 += q * r1
        b2 += q * r2
        b3 += q * r3
        i += 8
      }
      for (row, sums) in [(x0, (a0, a1, a2, a3)), (x1, (b0, b1, b2, b3))].enumerated() {
        let (left, lanes) = sums
        for (column, sum) in [lanes.0, lanes.1, lanes.2, lanes.3].enumerated() {
          var rest = 0.0
          for i in whole..<count { rest += left[i] * y[column * stride + i] }
          tile[4 * (2 * half + row) + column] = sum.sum() + rest
        }
      }
    }
  }

  /// `x = scale · x`.
  static func scale(_ x: UnsafeMutablePointer<Double>, by scale: Double, count: Int) {
    for i in 0..<count { x[i] *= scale }
  }

  /// Rotates two vectors in their plane: `(x, y) = (c·x - s·y, s·x + c·y)`.
  static func rotate(
    _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, cosine c: Double, sine s: Double, count: Int
  ) {
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) {
      let (a, b) = (load(x + i), load(y + i))
      store(c * a - s * b, to: x + i)
      store(s * a + c * b, to: y + i)
    }
    for i in whole..<count { (x[i], y[i]) = (c * x[i] - s * y[i], s * x[i] + c * y[i]) }
  }

  @inline(__always)
  private static func load(_ pointer: UnsafePointer<Double>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  private static func store(_ lanes: Lanes, to pointer: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: Lanes.self)
  }
}
