import CodeMetrics
import Foundation

/// An answer of the form `( a op b ) = c`, as SVAMP's targets have it.
package struct EquationAnswer: Sendable, Equatable {
  /// The value of the left side.
  package let left: Double
  /// The number on the right side.
  package let right: Double

  /// Reads `text`: arithmetic, one equals sign, a number (thousands separators allowed).
  package init?(_ text: String) {
    let sides = AnswerParser.reply(in: text).split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, let left = ArithmeticExpression.value(of: String(sides[0])),
      let right = ArithmeticExpression.value(of: sides[1].filter { $0 != "," })
    else { return nil }
    self.left = left
    self.right = right
  }

  /// Whether the equation is true.
  package var isTrue: Bool { FinalAnswer.areEqual(left, right) }
}

/// What the published script makes of an equation: one equals sign, a left side in one pair of parentheses, a
/// number on the right.
struct PublishedEquation {
  let left: Double
  let right: Double
  private let text: (left: String, right: String)

  init?(_ text: String) {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2 else { return nil }
    self.text = (String(sides[0]).trimmingWhiteSpace(), String(sides[1]).trimmingWhiteSpace())
    guard Self.isOneParenthesis(self.text.left), Self.isNumber(self.text.right),
      let left = ArithmeticExpression.value(of: String(self.text.left.dropFirst().dropLast())),
      let right = PlainNumber.pythonFloat(self.text.right.filter { $0 != "," })
    else { return nil }
    self.left = left
    self.right = right
  }

  var isTrue: Bool { abs(left - right) < 1e-6 }

  /// The spelling that the script compares with the gold's: its removal of spaces does nothing (a doubled backslash
  /// in a raw pattern), so only the number on the right is normalised.
  static func canonical(_ text: String) -> String? {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2, let value = PlainNumber.pythonFloat(sides[1].filter { $0 != "," }), value.isFinite
    else { return nil }
    let rounded = value.rounded(.toNearestOrEven)
    let number = abs(value - rounded) <= 1e-9 && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    return "\(String(sides[0]).trimmingWhiteSpace())=\(number)"
  }

  private static func isOneParenthesis(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "("), bytes.last == UInt8(ascii: ")"), bytes.count >= 2 else { return false }
    var depth = 0
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") {
        depth -= 1
        if depth == 0, index != bytes.count - 1 { return false }
      }
    }
    return depth == 0
  }

  private static func isNumber(_ text: String) -> Bool {
    var bytes = text.utf8.filter { $0 != UInt8(ascii: ",") }[...]
    if let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { bytes = bytes.dropFirst() }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let areDigits = { (part: ArraySlice<UInt8>) in !part.isEmpty && part.allSatisfy { (0x30...0x39).contains($0) } }
    switch parts.count {
    case 1: return areDigits(parts[0])
    case 2: return (parts[0].isEmpty || areDigits(parts[0])) && areDigits(parts[1])
    default: return false
    }
  }
}
