import PEFTCore

/// The rows of a dataset as text, whatever a tokenizer and a template make of them.
///
/// By it `compare` knows that two models were asked the same rows.
enum RowContent {
  /// The SHA-256 of the rows' fields and answers in their order; nil without rows.
  static func hash(of examples: [Example]) -> String? {
    guard !examples.isEmpty else { return nil }
    var hash = SHA256()
    for example in examples {
      hash.update(line(of: example))
    }
    return hash.hexadecimalDigest
  }

  /// What a row says: a line of JSON keeps what belongs to one text from being taken for another's.
  private static func line(of example: Example) -> [UInt8] {
    let texts = example.fields.flatMap { [$0.name ?? "", $0.text] } + [example.answer, example.group ?? ""]
    let line: JSONValue = ["texts": JSONValue(texts), "accepted": JSONValue(example.allAnswers ?? [])]
    return line.line
  }

  /// What must be known of scored rows that are trained on too.
  ///
  /// - Parameters:
  ///   - sets: The rows of the headline score, then those of further sets, a third split among them.
  ///   - training: The rows that are trained on, whichever file or strategy they come from.
  ///   - dataset: The dataset's name.
  static func leaks(into sets: [ScoredRows], from training: [Example], of dataset: String) -> [String] {
    guard !training.isEmpty else { return [] }
    let known = Set(training.map(line))
    return sets.enumerated().compactMap { place, rows in
      let seen = rows.examples.count { known.contains(line(of: $0)) }
      guard seen > 0 else { return nil }
      let (name, score) = place == 0 ? ("evaluation rows", "the") : ("rows of \(rows.split)", "its")
      return "\(dataset): \(seen) of \(rows.examples.count) \(name) "
        + "\(seen == 1 ? "is also a training row" : "are also training rows"), so \(score) score is partly of what was "
        + "learned by heart"
    }
  }

  /// What must be known of scored rows of which several ask the same.
  static func repeats(among scored: ScoredRows, of dataset: String) -> [String] {
    let count = scored.examples.count
    let repeated = count - Set(scored.rendered.map(\.prompt)).count
    guard repeated > 0 else { return [] }
    return [
      "\(dataset): \(repeated) evaluation \(repeated == 1 ? "row repeats" : "rows repeat") a prompt, so there is less to "
        + "tell methods apart by than \(count) rows"
    ]
  }
}
