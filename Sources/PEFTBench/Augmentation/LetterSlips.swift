import PEFTCore

/// Slips of the fingers within words of four letters and more, whose first letter stays.
enum LetterSlips {
  private static let shortest = 4

  /// Swaps two neighbours of a word, leaves one letter out, or writes one twice.
  static func typos(in text: String, by stream: SeedStream) -> String? {
    var pieces = TextPieces(text)
    return pieces.changeSome(by: stream, typo) ? pieces.text : nil
  }

  private static func typo(_ word: String, _ draws: SeedStream) -> String? {
    var letters = Array(word)
    guard letters.count >= shortest else { return nil }
    let position = 1 + draws.integer(below: letters.count - 2, at: 0)
    switch draws.integer(below: 3, at: 1) {
    case 0 where letters[position] != letters[position + 1]: letters.swapAt(position, position + 1)
    // Of equal neighbours one is left out.
    case 0, 1: letters.remove(at: position)
    default: letters.insert(letters[position], at: position)
    }
    return String(letters)
  }

  /// Replaces a letter by a neighbour on a keyboard with the letters of QWERTY.
  static func keyboard(in text: String, by stream: SeedStream) -> String? {
    var pieces = TextPieces(text)
    return pieces.changeSome(by: stream, keyboardSlip) ? pieces.text : nil
  }

  private static let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"].map(Array.init)

  private static func keyboardSlip(_ word: String, _ draws: SeedStream) -> String? {
    var letters = Array(word)
    guard letters.count >= shortest else { return nil }
    let position = 1 + draws.integer(below: letters.count - 1, at: 0)
    let small = Character(letters[position].lowercased())
    let neighbours = neighbours(of: small)
    guard !neighbours.isEmpty else { return nil }
    let slip = neighbours[draws.integer(below: neighbours.count, at: 1)]
    letters[position] = letters[position] == small ? slip : Character(slip.uppercased())
    return String(letters)
  }

  /// The keys to the left and right, and those that touch it above and below.
  static func neighbours(of letter: Character) -> [Character] {
    guard let row = rows.firstIndex(where: { $0.contains(letter) }), let column = rows[row].firstIndex(of: letter)
    else {
      return []
    }
    // Each row is shifted half a key to the right of the one above it.
    let positions = [
      (row, column - 1), (row, column + 1), (row - 1, column), (row - 1, column + 1), (row + 1, column - 1),
      (row + 1, column),
    ]
    return positions.compactMap { row, column in
      rows.indices.contains(row) && rows[row].indices.contains(column) ? rows[row][column] : nil
    }
  }
}
