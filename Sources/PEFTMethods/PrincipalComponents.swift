import PEFTCore

/// The largest singular values of a frozen weight with their vectors, as two factors of equal weight.
///
/// Block power iteration with Rayleigh-Ritz steps on a subspace of twice the rank and some more (Halko, Martinsson and
/// Tropp 2011, algorithm 4.4): products in float32, orthonormalization and the small eigenproblem in double precision.
/// Where the subspace spans the whole input it is exact after one step. Deterministic: the start is a seeded draw. Any
/// product is a valid start of PiSSA, so that a slow last component costs nothing but its place.
final class PrincipalComponents: LowRankStart {
  private unowned let linear: Linear
  private let rank: Int
  private let scale: Float
  private let stream: SeedStream
  private let context: ComputeContext
  private var computed: (a: [Float], b: [Float])?

  private static let iterations = 16

  init(of linear: Linear, rank: Int, scale: Float, stream: SeedStream, context: ComputeContext) {
    self.linear = linear
    self.rank = rank
    self.scale = scale
    self.stream = stream
    self.context = context
  }

  /// A₀ `[rank, inputs]` and B₀ `[outputs, rank]`, with s·B₀·A₀ the best approximation of the weight.
  var factors: (a: [Float], b: [Float]) {
    if let computed { return computed }
    let result = compute()
    computed = result
    return result
  }

  private func compute() -> (a: [Float], b: [Float]) {
    let weight = linear.loadedWeight
    let (inputs, outputs) = (linear.inputs, linear.outputs)
    let size = min(inputs, 2 * rank + 8)
    var basis = stream.normals(size * inputs, standardDeviation: 1).map(Double.init)
    Self.orthonormalize(&basis, rows: size, columns: inputs)
    for _ in 0..<(size == inputs ? 0 : Self.iterations) {
      let images = product(basis, rows: size, to: outputs) { x, y in
        weight.multiply(x, rows: size, xStride: inputs, into: y, yStride: outputs, workers: context.workers)
      }
      basis = product(images, rows: size, to: inputs) { y, x in
        weight.multiplyTransposed(y, rows: size, yStride: outputs, into: x, xStride: inputs, workers: context.workers)
      }
      Self.orthonormalize(&basis, rows: size, columns: inputs)
    }
    let images = product(basis, rows: size, to: outputs) { x, y in
      weight.multiply(x, rows: size, xStride: inputs, into: y, yStride: outputs, workers: context.workers)
    }
    let (values, vectors) = Self.eigen(Self.gram(images, rows: size, columns: outputs), size: size)
    var a = [Float](repeating: 0, count: rank * inputs)
    var b = [Float](repeating: 0, count: outputs * rank)
    for r in 0..<rank {
      let singular = max(values[r], 0).squareRoot()
      guard singular > 0 else { continue }
      let root = (singular / Double(scale)).squareRoot()
      for input in 0..<inputs {
        let component = (0..<size).reduce(0.0) { $0 + vectors[r * size + $1] * basis[$1 * inputs + input] }
        a[r * inputs + input] = Float(root * component)
      }
      for output in 0..<outputs {
        let component = (0..<size).reduce(0.0) { $0 + vectors[r * size + $1] * images[$1 * outputs + output] }
        b[output * rank + r] = Float(root * component / singular)
      }
    }
    return (a, b)
  }

  private func product(
    _ x: [Double], rows: Int, to columns: Int,
    _ multiply: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> [Double] {
    let source = Tensor(x.map { Float($0) }, shape: [rows, x.count / rows], in: context.pool)
    let result = Tensor(uninitialized: [rows, columns], in: context.pool)
    withExtendedLifetime(source) { multiply(source.elements, result.mutableElements) }
    return result.values.map(Double.init)
  }

  /// Modified Gram-Schmidt, twice: once leaves what rounding left of the earlier rows.
  static func orthonormalize(_ x: inout [Double], rows: Int, columns: Int) {
    x.withUnsafeMutableBufferPointer { x in
      for row in 0..<rows {
        let own = row * columns
        for _ in 0..<2 {
          for other in stride(from: 0, to: own, by: columns) {
            var dot = 0.0
            for c in 0..<columns { dot += x[own + c] * x[other + c] }
            for c in 0..<columns { x[own + c] -= dot * x[other + c] }
          }
        }
        var square = 0.0
        for c in 0..<columns { square += x[own + c] * x[own + c] }
        let factor = square > 0 ? 1 / square.squareRoot() : 0
        for c in 0..<columns { x[own + c] *= factor }
      }
    }
  }

  private static func gram(_ x: [Double], rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: rows * rows)
    x.withUnsafeBufferPointer { x in
      for i in 0..<rows {
        for j in i..<rows {
          var dot = 0.0
          for c in 0..<columns { dot += x[i * columns + c] * x[j * columns + c] }
          result[i * rows + j] = dot
          result[j * rows + i] = dot
        }
      }
    }
    return result
  }

  /// Eigenvalues of a symmetric matrix from the largest, and its eigenvectors as rows (cyclic Jacobi rotations).
  private static func eigen(_ matrix: [Double], size n: Int) -> (values: [Double], vectors: [Double]) {
    var a = matrix
    var v = [Double](repeating: 0, count: n * n)
    for i in 0..<n { v[i * n + i] = 1 }
    let total = a.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<60 {
      var outside = 0.0
      for i in 0..<n { for j in 0..<i { outside += a[i * n + j] * a[i * n + j] } }
      if outside <= 1e-28 * total { break }
      for p in 0..<n {
        for q in (p + 1)..<max(n, p + 1) where a[p * n + q] != 0 {
          let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n {
            let (x, y) = (a[k * n + p], a[k * n + q])
            a[k * n + p] = c * x - s * y
            a[k * n + q] = s * x + c * y
          }
          for k in 0..<n {
            let (x, y) = (a[p * n + k], a[q * n + k])
            a[p * n + k] = c * x - s * y
            a[q * n + k] = s * x + c * y
            let (f, g) = (v[p * n + k], v[q * n + k])
            v[p * n + k] = c * f - s * g
            v[q * n + k] = s * f + c * g
          }
        }
      }
    }
    let order = (0..<n).sorted { a[$0 * n + $0] > a[$1 * n + $1] }
    return (order.map { a[$0 * n + $0] }, order.flatMap { v[($0 * n)..<(($0 + 1) * n)] })
  }
}
