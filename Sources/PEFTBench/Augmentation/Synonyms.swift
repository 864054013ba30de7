import PEFTCore

/// Words for others that mean the same, from a short list of pairs that can take each other's place in nearly any sentence.
///
/// Left out are words that do so at some places alone ("also", "about"), ask for another construction ("let", "allow"), or
/// mean something else in other sentences ("work", "right").
enum Synonyms {
  private static let pairs: [(String, String)] = [
    ("big", "large"), ("small", "little"), ("begin", "start"), ("begins", "starts"), ("began", "started"),
    ("end", "finish"), ("ends", "finishes"), ("ended", "finished"), ("buy", "purchase"), ("buys", "purchases"),
    ("bought", "purchased"), ("help", "assist"), ("helps", "assists"), ("helped", "assisted"), ("quick", "fast"),
    ("quickly", "rapidly"), ("happy", "glad"), ("sad", "unhappy"), ("angry", "furious"), ("smart", "clever"),
    ("film", "movie"), ("films", "movies"), ("picture", "image"), ("pictures", "images"), ("child", "kid"),
    ("children", "kids"), ("doctor", "physician"), ("doctors", "physicians"), ("car", "automobile"),
    ("cars", "automobiles"), ("street", "road"), ("streets", "roads"), ("house", "home"), ("shop", "store"),
    ("shops", "stores"), ("error", "mistake"), ("errors", "mistakes"), ("answer", "reply"), ("answers", "replies"),
    ("answered", "replied"), ("choose", "select"), ("chooses", "selects"), ("chose", "selected"), ("show", "display"),
    ("shows", "displays"), ("showed", "displayed"), ("build", "construct"), ("builds", "constructs"),
    ("built", "constructed"), ("often", "frequently"), ("usually", "normally"), ("almost", "nearly"),
    ("maybe", "perhaps"), ("very", "really"), ("important", "significant"), ("hard", "difficult"), ("easy", "simple"),
    ("wrong", "incorrect"), ("rich", "wealthy"), ("ill", "sick"), ("beautiful", "lovely"), ("dull", "boring"),
    ("funny", "amusing"), ("great", "excellent"), ("bad", "poor"), ("awful", "terrible"), ("whole", "entire"),
    ("get", "obtain"), ("gets", "obtains"), ("need", "require"), ("needs", "requires"), ("needed", "required"),
    ("enough", "sufficient"), ("speak", "talk"), ("speaks", "talks"), ("happen", "occur"), ("happens", "occurs"),
    ("happened", "occurred"), ("keep", "retain"), ("keeps", "retains"), ("kept", "retained"),
  ]

  private static let others = Dictionary(uniqueKeysWithValues: pairs.flatMap { [($0.0, $0.1), ($0.1, $0.0)] })

  /// Replaces some words that have another word of the same meaning.
  static func changed(_ text: String, by stream: SeedStream) -> String? {
    var pieces = TextPieces(text)
    let isChanged = pieces.changeSome(by: stream) { word, _ in
      guard let other = others[word.lowercased()] else { return nil }
      return word.first?.isUppercase == true ? other.prefix(1).uppercased() + other.dropFirst() : other
    }
    return isChanged ? pieces.text : nil
  }
}
