import CodeMetrics

/// Reads what a model wrote as an answer, the same way for every dataset under the strict protocol.
///
/// What precedes the last `</think>` is dropped, white space is trimmed, then one pair of surrounding quotes and
/// one final full stop; letter case does not matter. Nothing else is forgiven: an answer with more words around it
/// is invalid.
package struct AnswerParser: Sendable {
  private let classes: [String: Int]

  /// Creates a parser for the label words `labels`.
  package init(labels: [String]) {
    classes = Dictionary(labels.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The index of the label that `text` names, or nil if it names none.
  package func label(_ text: String) -> Int? {
    let answer = Self.reply(in: text).lowercased()
    // A label may itself end in a full stop or stand in quotes, so the text as it is comes first.
    return classes[answer] ?? classes[Self.unwrapped(answer)]
  }

  /// The number that `text` is, or nil if it is none or not finite.
  package static func number(_ text: String) -> Double? {
    let answer = unwrapped(reply(in: text))
    guard answer.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
      let value = Double(answer.hasSuffix(".") ? String(answer.dropLast()) : answer), value.isFinite
    else { return nil }
    return value
  }

  /// What follows the model's reasoning, without surrounding white space.
  package static func reply(in text: String) -> String {
    guard let end = text.lastRange(of: "</think>") else { return text.trimmingWhiteSpace() }
    return String(text[end.upperBound...]).trimmingWhiteSpace()
  }

  private static func unwrapped(_ answer: String) -> String {
    var text = Substring(answer)
    if text.last == "." { text = text.dropLast() }
    for quote in [("\"", "\""), ("'", "'"), ("`", "`"), ("“", "”"), ("‘", "’")]
    where text.count >= 2 && text.hasPrefix(quote.0) && text.hasSuffix(quote.1) {
      text = text.dropFirst().dropLast()
      if text.last == "." { text = text.dropLast() }
      break
    }
    return String(text).trimmingWhiteSpace()
  }
}
