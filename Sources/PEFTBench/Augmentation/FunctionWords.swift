import PEFTCore

/// Leaves out words that carry no content: articles, and some that only join or stress.
enum FunctionWords {
  private static let words: Set<String> = [
    "a", "an", "the", "that", "just", "quite", "rather", "really", "very", "so", "then", "there", "to", "of",
  ]

  /// Leaves some of them out, each with the space after it; the first letter of a text stays a capital.
  static func dropped(from text: String, by stream: SeedStream) -> String? {
    var pieces = TextPieces(text)
    let isChanged = pieces.changeSome(by: stream) { word, _ in words.contains(word.lowercased()) ? "" : nil }
    guard isChanged else { return nil }
    for position in pieces.words where pieces.pieces[position].isEmpty && position + 1 < pieces.pieces.count {
      let after = pieces.pieces[position + 1]
      guard after.hasPrefix(" ") else { continue }
      pieces.pieces[position + 1] = String(after.dropFirst())
    }
    let changed = pieces.text
    guard text.first?.isUppercase == true, let first = changed.first else { return changed }
    return first.uppercased() + changed.dropFirst()
  }
}
