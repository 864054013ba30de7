/// `A = Q · T · Qᵀ` of a symmetric matrix, T tridiagonal, by Householder reflections in double precision.
///
/// A reflection is applied to a row when the next one reads it, so that each step goes over the rest of the matrix once. Bits
/// do not depend on the number of threads.
///
/// - Source: Golub & Van Loan, Matrix Computations, algorithm 8.3.1.
struct TridiagonalReduction {
  /// T.
  let tridiagonal: SymmetricTridiagonal
  private let size: Int
  /// Row k has the vector of reflection k, from column k + 1 on.
  private var reflectors: DoubleMatrix
  private var taus: [Double]

  /// - Parameter matrix: Symmetric to the bit, `[size, size]`.
  init(_ matrix: DoubleMatrix, workers: Workers) {
    precondition(matrix.rows == matrix.columns, "tridiagonal form of a [\(matrix.rows), \(matrix.columns)] matrix")
    let size = matrix.rows
    var (rest, reflectors) = (matrix, DoubleMatrix(zeros: size, size))
    var (diagonal, beside) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: max(0, size - 1)))
    var taus = [Double](repeating: 0, count: size)
    // A - v·wᵀ - w·vᵀ is still to be done to what is left of A.
    var (v, w) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    var (next, product) = (v, v)
    rest.elements.withUnsafeMutableBufferPointer { rest in
      reflectors.elements.withUnsafeMutableBufferPointer { reflectors in
        guard let rest = rest.baseAddress, let reflectors = reflectors.baseAddress else { return }
        for step in 0..<size {
          let (row, first) = (rest + step * size, step + 1)
          for column in step..<size { row[column] -= v[step] * w[column] + w[step] * v[column] }
          diagonal[step] = row[step]
          guard first < size else { break }
          let count = size - first
          let (tau, element) = Self.makeReflector(row + first, count: count)
          (taus[step], beside[step]) = (tau, element)
          (reflectors + step * size + first).update(from: row + first, count: count)
          for column in first..<size { next[column] = row[column] }
          product.withUnsafeMutableBufferPointer { product in
            v.withUnsafeBufferPointer { v in
              w.withUnsafeBufferPointer { w in
                next.withUnsafeBufferPointer { next in
                  guard let product = product.baseAddress, let v = v.baseAddress, let w = w.baseAddress,
                    let next = next.baseAddress
                  else { return }
                  workers.run(count: count, grain: max(4, 32_768 / count)) { start, length in
                    for index in first + start..<first + start + length {
                      product[index] = DoubleVectors.subtract(
                        v + first, times: w[index], w + first, times: v[index], from: rest + index * size + first,
                        andMultiplyBy: next + first, count: count)
                    }
                  }
                }
              }
            }
          }
          var along = 0.0
          for index in first..<size {
            product[index] *= tau
            along += product[index] * next[index]
          }
          for index in first..<size {
            v[index] = tau == 0 ? 0 : next[index]
            w[index] = product[index] - tau / 2 * along * next[index]
          }
        }
      }
    }
    tridiagonal = SymmetricTridiagonal(diagonal: diagonal, beside: beside)
    (self.size, self.reflectors, self.taus) = (size, reflectors, taus)
  }

  /// Replaces every row x by `Q · x`.
  ///
  /// - Parameter vectors: `[any, size]`.
  func applyQ(toRowsOf vectors: inout DoubleMatrix, workers: Workers) {
    precondition(vectors.columns == size, "Q of \(size) rows and vectors of \(vectors.columns)")
    let count = vectors.rows
    vectors.elements.withUnsafeMutableBufferPointer { vectors in
      reflectors.elements.withUnsafeBufferPointer { reflectors in
        guard let vectors = vectors.baseAddress, let reflectors = reflectors.baseAddress else { return }
        workers.run(count: count, grain: 4) { start, length in
          for step in stride(from: size - 2, through: 0, by: -1) where taus[step] != 0 {
            let (v, rest) = (reflectors + step * size + step + 1, size - step - 1)
            for row in start..<start + length {
              let x = vectors + row * size + step + 1
              DoubleVectors.add(v, times: -taus[step] * DoubleVectors.dot(v, x, count: rest), to: x, count: rest)
            }
          }
        }
      }
    }
  }

  /// Turns x into the vector of the reflection that leaves nothing of it but its first element.
  ///
  /// - Returns: The reflection's factor, 0 for none, and what the first element becomes.
  private static func makeReflector(_ x: UnsafeMutablePointer<Double>, count: Int) -> (tau: Double, element: Double) {
    let (first, rest) = (x[0], DoubleVectors.dot(x + 1, x + 1, count: count - 1))
    x[0] = 1
    guard rest > 0 else { return (0, first) }
    let length = (first * first + rest).squareRoot()
    let element = first < 0 ? length : -length
    DoubleVectors.scale(x + 1, by: 1 / (first - element), count: count - 1)
    return ((element - first) / element, element)
  }
}
