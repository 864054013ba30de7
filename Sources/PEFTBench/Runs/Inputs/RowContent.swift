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

  /// What must be known of scored rows of a user's own data, which nobody has checked for rows that were trained on.
  ///
  /// - Parameters:
  ///   - scored: The rows.
  ///   - training: The rows that are trained on.
  ///   - furtherSets: The rows of further sets, a third split among them.
  ///   - dataset: The dataset's name.
  static func leaks(
    into scored: ScoredRows, _ furtherSets: [ScoredRows] = [], from training: [Example], of dataset: String
  ) -> [String] {
    let count = scored.examples.count
    let known = Set(training.map(line))
    func learned(_ rows: ScoredRows, _ name: String, score: String) -> [String] {
      let seen = rows.examples.count { known.contains(line(of: $0)) }
      guard seen > 0 else { return [] }
      return [
        "\(dataset): \(seen) of \(rows.examples.count) \(name) "
          + "\(seen == 1 ? "is also a training row" : "are also training rows"), so \(score) score is partly of what was "
          + "learned by heart"
      ]
    }
    let repeated = count - Set(scored.rendered.map(\.prompt)).count
    var notes = learned(scored, "evaluation rows", score: "the")
    if repeated > 0 {
      notes.append(
        "\(dataset): \(repeated) evaluation \(repeated == 1 ? "row repeats" : "rows repeat") a prompt, so there is less to "
          + "tell methods apart by than \(count) rows")
    }
    return notes + furtherSets.flatMap { learned($0, "rows of \($0.split)", score: "its") }
  }
}
