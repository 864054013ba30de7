import PEFTCore

/// A weighted sum of updates of one map in factors.
struct LowRankSum {
  private(set) var terms: [(weight: Double, update: LowRankUpdate)] = []

  mutating func add(_ update: LowRankUpdate, times weight: Double) {
    if weight != 0 { terms.append((weight, update)) }
  }

  /// All factors side by side, decomposed: the sum is Q_left · core · Q_rightᵀ.
  ///
  /// - Returns: nil where the ranks together exceed a side of the map, or there is no term.
  func factors(workers: Workers) -> (left: HouseholderQR, right: HouseholderQR, core: DoubleMatrix)? {
    guard let first = terms.first?.update else { return nil }
    let rank = terms.reduce(0) { $0 + $1.update.rank }
    guard rank <= min(first.outputs, first.inputs) else { return nil }
    var (b, a) = (DoubleMatrix(zeros: first.outputs, rank), DoubleMatrix(zeros: first.inputs, rank))
    var column = 0
    for (weight, update) in terms {
      for r in 0..<update.rank {
        for row in 0..<update.outputs {
          b[row, column] = weight * update.scale * Double(update.b[row * update.rank + r])
        }
        for row in 0..<update.inputs { a[row, column] = Double(update.a[r * update.inputs + row]) }
        column += 1
      }
    }
    let (left, right) = (HouseholderQR(b, workers: workers), HouseholderQR(a, workers: workers))
    return (left, right, left.r.times(right.r.transposed, workers: workers))
  }

  /// The sum as one matrix `[outputs, inputs]`; without terms none.
  func dense(workers: Workers) -> DoubleMatrix {
    guard let first = terms.first?.update else { return DoubleMatrix(zeros: 0, 0) }
    return UpdateSum.plain(
      terms.map { $0.update.dense(workers: workers) }, weights: terms.map(\.weight), rows: first.outputs,
      columns: first.inputs)
  }

  /// The Frobenius norm.
  func norm(workers: Workers) -> Double {
    factors(workers: workers)?.core.norm ?? dense(workers: workers).norm
  }

  /// How far an update is from this sum.
  func deviation(of update: LowRankUpdate, workers: Workers) -> AdapterCombination.Deviation {
    var difference = self
    difference.add(update, times: -1)
    return AdapterCombination.Deviation(
      site: update.site, difference: difference.norm(workers: workers), exact: norm(workers: workers))
  }
}
