extension MatrixMultiply {
  /// The plain triple loop, summed in double precision, that the kernels are tested against.
  ///
  /// The parameters are those of `multiply`.
  public static func reference(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aStride: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, bStride: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, cStride: Int,
    accumulate: Bool = false
  ) {
    for row in 0..<m {
      for column in 0..<n {
        var sum = accumulate ? Double(c[row * cStride + column]) : 0
        for depth in 0..<k {
          let aElement = transposeA ? a[depth * aStride + row] : a[row * aStride + depth]
          let bElement = transposeB ? b[column * bStride + depth] : b[depth * bStride + column]
          sum += Double(aElement) * Double(bElement)
        }
        c[row * cStride + column] = Float(sum)
      }
    }
  }
}
