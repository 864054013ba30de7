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
