import PEFTCore

/// Words for others that mean the same, from a short list of groups whose members can take each other's place in nearly any
/// sentence.
enum Synonyms {
  private static let groups: [[String]] = [
    ["big", "large"], ["small", "little"], ["begin", "start"], ["begins", "starts"], ["began", "started"],
    ["end", "finish"], ["ends", "finishes"], ["ended", "finished"], ["buy", "purchase"], ["buys", "purchases"],
    ["bought", "purchased"], ["help", "assist"], ["helps", "assists"], ["helped", "assisted"], ["quick", "fast"],
    ["quickly", "rapidly"], ["happy", "glad"], ["sad", "unhappy"], ["angry", "furious"], ["smart", "clever"],
    ["film", "movie"], ["films", "movies"], ["picture", "image"], ["pictures", "images"], ["job", "work"],
    ["child", "kid"], ["children", "kids"], ["doctor", "physician"], ["doctors", "physicians"], ["car", "automobile"],
    ["cars", "automobiles"], ["street", "road"], ["streets", "roads"], ["house", "home"], ["shop", "store"],
    ["shops", "stores"], ["error", "mistake"], ["errors", "mistakes"], ["answer", "reply"], ["answers", "replies"],
    ["answered", "replied"], ["choose", "select"], ["chooses", "selects"], ["chose", "selected"], ["show", "display"],
    ["shows", "displays"], ["showed", "displayed"], ["build", "construct"], ["builds", "constructs"],
    ["built", "constructed"], ["often", "frequently"], ["usually", "normally"], ["almost", "nearly"],
    ["maybe", "perhaps"], ["also", "too"], ["very", "really"], ["important", "significant"], ["hard", "difficult"],
    ["easy", "simple"], ["correct", "right"], ["wrong", "incorrect"], ["rich", "wealthy"], ["ill", "sick"],
    ["beautiful", "lovely"], ["dull", "boring"], ["funny", "amusing"], ["great", "excellent"], ["bad", "poor"],
    ["awful", "terrible"], ["whole", "entire"], ["near", "close to"], ["about", "approximately"], ["get", "obtain"],
    ["gets", "obtains"], ["need", "require"], ["needs", "requires"], ["needed", "required"], ["enough", "sufficient"],
    ["speak", "talk"], ["speaks", "talks"], ["happen", "occur"], ["happens", "occurs"], ["happened", "occurred"],
    ["keep", "retain"], ["keeps", "retains"], ["kept", "retained"], ["let", "allow"], ["lets", "allows"],
  ]

  /// The words that can be replaced by "about", "also" and the like only at some places are left out: only whole groups of
  /// one word each are used.
  private static let others: [String: String] = {
    var others: [String: String] = [:]
    for group in groups where group.count == 2 && group.allSatisfy({ !$0.contains(" ") }) {
      if others[group[0]] == nil { others[group[0]] = group[1] }
      if others[group[1]] == nil { others[group[1]] = group[0] }
    }
    return others
  }()

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
