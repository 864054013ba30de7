/// One-sided Jacobi iteration: rotates pairs of vectors until all are orthogonal to each other.
///
/// Sweeps go over all pairs of blocks of vectors by a round-robin tournament, in which the pairs of a round share no
/// block and so can be worked on side by side; a pair of blocks fits into a core's cache. The order of rotations
/// that a vector sees depends on the number of vectors alone.
///
/// - Source: Hestenes 1958; Golub & Van Loan, Matrix Computations, section 8.6.3; tolerance as LAPACK's `dgesvj`.
struct JacobiRotations {
  /// Number of vectors.
  let count: Int
  /// Elements of a vector.
  let length: Int
  /// Vectors in a block.
  private let blockSize: Int
  private let tolerance: Double

  private static let mostSweeps = 60

  init(count: Int, length: Int) {
    self.count = count
    self.length = length
    blockSize = max(1, min(16, (count + 3) / 4))
    tolerance = Double(max(length, 1)).squareRoot() * .ulpOfOne
  }

  /// Rotates the rows of `vectors` until they are orthogonal, and the rows of `record` likewise.
  ///
  /// - Parameters:
  ///   - vectors: `[count, length]`.
  ///   - record: `[count, width]`, in the beginning the identity if the product of all rotations is wanted.
  func run(_ vectors: inout DoubleMatrix, record: inout DoubleMatrix, workers: Workers) {
    let width = record.columns
    let blocks = (count + blockSize - 1) / blockSize
    let rounds = Self.tournament(blocks)
    vectors.elements.withUnsafeMutableBufferPointer { vectors in
      record.elements.withUnsafeMutableBufferPointer { record in
        guard let vectors = vectors.baseAddress, let record = record.baseAddress else { return }
        var rotated = [Bool](repeating: false, count: blocks)
        for _ in 0..<Self.mostSweeps {
          var isDone = true
          rotated.withUnsafeMutableBufferPointer { rotated in
            let rotate = { (p: Int, q: Int) -> Bool in
              rotatePair(
                vectors + p * length, vectors + q * length, record: record + p * width, record + q * width, width)
            }
            workers.run(pieces: blocks) { block in
              rotated[block] = false
              let range = members(block)
              for p in range {
                for q in p + 1..<max(range.upperBound, p + 1) where rotate(p, q) { rotated[block] = true }
              }
            }
            for round in rounds {
              workers.run(pieces: round.count) { piece in
                let (first, second) = round[piece]
                for p in members(first) { for q in members(second) where rotate(p, q) { rotated[first] = true } }
              }
            }
            isDone = !rotated.contains(true)
          }
          if isDone { return }
        }
      }
    }
  }

  private func members(_ block: Int) -> Range<Int> { block * blockSize..<min(count, (block + 1) * blockSize) }

  /// Makes two vectors orthogonal; false if they are already.
  private func rotatePair(
    _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, record u: UnsafeMutablePointer<Double>,
    _ v: UnsafeMutablePointer<Double>, _ width: Int
  ) -> Bool {
    let (xx, xy, yy) = DoubleVectors.products(x, y, count: length)
    // Lengths multiplied after the roots: the product of tiny squares would vanish. NaN is not rotated.
    guard abs(xy) > tolerance * xx.squareRoot() * yy.squareRoot() else { return false }
    let zeta = (yy - xx) / (2 * xy)
    let tangent = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    DoubleVectors.rotate(x, y, cosine: cosine, sine: cosine * tangent, count: length)
    DoubleVectors.rotate(u, v, cosine: cosine, sine: cosine * tangent, count: width)
    return true
  }

  /// All pairs of `0..<count`, in rounds in which each number occurs at most once (the circle method).
  static func tournament(_ count: Int) -> [[(Int, Int)]] {
    guard count > 1 else { return [] }
    let seats = count + count % 2
    return (0..<seats - 1).map { round in
      (0..<seats / 2).compactMap { pair in
        // The last seat stays, the others move on by one each round; with an odd count it is empty.
        let a = pair == 0 ? seats - 1 : (round + pair) % (seats - 1)
        let b = (round + seats - 1 - pair) % (seats - 1)
        guard a < count, b < count else { return nil }
        return (min(a, b), max(a, b))
      }
    }
  }
}
