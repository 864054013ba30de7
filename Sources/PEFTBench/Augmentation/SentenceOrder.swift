import PEFTCore

/// Another order of the sentences of a text that has several.
enum SentenceOrder {
  /// The sentences turned round by a drawn number of places.
  ///
  /// A turn leaves most neighbours together, so that a text stays easier to follow than with its sentences shuffled.
  static func changed(_ text: String, by stream: SeedStream) -> String? {
    let sentences = sentences(of: text)
    guard sentences.count > 1 else { return nil }
    let turn = 1 + stream.integer(below: sentences.count - 1, at: 0)
    return (sentences[turn...] + sentences[..<turn]).joined(separator: " ")
  }

  /// The parts of a text that end with a full stop, an exclamation mark or a question mark before white space; the last one
  /// may lack it.
  static func sentences(of text: String) -> [String] {
    var sentences: [String] = []
    var current = ""
    var last: Character = " "
    for character in text {
      if character.isWhitespace, ".!?".contains(last) {
        sentences.append(current)
        current = ""
      } else if !(current.isEmpty && character.isWhitespace) {
        current.append(character)
      }
      last = character
    }
    if current.contains(where: { !$0.isWhitespace }) { sentences.append(current) }
    return sentences.map { $0.trimmingPrefix(while: \.isWhitespace) }.map(String.init)
  }
}
