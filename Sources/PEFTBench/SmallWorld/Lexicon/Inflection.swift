/// The forms of English words, as far as the small world has them.
package enum Inflection {
  private static let vowels: Set<Character> = ["a", "e", "i", "o", "u"]

  /// The word with `a` or `an`.
  package static func withArticle(_ word: String) -> String {
    let takesA = ["use", "uni", "one "].contains { word.hasPrefix($0) }
    guard let first = word.first, vowels.contains(first), !takesA else { return "a " + word }
    return "an " + word
  }

  /// The regular plural.
  package static func plural(of noun: String) -> String {
    if ["s", "x", "ch", "sh"].contains(where: noun.hasSuffix) || noun == "potato" { return noun + "es" }
    guard noun.hasSuffix("y"), let before = noun.dropLast().last, !vowels.contains(before) else { return noun + "s" }
    return noun.dropLast() + "ies"
  }

  /// The third person of the present.
  package static func third(of verb: String) -> String {
    switch verb {
    case "be": return "is"
    case "have": return "has"
    case "go", "do": return verb + "es"
    default: return plural(of: verb)
    }
  }

  /// The regular past.
  static func past(of verb: String) -> String {
    if verb.hasSuffix("e") { return verb + "d" }
    if verb.hasSuffix("y"), let before = verb.dropLast().last, !vowels.contains(before) {
      return verb.dropLast() + "ied"
    }
    return (doubled.contains(verb) ? verb + String(verb.suffix(1)) : verb) + "ed"
  }

  /// The form with -ing.
  static func progressive(of verb: String) -> String {
    if verb.hasSuffix("ee") || verb == "be" { return verb + "ing" }
    if verb.hasSuffix("ie") { return verb.dropLast(2) + "ying" }
    if verb.hasSuffix("e") { return verb.dropLast() + "ing" }
    return (doubled.contains(verb) ? verb + String(verb.suffix(1)) : verb) + "ing"
  }

  /// Verbs whose last letter is doubled before an ending.
  private static let doubled: Set<String> = [
    "chop", "drop", "stop", "scrub", "hug", "pat", "grab", "plan", "cut", "put", "run", "sit", "swim", "dig", "hit",
    "slip",
    "trip", "win", "spin", "let", "shut", "set", "beg", "rub", "wrap", "get", "begin", "forget",
  ]

  /// The text with a capital letter at its beginning.
  package static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  /// The text as a sentence: a capital first, a full stop last.
  package static func sentence(_ text: String) -> String {
    let text = capitalized(text)
    return text.hasSuffix(".") || text.hasSuffix("?") || text.hasSuffix("!") ? text : text + "."
  }
}
