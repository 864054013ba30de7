import PEFTCore

/// Another case of all letters.
enum LetterCase {
  /// The text in small letters, in capitals, or with a capital at the start of each word; the first of these, from a drawn
  /// one on, that it is not in already.
  static func changed(_ text: String, by stream: SeedStream) -> String? {
    let first = stream.integer(below: 3, at: 0)
    return (0..<3).lazy.map { form((first + $0) % 3, of: text) }.first { $0 != text }
  }

  private static func form(_ number: Int, of text: String) -> String {
    switch number {
    case 0: return text.lowercased()
    case 1: return text.uppercased()
    default:
      var pieces = TextPieces(text)
      for position in pieces.words {
        pieces.pieces[position] = pieces.pieces[position].prefix(1).uppercased() + pieces.pieces[position].dropFirst()
      }
      return pieces.text
    }
  }
}
