import PEFTCore

/// A text as words and what stands between them; joined together they are the text again.
///
/// A word is a run of letters with apostrophes inside it. Numbers are no words: a change of one would change what a text
/// says.
struct TextPieces {
  /// Words and what stands between them, in order.
  var pieces: [String] = []
  /// The places of the words among the pieces.
  private(set) var words: [Int] = []

  init(_ text: String) {
    let characters = Array(text)
    var (start, isWord) = (0, false)
    func isPart(_ index: Int) -> Bool {
      if characters[index].isLetter { return true }
      let inside = index > 0 && index + 1 < characters.count && characters[index - 1].isLetter
      return inside && "'’".contains(characters[index]) && characters[index + 1].isLetter
    }
    for index in characters.indices where index == 0 || isPart(index) != isWord {
      if index > start { add(String(characters[start..<index]), isWord: isWord) }
      (start, isWord) = (index, isPart(index))
    }
    if start < characters.count { add(String(characters[start...]), isWord: isWord) }
  }

  private mutating func add(_ piece: String, isWord: Bool) {
    if isWord { words.append(pieces.count) }
    pieces.append(piece)
  }

  /// The text.
  var text: String { pieces.joined() }

  /// Changes some words, chosen at random among those that can be changed: a tenth of them, at least one.
  ///
  /// - Parameters:
  ///   - stream: Where the choice, and what `change` draws, comes from.
  ///   - change: Another form of a word by draws of its own, nil for a word that has none.
  /// - Returns: Whether anything was changed.
  mutating func changeSome(by stream: SeedStream, _ change: (_ word: String, _ draws: SeedStream) -> String?) -> Bool {
    let candidates = words.compactMap { position in
      change(pieces[position], stream.child(position)).map { (position: position, word: $0) }
    }
    guard !candidates.isEmpty else { return false }
    let count = max(1, candidates.count / 10)
    for index in stream.child("choice").permutation(candidates.count).prefix(count) {
      pieces[candidates[index].position] = candidates[index].word
    }
    return true
  }
}
