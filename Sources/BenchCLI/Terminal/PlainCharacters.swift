/// The program's own signs in ASCII, for terminals that draw nothing else.
///
/// Texts from files stay as they are: a name that is made of other characters is no name without them.
enum PlainCharacters {
  private static let replacements: [Character: String] = [
    "–": "-", "—": "-", "−": "-", "×": "x", "±": "+-", "·": "|", "…": "~", "β": "beta", "≤": "<=", "≥": ">=", "▲": "^",
    "▼": "v", "✓": "x", "“": "\"", "”": "\"", "’": "'",
  ]

  /// A text with the signs that it has in ASCII.
  static func of(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    return text.reduce(into: "") { result, character in
      if let plain = replacements[character] { result += plain } else { result.append(character) }
    }
  }
}
