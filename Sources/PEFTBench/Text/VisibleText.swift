/// Text of models and files as it may be shown: nothing in it acts, and nothing in it is invisible.
///
/// Control characters, what turns the direction of writing and what takes no place become their codes in brackets
/// (⟨U+202E⟩), and the characters that a markup language reads are escaped for it.
package enum VisibleText {
  /// The text with nothing invisible in it.
  ///
  /// - Parameter keepsLines: Whether line feeds and tabs stay as they are.
  package static func of(_ text: String, keepsLines: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\t" where keepsLines, "\n" where keepsLines: result.append(scalar)
      case "\t": result.append(" ")
      case "\n": result.append("↵")
      default:
        if isHidden(scalar) { result.append(contentsOf: code(scalar).unicodeScalars) } else { result.append(scalar) }
      }
    }
    return String(result)
  }

  /// JSON with escapes for what is invisible in its strings; it means the same.
  package static func json(_ text: String) -> String {
    escaped(text) { scalar in
      // The control characters below are escaped by JSON itself; those left are between its values.
      guard scalar.value >= 0x7F, isHidden(scalar) else { return nil }
      return String(scalar).utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }
  }

  /// A message in which no word is longer than a person reads, and that is not longer than a page: what was wrong in an
  /// input may be the whole input.
  package static func shortened(_ message: String) -> String {
    let (mostWord, keptWord, most) = (1000, 200, 4000)
    guard message.utf8.count > mostWord else { return message }
    let words = message.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let count = word.unicodeScalars.count
      guard count > mostWord else { return String(word) }
      return "\(cut(String(word), to: keptWord)) (\(count - keptWord) more characters)"
    }
    let text = words.joined(separator: " ")
    let count = text.unicodeScalars.count
    guard count > most else { return text }
    return "\(cut(text, to: most - 500)) (\(count - most) more characters) \(cutFront(text, to: 500))"
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F, 0x00AD, 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xFDD0...0xFDEF, 0xE0000...0xE0FFF,
      0x10FFF0...0x10FFFF:
      true
    case let value: value & 0xFFFE == 0xFFFE
    }
  }

  /// At most `limit` scalars of a text, with an ellipsis where something was cut.
  package static func cut(_ text: String, to limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    return String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
  }

  /// At most `limit` scalars of a text from its end.
  package static func cutFront(_ text: String, to limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    return "…" + String(String.UnicodeScalarView(scalars.suffix(limit)))
  }

  /// As content or attribute of HTML or XML.
  package static func markup(_ text: String, keepsLines: Bool = false) -> String {
    escaped(of(text, keepsLines: keepsLines)) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// As a cell of a Markdown table.
  package static func markdown(_ text: String) -> String {
    escaped(of(text)) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "|", "\\", "`", "*", "_", "[", "]", "#", "~", "$": "\\" + String(scalar)
      default: nil
      }
    }
  }

  /// As text of LaTeX.
  package static func latex(_ text: String) -> String {
    escaped(of(text)) { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\" + String(scalar)
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "\\": "\\textbackslash{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "–": "--"
      case "−": "$-$"
      case "×": "$\\times$"
      case "↵": "$\\hookleftarrow$"
      case "±": "$\\pm$"
      case "β": "$\\beta$"
      case "χ": "$\\chi$"
      case "²": "$^2$"
      case "≤": "$\\le$"
      case "≥": "$\\ge$"
      case "·": "$\\cdot$"
      case "…": "\\ldots{}"
      default: nil
      }
    }
  }

  /// JSON that may stand inside a script element: no `<` that could end it.
  package static func script(_ json: String) -> String {
    escaped(json) { scalar in
      switch scalar {
      case "<": "\\u003c"
      case ">": "\\u003e"
      case "&": "\\u0026"
      case "\u{2028}": "\\u2028"
      case "\u{2029}": "\\u2029"
      default: nil
      }
    }
  }

  private static func escaped(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let other = replacement(scalar) {
        result.append(contentsOf: other.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  private static func code(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "⟨U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)⟩"
  }
}
