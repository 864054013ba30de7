import Foundation

/// The counts from which BLEU-4 and keyword-weighted BLEU-4 of a corpus follow.
///
/// BLEU takes clipped n-gram precision (Papineni et al. 2002), the weighted form n-gram recall, in which a reference
/// word that is not a Python keyword counts 0.2 among single words. Orders without any match are smoothed by 0.1
/// (Chen and Cherry 2014, method 1).
struct NgramMatch: Sendable {
  private var matches = [Double](repeating: 0, count: 4)
  private var totals = [Double](repeating: 0, count: 4)
  private var weightedMatches = [Double](repeating: 0, count: 4)
  private var weightedTotals = [Double](repeating: 0, count: 4)
  private var predictionLength = 0
  private var referenceLength = 0
  private var pairCount = 0

  /// The counts of an empty corpus.
  init() {}

  /// The counts of one pair, split at white space.
  init(reference: String, prediction: String) {
    var numbers: [String: Int32] = [:]
    var words: [String] = []
    func numbered(_ text: String) -> [Int32] {
      text.wordsBetweenWhiteSpace().map { word in
        if let number = numbers[word] { return number }
        let number = Int32(clamping: words.count)
        numbers[word] = number
        words.append(word)
        return number
      }
    }
    let wanted = numbered(reference)
    let given = numbered(prediction)
    predictionLength = given.count
    referenceLength = wanted.count
    pairCount = 1
    for order in 1...4 {
      let wantedCounts = Self.ngramCounts(wanted, order)
      let givenCounts = Self.ngramCounts(given, order)
      var shared = 0
      var weightedShared = 0.0
      var weightedTotal = 0.0
      for (ngram, count) in wantedCounts {
        let clipped = min(count, givenCounts[ngram] ?? 0)
        shared += clipped
        if order == 1 {
          let isKeyword = Self.keywords.contains(words[Int(ngram.x)])
          weightedShared += Double(clipped) * (isKeyword ? 5 : 1)
          weightedTotal += Double(count) * (isKeyword ? 5 : 1)
        }
      }
      // Fifths are summed as whole numbers, so the order of the dictionary cannot reach the result.
      weightedMatches[order - 1] = order == 1 ? weightedShared / 5 : Double(shared)
      weightedTotals[order - 1] = max(1, order == 1 ? weightedTotal / 5 : Double(max(0, wanted.count - order + 1)))
      matches[order - 1] = Double(shared)
      totals[order - 1] = Double(max(1, given.count - order + 1))
    }
  }

  /// Adds another pair's counts.
  mutating func add(_ other: NgramMatch) { add(other, times: 1) }

  /// Takes off the counts of a pair that was added.
  mutating func remove(_ other: NgramMatch) { add(other, times: -1) }

  private mutating func add(_ other: NgramMatch, times sign: Int) {
    for order in 0..<4 {
      matches[order] += Double(sign) * other.matches[order]
      totals[order] += Double(sign) * other.totals[order]
      weightedMatches[order] += Double(sign) * other.weightedMatches[order]
      weightedTotals[order] += Double(sign) * other.weightedTotals[order]
    }
    predictionLength += sign * other.predictionLength
    referenceLength += sign * other.referenceLength
    pairCount += sign * other.pairCount
  }

  /// BLEU-4.
  var bleu: Double { geometricMean(matches, totals, referenceLength: referenceLength) }

  /// Keyword-weighted BLEU-4.
  ///
  /// Its brevity penalty takes every reference to be two words long, as the `codebleu` package does (it measures the
  /// pair of words and weights instead of the words).
  var weightedBLEU: Double { geometricMean(weightedMatches, weightedTotals, referenceLength: 2 * pairCount) }

  private func geometricMean(_ matches: [Double], _ totals: [Double], referenceLength: Int) -> Double {
    guard matches[0] > 0, predictionLength > 0 else { return 0 }
    let logarithm = zip(matches, totals).reduce(0.0) { $0 + 0.25 * log(($1.0 == 0 ? 0.1 : $1.0) / $1.1) }
    let brevity =
      predictionLength > referenceLength ? 1 : exp(1 - Double(referenceLength) / Double(predictionLength))
    return brevity * exp(logarithm)
  }

  private static func ngramCounts(_ words: [Int32], _ order: Int) -> [SIMD4<Int32>: Int] {
    var counts: [SIMD4<Int32>: Int] = [:]
    guard words.count >= order else { return counts }
    for start in 0...(words.count - order) {
      var ngram = SIMD4<Int32>(repeating: -1)
      for position in 0..<order { ngram[position] = words[start + position] }
      counts[ngram, default: 0] += 1
    }
    return counts
  }

  /// Python's keywords, soft ones but `_` included.
  static let keywords: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "type", "while", "with", "yield",
  ]
}
