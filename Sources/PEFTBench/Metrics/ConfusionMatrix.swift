/// Counts of (gold class, predicted class) with the scores that follow from them.
///
/// A prediction may name no class at all; it then counts in the row of its gold class and in no class's column.
/// The scores equal scikit-learn's (`precision_recall_fscore_support` and `f1_score` with `labels` the class list and
/// `zero_division=0`; `matthews_corrcoef`, `cohen_kappa_score` and `balanced_accuracy_score` with "no class" as one
/// more class). Memory is linear in the classes, apart from the table of all pairs, which is kept up to
/// `largestTable` classes.
package struct ConfusionMatrix: Sendable {
  /// The most classes of which the table of all pairs is kept.
  package static let largestTable = 100

  /// How many classes there are.
  package let classCount: Int
  /// Rows of each gold class.
  private var gold: [Int]
  /// Predictions of each class.
  private var predicted: [Int]
  /// Right predictions of each class.
  private var right: [Int]
  /// Rows of each gold class whose prediction names no class.
  package private(set) var invalid: [Int]
  /// `pairs[gold * classCount + predicted]`; empty above `largestTable` classes.
  private var pairs: [Int]

  /// Creates an empty matrix.
  package init(classCount: Int) {
    precondition(classCount >= 0, "confusion matrix: \(classCount) classes")
    self.classCount = classCount
    let zeros = [Int](repeating: 0, count: classCount)
    (gold, predicted, right, invalid) = (zeros, zeros, zeros, zeros)
    pairs = classCount <= Self.largestTable ? [Int](repeating: 0, count: classCount * classCount) : []
  }

  /// Counts a prediction, or several equal ones; nil is a prediction of no class.
  package mutating func add(gold: Int, predicted: Int?, count: Int = 1) {
    self.gold[gold] += count
    guard let predicted else {
      invalid[gold] += count
      return
    }
    self.predicted[predicted] += count
    if gold == predicted { right[gold] += count }
    if !pairs.isEmpty { pairs[gold * classCount + predicted] += count }
  }

  /// The counts of all pairs, a row for each gold class; nil above `largestTable` classes.
  package var table: [[Int]]? {
    guard classCount <= Self.largestTable else { return nil }
    return (0..<classCount).map { Array(pairs[($0 * classCount)..<(($0 + 1) * classCount)]) }
  }

  private var total: Int { gold.reduce(0, +) }
  private var correct: Int { right.reduce(0, +) }

  private func quotient(_ numerator: Int, _ denominator: Int) -> Double {
    denominator == 0 ? 0 : Double(numerator) / Double(denominator)
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  // MARK: - One class

  /// Rows whose gold class it is.
  package func support(of index: Int) -> Int { gold[index] }

  /// The share of a class's predictions that are right, TP / (TP + FP); 0 where it is never predicted.
  package func precision(of index: Int) -> Double { quotient(right[index], predicted[index]) }

  /// The share of a class's rows that are found, TP / (TP + FN); 0 where it does not occur.
  package func recall(of index: Int) -> Double { quotient(right[index], gold[index]) }

  /// F1 of one class, 2·TP / (2·TP + FP + FN); 0 where the class neither occurs nor is predicted.
  package func f1(of index: Int) -> Double { quotient(2 * right[index], gold[index] + predicted[index]) }

  // MARK: - All classes

  /// The share of predictions that name the gold class.
  package var accuracy: Double { quotient(correct, total) }

  /// The mean recall over the classes that occur; the accuracy that equal numbers of every class would give.
  package var balancedAccuracy: Double {
    mean((0..<classCount).filter { gold[$0] > 0 }.map { recall(of: $0) })
  }

  /// The unweighted mean of the classes' F1, over every class of the list.
  package var macroF1: Double { mean((0..<classCount).map { f1(of: $0) }) }

  /// The unweighted mean of F1 over the classes that occur or are predicted.
  package var macroF1OfSeenClasses: Double {
    mean((0..<classCount).filter { gold[$0] + predicted[$0] > 0 }.map { f1(of: $0) })
  }

  /// The mean of the classes' F1, each weighted by its rows.
  package var weightedF1: Double {
    total == 0 ? 0 : (0..<classCount).reduce(0) { $0 + f1(of: $1) * Double(gold[$1]) } / Double(total)
  }

  /// F1 of the counts summed over the classes; the accuracy where every prediction names a class.
  package var microF1: Double { quotient(2 * correct, total + predicted.reduce(0, +)) }

  /// Σ over the classes of (gold rows · predictions).
  private var agreementByChance: Double {
    (0..<classCount).reduce(0) { $0 + Double(gold[$1]) * Double(predicted[$1]) }
  }

  /// Cohen's kappa, the agreement beyond that of the two sides' class frequencies; 0 where it is undefined.
  package var kappa: Double {
    let n = Double(total)
    let scale = n * n - agreementByChance
    return scale > 0 ? (Double(correct) * n - agreementByChance) / scale : 0
  }

  /// Matthews' correlation, generalised to several classes (Gorodkin 2004); 0 where it is undefined.
  package var matthews: Double {
    let n = Double(total)
    let goldSquares = gold.reduce(0.0) { $0 + Double($1) * Double($1) }
    let noClass = Double(invalid.reduce(0, +))
    let predictedSquares = predicted.reduce(0.0) { $0 + Double($1) * Double($1) } + noClass * noClass
    let scale = (n * n - goldSquares) * (n * n - predictedSquares)
    return scale > 0 ? (Double(correct) * n - agreementByChance) / scale.squareRoot() : 0
  }
}
