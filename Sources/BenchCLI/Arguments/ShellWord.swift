/// Words as a shell takes them.
enum ShellWord {
  /// `text` so that bash reads it as one word: as it is where it is harmless, else between quotes.
  static func quoted(_ text: String) -> String {
    let harmless = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%")
    if !text.isEmpty, text.allSatisfy(harmless.contains) { return text }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return ansi(text) }
    return "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// As bash writes words with control characters, none of which is in it then: `$'a\x1Bb'`.
  private static func ansi(_ text: String) -> String {
    var result = "$'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        // Three octal digits, which no character after them can be taken for a part of.
        let digits = String(scalar.value, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "'"
  }
}
