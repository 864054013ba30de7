import PEFTBench
import PEFTCore

/// How much worse a value may become before a comparison calls it a regression.
package struct Tolerance: Sendable, Equatable, CustomStringConvertible {
  /// The allowance, in the metric's own unit or as a share of the baseline's value.
  package let amount: Double
  /// Whether `amount` is a share: 0.02 for 2 %.
  package let isRelative: Bool

  /// Nothing may become worse.
  package static let exact = Tolerance(amount: 0, isRelative: false)

  /// Creates a tolerance.
  package init(amount: Double, isRelative: Bool) {
    self.amount = amount
    self.isRelative = isRelative
  }

  /// Reads `0.02` or `2%`; nil for anything else.
  package init?(_ text: String) {
    let isRelative = text.hasSuffix("%")
    guard let number = DocumentValue(PlainScalar.content(of: isRelative ? String(text.dropLast()) : text)).number,
      number >= 0, number.isFinite
    else { return nil }
    self.init(amount: isRelative ? number / 100 : number, isRelative: isRelative)
  }

  /// What is wrong with the tolerance of a score that no loss can exceed; nil for nothing, and for metrics without such a
  /// limit.
  package func complaint(of metric: String) -> String? {
    let isScore = metric == ComparedMetric.anyScore || !ComparedMetric.names.contains(metric)
    guard isScore, amount >= 1 else { return nil }
    if isRelative { return "allows any loss: expected less than 100 %, such as \(metric)=2%" }
    let points = NumberText.plain(amount)
    return "allows any loss: scores are from 0 to 1; \(points == "1" ? "one point is" : "\(points) points are") "
      + "\(metric)=\(NumberText.plain(amount / 100))"
  }

  /// Whether a value that is worse by `loss` than `baseline` is within it.
  func allows(loss: Double, from baseline: Double) -> Bool {
    // What a decimal tolerance such as 0.03 allows must not hang on its last binary digit.
    loss <= (isRelative ? amount * abs(baseline) : amount) * (1 + 1e-9) + 1e-12
  }

  /// `0.02` or `2%`.
  package var description: String {
    isRelative ? NumberText.plain((amount * 1e8).rounded() / 1e6) + "%" : NumberText.plain(amount)
  }
}
