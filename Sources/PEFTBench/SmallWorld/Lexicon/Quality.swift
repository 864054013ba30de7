/// What things and people are like.
package enum Quality {
  /// Pairs of opposites for things.
  package static let opposites: [(String, String)] = [
    ("big", "small"), ("old", "new"), ("clean", "dirty"), ("heavy", "light"), ("wet", "dry"), ("cheap", "dear"),
    ("round", "square"), ("hard", "soft"),
  ]
  /// Words with the same meaning.
  package static let synonyms: [(String, String)] = [
    ("big", "large"), ("small", "little"), ("glad", "happy"), ("angry", "cross"), ("tired", "weary"),
    ("clever", "smart"), ("quick", "fast"), ("scared", "afraid"),
  ]
  /// Colours.
  package static let colours = ["red", "blue", "green", "yellow", "white", "black", "brown", "grey"]

  /// How a feeling shows, and its names.
  static let feelings: [([String], [String])] = [
    (["came home smiling", "laughed and sang", "clapped", "jumped for joy"], ["glad", "happy"]),
    (["cried all day", "sat alone and wept", "did not want to eat"], ["sad", "unhappy"]),
    (["shouted and stamped", "slammed the door", "did not say a word to anybody"], ["angry", "cross"]),
    (["hid in a corner", "began to shake", "ran away"], ["scared", "afraid"]),
    (["fell asleep at the table", "yawned", "could hardly walk"], ["tired", "weary"]),
    (["could not wait for the day", "asked when it would begin"], ["curious", "excited"]),
  ]
}
