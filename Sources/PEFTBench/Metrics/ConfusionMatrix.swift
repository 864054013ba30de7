/// Counts of (gold class, predicted class) with the scores that follow from them.
///
/// A prediction may name no class at all; it then counts in the row of its gold class and in no class's column.
/// The scores equal scikit-learn's (`f1_score` with `labels` the class list and `zero_division=0`,
/// `matthews_corrcoef` with "no class" as one more class).
public struct ConfusionMatrix: Sendable {
  /// How many classes there are.
  public let classCount: Int
  /// `counts[gold * (classCount + 1) + predicted]`; the last column is for predictions of no class.
  private var counts: [Int]

  /// Creates an empty matrix.
  public init(classCount: Int) {
    precondition(classCount >= 0, "confusion matrix: \(classCount) classes")
    self.classCount = classCount
    counts = [Int](repeating: 0, count: classCount * (classCount + 1))
  }

  /// Counts one prediction; nil is a prediction of no class.
  public mutating func add(gold: Int, predicted: Int?) {
    counts[gold * (classCount + 1) + (predicted ?? classCount)] += 1
  }

  private func count(_ gold: Int, _ predicted: Int) -> Int { counts[gold * (classCount + 1) + predicted] }
  private func goldCount(_ index: Int) -> Int { (0...classCount).reduce(0) { $0 + count(index, $1) } }
  private func predictedCount(_ index: Int) -> Int { (0..<classCount).reduce(0) { $0 + count($1, index) } }
  private var total: Int { counts.reduce(0, +) }
  private var correct: Int { (0..<classCount).reduce(0) { $0 + count($1, $1) } }

  /// The share of predictions that name the gold class.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// F1 of one class, 2·TP / (2·TP + FP + FN); 0 where the class neither occurs nor is predicted.
  public func f1(of index: Int) -> Double {
    let denominator = goldCount(index) + predictedCount(index)
    return denominator == 0 ? 0 : Double(2 * count(index, index)) / Double(denominator)
  }

  /// The unweighted mean of the classes' F1, over every class of the list.
  public var macroF1: Double {
    classCount == 0 ? 0 : (0..<classCount).reduce(0) { $0 + f1(of: $1) } / Double(classCount)
  }

  /// The unweighted mean of F1 over the classes that occur or are predicted.
  public var macroF1OfSeenClasses: Double {
    let seen = (0..<classCount).filter { goldCount($0) + predictedCount($0) > 0 }
    return seen.isEmpty ? 0 : seen.reduce(0) { $0 + f1(of: $1) } / Double(seen.count)
  }

  /// Matthews' correlation, generalised to several classes (Gorodkin 2004); 0 where it is undefined.
  public var matthews: Double {
    let n = Double(total)
    var goldTimesPredicted = 0.0
    var goldSquares = 0.0
    var predictedSquares = 0.0
    for index in 0...classCount {
      let gold = index < classCount ? Double(goldCount(index)) : 0
      let predicted = Double(predictedCount(index))
      goldTimesPredicted += gold * predicted
      goldSquares += gold * gold
      predictedSquares += predicted * predicted
    }
    let scale = (n * n - goldSquares) * (n * n - predictedSquares)
    return scale > 0 ? (Double(correct) * n - goldTimesPredicted) / scale.squareRoot() : 0
  }
}
