/// A score that follows from how often which label was taken for which, under the name that it has in results.
package enum LabelScore: Sendable, Equatable {
  case accuracy, macroF1, weightedF1, microF1, balancedAccuracy, matthews, kappa
  /// Of the class with this number.
  case f1(Int), precision(Int), recall(Int)

  /// - Parameter positive: The class that F1, precision and recall are about.
  /// - Returns: nil for the name of any other score, and without a class where one is needed.
  package init?(named name: String, positive: Int?) {
    switch (name, positive) {
    case ("accuracy", _): self = .accuracy
    case ("macro_f1", _): self = .macroF1
    case ("weighted_f1", _): self = .weightedF1
    case ("micro_f1", _): self = .microF1
    case ("balanced_accuracy", _): self = .balancedAccuracy
    case ("matthews", _): self = .matthews
    case ("kappa", _): self = .kappa
    case ("f1", let positive?): self = .f1(positive)
    case ("precision", let positive?): self = .precision(positive)
    case ("recall", let positive?): self = .recall(positive)
    default: return nil
    }
  }

  /// The score of a matrix.
  package func value(of matrix: ConfusionMatrix) -> Double {
    switch self {
    case .accuracy: matrix.accuracy
    case .macroF1: matrix.macroF1
    case .weightedF1: matrix.weightedF1
    case .microF1: matrix.microF1
    case .balancedAccuracy: matrix.balancedAccuracy
    case .matthews: matrix.matthews
    case .kappa: matrix.kappa
    case .f1(let index): matrix.f1(of: index)
    case .precision(let index): matrix.precision(of: index)
    case .recall(let index): matrix.recall(of: index)
    }
  }

  /// What guessing among the labels, each as likely as another, reaches: the score of the expected counts, which is
  /// what the scores of many rows come to.
  ///
  /// - Parameter supports: Rows by gold label.
  package func chance(supports: [Int]) -> Double {
    let total = supports.reduce(0, +)
    guard total > 0 else { return 0 }
    let guess = 1 / Double(supports.count)
    func share(_ index: Int) -> Double { Double(supports[index]) / Double(total) }
    func f1(_ index: Int) -> Double { 2 * share(index) * guess / (share(index) + guess) }
    switch self {
    case .accuracy, .microF1, .balancedAccuracy, .recall: return guess
    case .matthews, .kappa: return 0
    case .precision(let index): return share(index)
    case .f1(let index): return f1(index)
    case .macroF1: return supports.indices.reduce(0) { $0 + f1($1) } * guess
    case .weightedF1: return supports.indices.reduce(0) { $0 + share($1) * f1($1) }
    }
  }

  /// The score when every row is answered with one label.
  ///
  /// - Parameter supports: Rows by gold label.
  package func value(ofAnswer answer: Int, supports: [Int]) -> Double {
    var matrix = ConfusionMatrix(classCount: supports.count)
    for (gold, rows) in supports.enumerated() { matrix.add(gold: gold, predicted: answer, count: rows) }
    return value(of: matrix)
  }
}
