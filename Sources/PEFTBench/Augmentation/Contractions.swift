import PEFTCore

/// Short forms of verbs for long ones, and the other way round.
enum Contractions {
  /// Long and short forms; where a short form could stand for two long ones, it is not made longer.
  private static let pairs: [(long: [String], short: String)] = [
    (["do", "not"], "don't"), (["does", "not"], "doesn't"), (["did", "not"], "didn't"), (["is", "not"], "isn't"),
    (["are", "not"], "aren't"), (["was", "not"], "wasn't"), (["were", "not"], "weren't"), (["have", "not"], "haven't"),
    (["has", "not"], "hasn't"), (["had", "not"], "hadn't"), (["will", "not"], "won't"), (["would", "not"], "wouldn't"),
    (["could", "not"], "couldn't"), (["should", "not"], "shouldn't"), (["can", "not"], "can't"), (["i", "am"], "i'm"),
    (["you", "are"], "you're"), (["we", "are"], "we're"), (["they", "are"], "they're"), (["i", "have"], "i've"),
    (["you", "have"], "you've"), (["we", "have"], "we've"), (["they", "have"], "they've"), (["i", "will"], "i'll"),
    (["you", "will"], "you'll"), (["we", "will"], "we'll"), (["they", "will"], "they'll"),
  ]
  /// "cannot" is one word.
  private static let single = ["cannot": "can't"]

  /// All forms that a text has are changed into the other one, in the direction that is drawn first and has any.
  static func changed(_ text: String, by stream: SeedStream) -> String? {
    let first = stream.integer(below: 2, at: 0)
    return [first, 1 - first].lazy.compactMap { $0 == 0 ? shortened(text) : lengthened(text) }.first
  }

  private static func shortened(_ text: String) -> String? {
    var pieces = TextPieces(text)
    var isChanged = false
    for (one, other) in zip(pieces.words, pieces.words.dropFirst())
    where other == one + 2 && pieces.pieces[one + 1] == " " {
      let pair = [pieces.pieces[one].lowercased(), pieces.pieces[other].lowercased()]
      guard let short = pairs.first(where: { $0.long == pair })?.short else { continue }
      pieces.pieces[one] = cased(short, as: pieces.pieces[one])
      (pieces.pieces[one + 1], pieces.pieces[other]) = ("", "")
      isChanged = true
    }
    for position in pieces.words {
      guard let short = single[pieces.pieces[position].lowercased()] else { continue }
      pieces.pieces[position] = cased(short, as: pieces.pieces[position])
      isChanged = true
    }
    return isChanged ? pieces.text : nil
  }

  private static func lengthened(_ text: String) -> String? {
    var pieces = TextPieces(text)
    var isChanged = false
    for position in pieces.words {
      let word = pieces.pieces[position].lowercased().replacing("’", with: "'")
      guard let long = pairs.first(where: { $0.short == word })?.long else { continue }
      let joined = long == ["can", "not"] ? "cannot" : long.joined(separator: " ")
      pieces.pieces[position] = cased(joined, as: pieces.pieces[position])
      isChanged = true
    }
    return isChanged ? pieces.text : nil
  }

  /// A form with a capital where the word that it replaces has one; "I" is always a capital.
  private static func cased(_ form: String, as word: String) -> String {
    let isCapital = word.first?.isUppercase == true || form.hasPrefix("i'") || form.hasPrefix("i ")
    return isCapital ? form.prefix(1).uppercased() + form.dropFirst() : form
  }
}
