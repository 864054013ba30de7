import PEFTCore

/// The matrices of a low rank that are nearest to an update, by its singular values: B = U·S and A = Vᵀ.
struct NearestLowRank {
  /// How many singular values are kept.
  enum Choice: Sendable, Equatable {
    /// This many, or all if there are fewer.
    case rank(Int)
    /// As few as have this share of the sum of the squares of all.
    case energy(Double)
  }

  /// A `[rank, inputs]`.
  let a: DoubleMatrix
  /// B `[outputs, rank]`.
  let b: DoubleMatrix

  /// Takes the factors as they are.
  init(a: DoubleMatrix, b: DoubleMatrix) { (self.a, self.b) = (a, b) }

  /// The nearest to a matrix `[outputs, inputs]`.
  init(to matrix: DoubleMatrix, keeping choice: Choice, workers: Workers) {
    let found = SingularValues(matrix, workers: workers)
    let rank = Self.count(found.values, choice)
    self.init(a: found.right.rows(0..<rank), b: Self.scaled(found.left.rows(0..<rank), by: found.values))
  }

  /// The nearest to a sum of updates in factors, from the factors alone where that is less work: with B = Q_B·R_B and
  /// Aᵀ = Q_A·R_A of all factors side by side it is that of the small matrix R_B·R_Aᵀ.
  init(to sum: LowRankSum, keeping choice: Choice, workers: Workers) {
    guard let factors = sum.factors(workers: workers) else {
      self.init(to: sum.dense(workers: workers), keeping: choice, workers: workers)
      return
    }
    let found = SingularValues(factors.core, workers: workers)
    let rank = Self.count(found.values, choice)
    let left = Self.scaled(found.left.rows(0..<rank), by: found.values)
    self.init(
      a: found.right.rows(0..<rank).times(factors.right.q(workers: workers).transposed, workers: workers),
      b: factors.left.q(workers: workers).times(left, workers: workers))
  }

  /// Vectors in rows as columns, each times its singular value.
  private static func scaled(_ vectors: DoubleMatrix, by values: [Double]) -> DoubleMatrix {
    var result = DoubleMatrix(zeros: vectors.columns, vectors.rows)
    for row in 0..<vectors.rows {
      for column in 0..<vectors.columns { result[column, row] = vectors[row, column] * values[row] }
    }
    return result
  }

  /// At least one, for an update has no rank of zero.
  private static func count(_ values: [Double], _ choice: Choice) -> Int {
    switch choice {
    case .rank(let rank): return min(max(1, rank), values.count)
    case .energy(let share):
      let total = values.reduce(0) { $0 + $1 * $1 }
      var sum = 0.0
      for (index, value) in values.enumerated() {
        // A total that rounding leaves short of itself is reached all the same.
        if index > 0, sum >= share * total * (1 - 1e-12) { return index }
        sum += value * value
      }
      return values.count
    }
  }

  /// Both factors cut at a quantile of their joint entries, and at its negative (PEFT's `svd_clamp`).
  ///
  /// The quantile is interpolated between the two entries that it lies between. It depends on the signs of singular
  /// vectors, which are free: PEFT's, those of LAPACK, can be others.
  func clamped(at quantile: Double) -> NearestLowRank {
    let entries = (b.elements + a.elements).sorted()
    let place = quantile * Double(entries.count - 1)
    let (lower, share) = (Int(place), place - place.rounded(.down))
    let high = entries[lower] + share * (entries[min(lower + 1, entries.count - 1)] - entries[lower])
    // As PyTorch clamps: where the bounds cross, the upper one counts.
    let cut = { (value: Double) in min(max(value, -high), high) }
    return NearestLowRank(
      a: DoubleMatrix(a.elements.map(cut), rows: a.rows, columns: a.columns),
      b: DoubleMatrix(b.elements.map(cut), rows: b.rows, columns: b.columns))
  }

  /// As an update with a scale of one, rounded to float32.
  func update(site: String, kind: LowRankUpdate.Kind) -> LowRankUpdate {
    LowRankUpdate(site: site, kind: kind, a: a.floats, b: b.floats, rank: a.rows, scale: 1)
  }
}
