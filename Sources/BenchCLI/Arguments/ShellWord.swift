/// Words as a shell takes them.
enum ShellWord {
  /// `text` so that bash reads it as one word: as it is where it is harmless, else between quotes.
  static func quoted(_ text: String) -> String {
    let harmless = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%")
    if !text.isEmpty, text.allSatisfy(harmless.contains) { return text }
    return "'" + text.replacing("'", with: "'\\''") + "'"
  }
}
