import PEFTCore

/// The principal components of rows that come batch by batch.
///
/// Of the rows so far it keeps the mean and the leading components with their singular values. A batch joins them as
///
///     [S·V; X − mean of X; √(n·m / (n + m))·(mean so far − mean of X)] = U·S'·V'ᵀ
///
/// Of each component the element of largest magnitude is positive.
///
/// Source: Ross et al. 2008, as in scikit-learn and PEFT's `IncrementalPCA`; there in float32 and, in PEFT, by a randomized
/// decomposition that is exact where twice the components are the whole width, here always exact, in double precision.
struct IncrementalComponents {
  /// The leading components as rows, `[count, width]`; nil before the first batch.
  private(set) var components: DoubleMatrix?
  /// Their singular values.
  private(set) var singularValues: [Double] = []

  private let count: Int
  private var rowCount = 0
  private var mean: [Double] = []
  /// The sum of squared distances from the mean, over all columns.
  private var scatter = 0.0

  init(count: Int) { self.count = count }

  /// The part of the rows' variance that each component has.
  var shares: [Double] { singularValues.map { scatter > 0 ? $0 * $0 / scatter : 0 } }

  /// Adds a batch.
  ///
  /// - Precondition: `x` has no fewer rows and columns than there are components.
  mutating func add(_ x: DoubleMatrix, workers: Workers) {
    let (added, width) = (x.rows, x.columns)
    precondition(added >= count && width >= count, "\(count) components of a [\(added), \(width)] batch")
    var own = [Double](repeating: 0, count: width)
    for row in 0..<added { for column in 0..<width { own[column] += x[row, column] / Double(added) } }
    var rows =
      components.map { components in
        (0..<count).flatMap { row in (0..<width).map { singularValues[row] * components[row, $0] } }
      } ?? []
    for row in 0..<added {
      for column in 0..<width {
        let centred = x[row, column] - own[column]
        scatter += centred * centred
        rows.append(centred)
      }
    }
    if components != nil {
      let weight = Double(rowCount) * Double(added) / Double(rowCount + added)
      for column in 0..<width {
        let shift = mean[column] - own[column]
        scatter += weight * shift * shift
        rows.append(weight.squareRoot() * shift)
        mean[column] -= Double(added) / Double(rowCount + added) * shift
      }
    } else {
      mean = own
    }
    rowCount += added
    let found = SingularValues(
      leading: count, of: DoubleMatrix(rows, rows: rows.count / width, columns: width), workers: workers)
    singularValues = found.values
    components = found.right.withPositivePeaks
  }

  /// Whether each component has at least this cosine to the one in its place before.
  func agreement(with earlier: DoubleMatrix, atLeast tau: Double) -> [Bool] {
    guard let components else { return [] }
    return (0..<count).map { row in
      let (one, other) = (components.rows(row..<row + 1), earlier.rows(row..<row + 1))
      let product = zip(one.elements, other.elements).reduce(0.0) { $0 + $1.0 * $1.1 }
      return product / max(one.norm * other.norm, 1e-8) >= tau
    }
  }
}

extension DoubleMatrix {
  /// Each row with the sign that makes its element of largest magnitude positive, the first one of equals.
  fileprivate var withPositivePeaks: DoubleMatrix {
    DoubleMatrix(
      (0..<rows).flatMap { row in
        let elements = rows(row..<row + 1).elements
        let peak = elements.reduce(0.0) { abs($1) > abs($0) ? $1 : $0 }
        return peak < 0 ? elements.map { -$0 } : elements
      }, rows: rows, columns: columns)
  }
}
