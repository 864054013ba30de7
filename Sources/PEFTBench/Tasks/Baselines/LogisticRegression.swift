import Foundation

/// Chooses among the options of a case by a linear score of their features: multinomial logistic regression.
///
/// Minimises  Σ cross-entropy + ½‖w‖²  over the weights `w` (the usual unit of regularisation) by Nesterov's accelerated
/// gradient descent from zero with the step 1/L, where L bounds the curvature. The problem is convex, all sums go in one
/// order, and nothing is drawn, so the same cases give the same weights.
struct LogisticRegression {
  /// The features of one option: which, and how much.
  typealias Features = [(index: Int, value: Double)]

  /// Something to be decided.
  struct Case {
    /// The features of each option.
    let options: [Features]
    /// The right option.
    let answer: Int
  }

  /// A weight for each feature.
  private(set) var weights: [Double]

  /// Fits weights to `cases`.
  init(_ cases: [Case], featureCount: Int, iterations: Int = 300) {
    weights = Array(repeating: 0, count: featureCount)
    // The softmax's curvature is at most ½, times the squared length of the longest option.
    let longest = cases.flatMap(\.options).map { $0.reduce(0) { $0 + $1.value * $1.value } }.max() ?? 0
    let step = 1 / (1 + 0.5 * longest * Double(max(cases.count, 1)))
    var ahead = weights
    for iteration in 0..<iterations {
      var gradient = ahead
      for item in cases {
        let shares = Self.softmax(item.options.map { Self.score($0, ahead) })
        for (option, features) in item.options.enumerated() {
          let error = shares[option] - (option == item.answer ? 1 : 0)
          for feature in features { gradient[feature.index] += error * feature.value }
        }
      }
      let momentum = Double(iteration) / Double(iteration + 3)
      for index in weights.indices {
        let next = ahead[index] - step * gradient[index]
        ahead[index] = next + momentum * (next - weights[index])
        weights[index] = next
      }
    }
  }

  /// The option with the highest score; of equal ones the first.
  func choice(among options: [Features]) -> Int {
    let scores = options.map { Self.score($0, weights) }
    return scores.indices.max { (scores[$0], $1) < (scores[$1], $0) } ?? 0
  }

  private static func score(_ features: Features, _ weights: [Double]) -> Double {
    features.reduce(0) { $0 + weights[$1.index] * $1.value }
  }

  private static func softmax(_ scores: [Double]) -> [Double] {
    let largest = scores.max() ?? 0
    let exponentials = scores.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }
}
