/// The metrics among which the description of a user's own dataset chooses its headline score.
///
/// All other scores of the same answers are computed and recorded too.
package enum MetricChoice: String, Sendable, CaseIterable {
  case accuracy
  case balancedAccuracy = "balanced_accuracy"
  case macroF1 = "macro_f1"
  case weightedF1 = "weighted_f1"
  case microF1 = "micro_f1"
  case matthews
  case kappa
  case f1
  case precision
  case recall
  case text
  case exactMatch = "exact_match"
  case correlation
  case pearson
  case spearman
  case finalNumber = "final_number"
  case equation
  case code
  case codeBLEU = "codebleu"

  /// The answers that it is about, as people read it.
  package var answers: String {
    switch self {
    case .accuracy, .balancedAccuracy, .macroF1, .weightedF1, .microF1, .matthews, .kappa: "labels"
    case .precision, .recall: "two labels"
    case .f1: "two labels, or free text"
    case .text, .exactMatch: "free text"
    case .correlation, .pearson, .spearman: "numbers"
    case .finalNumber: "worked solutions"
    case .equation: "equations"
    case .code, .codeBLEU: "Python"
    }
  }

  /// Whether it scores answers that are labels.
  private var isOfLabels: Bool { answers.contains("labels") }

  /// What it is, in a few words.
  package var about: String {
    switch self {
    case .accuracy: "the share of right answers"
    case .balancedAccuracy: "the mean of the labels' recalls"
    case .macroF1: "the mean of the labels' F1"
    case .weightedF1: "the mean of the labels' F1, weighted by their rows"
    case .microF1: "F1 of the counts of all labels; the accuracy where every answer is a label"
    case .matthews: "Matthews' correlation"
    case .kappa: "Cohen's kappa"
    case .f1: "F1 of the label `positive`, or of the words of a text"
    case .precision: "the share of answers `positive` that are right"
    case .recall: "the share of rows `positive` that are found"
    case .text: "F1 of the words (the same as f1)"
    case .exactMatch: "the share of texts that are the same but for case, punctuation and articles"
    case .correlation: "Pearson's correlation (the same as pearson)"
    case .pearson: "Pearson's correlation"
    case .spearman: "Spearman's rank correlation"
    case .finalNumber: "the share of right numbers at the end"
    case .equation: "the share of true equations with the right result"
    case .code: "CodeBLEU (the same as codebleu)"
    case .codeBLEU: "CodeBLEU"
    }
  }

  /// The name of the headline score in results.
  package var scoreName: String {
    switch self {
    case .text: "f1"
    case .correlation: "pearson"
    case .finalNumber, .equation: "accuracy"
    case .code: "codebleu"
    default: rawValue
    }
  }

  /// Why a choice does not fit the answers of a dataset; the description follows the key's name.
  struct Mismatch: Error {
    /// The key to blame.
    let key: String
    let message: String
  }

  /// The metric of a dataset.
  ///
  /// - Parameters:
  ///   - dataset: The dataset's name.
  ///   - choice: What the description asks for; nil for the usual metric of such answers.
  ///   - labels: The label words, empty for free text.
  ///   - positive: The label that F1, precision and recall are about; the second one unless given.
  ///   - range: The least and greatest number of a correlation.
  static func metric(
    of dataset: String, by choice: MetricChoice?, labels: [String], positive: String?, range: [Double]
  ) throws(Mismatch) -> DatasetMetric {
    let choice = choice ?? (labels.isEmpty ? .text : .accuracy)
    if let positive {
      guard labels.count == 2 else {
        let found = labels.isEmpty ? "there are none" : "there are \(labels.count)"
        throw Mismatch(key: "positive", message: "needs a dataset of two labels, and \(found)")
      }
      guard labels.contains(positive) else {
        throw Mismatch(
          key: "positive", message: "\"\(positive)\" is none of the labels \(labels.joined(separator: ", "))")
      }
    }
    return DatasetMetric(
      dataset: dataset, family: try family(of: choice, labels, positive, range), headline: choice.scoreName)
  }

  private static func family(
    of choice: MetricChoice, _ labels: [String], _ positive: String?, _ range: [Double]
  ) throws(Mismatch) -> MetricFamily {
    guard labels.isEmpty || choice.isOfLabels else {
      throw Mismatch(
        key: "metric", message: "\(choice.rawValue) is about \(choice.answers); of labels it is \"accuracy\"")
    }
    switch choice {
    case .text: return .recordSpan
    case .f1 where labels.isEmpty: return .recordSpan
    case .exactMatch: return .recordSpan
    case .accuracy, .balancedAccuracy, .macroF1, .weightedF1, .microF1, .matthews, .kappa, .f1, .precision, .recall:
      guard labels.count >= 2 else {
        throw Mismatch(
          key: "labels",
          message: "\(choice.rawValue) needs at least two labels; free text is scored by \"text\" or \"exact_match\"")
      }
      if labels.count == 2 { return .binaryClassification(labels: labels, positive: positive ?? labels[1]) }
      guard ![.f1, .precision, .recall].contains(choice) else {
        throw Mismatch(
          key: "metric",
          message: "\(choice.rawValue) is about one of two labels, and there are \(labels.count); "
            + "\"macro_f1\" and \"weighted_f1\" are about all of them")
      }
      return .multiClass(labels: labels)
    case .correlation, .pearson, .spearman:
      guard range[0] < range[1] else { throw Mismatch(key: "range", message: "expected the smaller number first") }
      return .correlation(range: range[0]...range[1])
    case .finalNumber: return .gsm8k
    case .equation: return .svamp
    case .code, .codeBLEU: return .code
    }
  }
}
