/// Text of models and files as it may be shown: nothing in it acts, and nothing in it is invisible.
///
/// Control characters, what turns the direction of writing and what takes no place become their codes in brackets
/// (⟨U+202E⟩), and the characters that a markup language reads are escaped for it.
enum VisibleText {
  /// The text with nothing invisible in it.
  ///
  /// - Parameter keepsLines: Whether line feeds and tabs stay as they are.
  static func of(_ text: String, keepsLines: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09 where keepsLines, 0x0A where keepsLines: result.append(scalar)
      case 0x09: result.append(" ")
      case 0x0A: result.append("↵")
      case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
        0xFFF9...0xFFFB,
        0xE0000...0xE0FFF:
        result.append(contentsOf: code(scalar).unicodeScalars)
      case let value where value & 0xFFFE == 0xFFFE || 0xFDD0...0xFDEF ~= value:
        result.append(contentsOf: code(scalar).unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// At most `limit` scalars of a text, with an ellipsis where something was cut.
  static func cut(_ text: String, to limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    return String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
  }

  /// At most `limit` scalars of a text from its end.
  static func cutFront(_ text: String, to limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    return "…" + String(String.UnicodeScalarView(scalars.suffix(limit)))
  }

  /// As content or attribute of HTML or XML.
  static func markup(_ text: String, keepsLines: Bool = false) -> String {
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
  static func markdown(_ text: String) -> String {
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
  static func latex(_ text: String) -> String {
    escaped(of(text)) { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\" + String(scalar)
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "\\": "\\textbackslash{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "–": "--"
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
  static func script(_ json: String) -> String {
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
