import PEFTCore

/// How several updates are added where their signs may differ.
///
/// Source: TIES, Yadav et al. 2023, arXiv 2306.01708.
enum SignElection: String, Sendable, CaseIterable {
  /// The sign of the sum.
  case total
  /// The sign that more of them have.
  case frequency

  /// For each update and element, whether the update agrees with the elected sign there; a sum of zero elects +, and
  /// zeros agree with nobody.
  func agreement(of updates: [[Double]]) -> [[Bool]] {
    guard let count = updates.first?.count else { return [] }
    var result = [[Bool]](repeating: [Bool](repeating: false, count: count), count: updates.count)
    for index in 0..<count {
      let sum = updates.reduce(0.0) { sum, update in
        sum + (self == .total ? update[index] : Self.sign(update[index]))
      }
      let elected = sum >= 0 ? 1.0 : -1.0
      for number in updates.indices { result[number][index] = Self.sign(updates[number][index]) == elected }
    }
    return result
  }

  private static func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }
}

/// Weighted sums of updates of one shape.
enum UpdateSum {
  /// Σ wᵢ·tᵢ of matrices.
  static func plain(_ updates: [DoubleMatrix], weights: [Double], rows: Int, columns: Int) -> DoubleMatrix {
    DoubleMatrix(plain(updates.map(\.elements), weights: weights), rows: rows, columns: columns)
  }

  /// Σ wᵢ·tᵢ.
  static func plain(_ updates: [[Double]], weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: updates.first?.count ?? 0)
    for (update, weight) in zip(updates, weights) {
      for index in result.indices { result[index] += weight * update[index] }
    }
    return result
  }

  /// PEFT's merge: signs are elected by the updates without their weights, and the sum of those that agree is divided by
  /// their number.
  static func agreeing(_ updates: [[Double]], weights: [Double], by election: SignElection) -> [Double] {
    let agreement = election.agreement(of: updates)
    var result = [Double](repeating: 0, count: updates.first?.count ?? 0)
    for index in result.indices {
      var (sum, count) = (0.0, 0.0)
      for number in updates.indices where agreement[number][index] {
        sum += weights[number] * updates[number][index]
        count += 1
      }
      result[index] = sum / max(1, count)
    }
    return result
  }

  /// mergekit's merge: signs are elected by the weighted updates, if at all, and the sum is divided by the weights of
  /// those that agree, if it is to be normalized.
  static func mergekit(
    _ updates: [[Double]], weights: [Double], by election: SignElection?, normalizes: Bool
  ) -> [Double] {
    let weighted = zip(updates, weights).map { update, weight in update.map { weight * $0 } }
    let agreement = election?.agreement(of: weighted)
    var result = [Double](repeating: 0, count: updates.first?.count ?? 0)
    for index in result.indices {
      var (sum, divisor) = (0.0, 0.0)
      for number in updates.indices where agreement?[number][index] ?? true {
        sum += weighted[number][index]
        divisor += weights[number]
      }
      let isVoid = agreement == nil ? abs(divisor) < 1e-8 : divisor == 0
      result[index] = normalizes && !isVoid ? sum / divisor : sum
    }
    return result
  }
}
