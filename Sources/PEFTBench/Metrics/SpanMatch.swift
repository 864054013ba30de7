import CodeMetrics

/// Exact match and word F1 between free-text answers, as SQuAD and ReCoRD define them.
///
/// Both texts are lower-cased, ASCII punctuation and the articles a, an, the are removed, and white space is
/// collapsed (Rajpurkar et al. 2016).
package enum SpanMatch {
  /// The text as it is compared.
  package static func normalised(_ text: String) -> String { words(text).joined(separator: " ") }

  /// Whether the two texts are the same once normalised.
  package static func exactMatch(_ prediction: String, _ answer: String) -> Bool { words(prediction) == words(answer) }

  /// The harmonic mean of precision and recall over words, counting repetitions; 0 where no word is shared.
  package static func f1(_ prediction: String, _ answer: String) -> Double {
    let predicted = words(prediction)
    let wanted = words(answer)
    var left: [String: Int] = [:]
    for word in wanted { left[word, default: 0] += 1 }
    var shared = 0
    for word in predicted {
      guard let count = left[word], count > 0 else { continue }
      left[word] = count - 1
      shared += 1
    }
    guard shared > 0 else { return 0 }
    let precision = Double(shared) / Double(predicted.count)
    let recall = Double(shared) / Double(wanted.count)
    return 2 * precision * recall / (precision + recall)
  }

  /// The best exact match and the best F1 over all accepted answers.
  static func best(_ prediction: String, among answers: [String]) -> (exactMatch: Double, f1: Double) {
    answers.reduce((0, 0)) { best, answer in
      (max(best.0, exactMatch(prediction, answer) ? 1 : 0), max(best.1, f1(prediction, answer)))
    }
  }

  private static func words(_ text: String) -> [String] {
    var kept = String.UnicodeScalarView()
    for scalar in text.lowercased().unicodeScalars where !isPunctuation(scalar) { kept.append(scalar) }
    return withoutArticles(kept).wordsBetweenWhiteSpace()
  }

  /// Replaces each article that stands between word boundaries by a space.
  ///
  /// A boundary is where a letter, digit or underscore meets anything else, so that "the—end" loses its article.
  private static func withoutArticles(_ text: String.UnicodeScalarView) -> String {
    var result = String.UnicodeScalarView()
    var word = String.UnicodeScalarView()
    func flush() {
      if ["a", "an", "the"].contains(String(word)) { result.append(" ") } else { result.append(contentsOf: word) }
      word = String.UnicodeScalarView()
    }
    for scalar in text {
      if isWordPart(scalar) {
        word.append(scalar)
      } else {
        flush()
        result.append(scalar)
      }
    }
    flush()
    return String(result)
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// Letters and numbers of any script (marks are not word parts), as Python's `\w` has them.
  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber:
      true
    default: scalar == "_"
    }
  }
}
