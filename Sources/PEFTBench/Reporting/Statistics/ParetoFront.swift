/// The methods that no other beats in score without costing more.
enum ParetoFront {
  /// Indices of the points that are not dominated, by rising cost.
  ///
  /// A point is dominated by one that costs no more and scores no less, and is better in one of the two.
  static func indices(costs: [Double], scores: [Double]) -> [Int] {
    costs.indices.filter { one in
      !costs.indices.contains { other in
        costs[other] <= costs[one] && scores[other] >= scores[one]
          && (costs[other] < costs[one] || scores[other] > scores[one])
      }
    }.sorted { (costs[$0], scores[$0]) < (costs[$1], scores[$1]) }
  }
}
