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
