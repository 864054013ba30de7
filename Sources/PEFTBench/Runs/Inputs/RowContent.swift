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
      let texts = example.fields.flatMap { [$0.name ?? "", $0.text] } + [example.answer, example.group ?? ""]
      let line: JSONValue = ["texts": JSONValue(texts), "accepted": JSONValue(example.allAnswers ?? [])]
      // A line of JSON keeps what belongs to one text from being taken for another's.
      hash.update(line.line)
    }
    return hash.hexadecimalDigest
  }
}
