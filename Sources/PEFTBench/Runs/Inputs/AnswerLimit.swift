import PEFTCore

/// How many tokens an answer may take, known before the first step of a training.
///
/// It is `evaluation.max_new_tokens`, else that of the dataset, else the usual number for the dataset's kind, or as
/// many as its longest label word takes with its end.
struct AnswerLimit {
  /// Most tokens of an answer, its end included.
  let tokens: Int
  private let dataset: DatasetDescription

  /// - Throws: `AnswerLengthError` for a label that does not fit into a number that is given, `LabelError` for one that
  ///   cannot be given as an answer at all.
  init(_ dataset: DatasetDescription, evaluation: EvaluationConfiguration, renderer: ChatRenderer) throws {
    self.dataset = dataset
    let own = dataset.isMaximumGiven ? dataset.maximumNewTokens : nil
    let given = evaluation.maximumNewTokens ?? own
    let labels = dataset.labels
    do {
      _ =
        try labels.isEmpty
        ? nil
        : dataset.metric.score(labels.map { ScoredAnswer(predict: $0, label: $0) }, under: evaluation.scoring)
    } catch {
      throw LabelError(dataset: dataset.id, message: "\(error); take the protocol strict")
    }
    guard evaluation.mode == .generate, !labels.isEmpty else {
      tokens = given ?? dataset.maximumNewTokens
      return
    }
    let ids = labels.map { renderer.answerIDs($0) }
    let parser = AnswerParser(labels: labels)
    // Some templates leave a role's name to the answer; that is not part of the label.
    let frame = renderer.tokenizer.decode(
      renderer.tokenizer.encode(renderer.answerPrefix, addSpecialTokens: false), skipSpecialTokens: true)
    for (index, ids) in ids.enumerated() {
      let text = renderer.tokenizer.decode(ids, skipSpecialTokens: true)
      let answer = text.hasPrefix(frame) ? String(text.dropFirst(frame.count)) : text
      guard parser.label(answer) == index else {
        throw LabelError(
          dataset: dataset.id,
          message:
            "the tokenizer turns the label \"\(labels[index])\" into \"\(answer)\", so that no answer can be this "
            + "label; choose another word for it")
      }
    }
    let longest = ids.indices.max { (ids[$0].count, $1) < (ids[$1].count, $0) } ?? 0
    let needed = ids[longest].count
    if let given, given < needed {
      throw AnswerLengthError(
        key: evaluation.maximumNewTokens == nil ? "max_new_tokens" : "evaluation.max_new_tokens", dataset: dataset.id,
        given: given, label: labels[longest],
        tokens: ids[longest].map { renderer.tokenizer.decode([$0], skipSpecialTokens: false) })
    }
    tokens = given ?? max(dataset.maximumNewTokens, needed)
  }

  /// What to know about gold answers that are longer.
  func notes(on rows: [RenderedExample]) -> [String] {
    guard dataset.labels.isEmpty else { return [] }
    let longer = rows.map(\.answerIDs.count).filter { $0 > tokens }
    guard let longest = longer.max() else { return [] }
    return [
      "\(dataset.id): \(longer.count) of \(rows.count) gold answers are longer than the \(tokens) tokens that an answer "
        + "may take (the longest has \(longest)), so no answer can be all of them"
    ]
  }
}

/// A label that takes more tokens than an answer may.
struct AnswerLengthError: InputError, Equatable {
  /// The key with the number.
  let key: String
  let dataset: String
  let given: Int
  let label: String
  /// The texts of the label's tokens, its end included.
  let tokens: [String]

  var description: String {
    let pieces = tokens.prefix(40).map(\.debugDescription).joined(separator: " ")
    return "\(dataset): \(key) is \(given), but the label \"\(label)\" takes \(tokens.count) tokens with its end "
      + "(\(pieces)\(tokens.count > 40 ? " …" : "")); give at least \(tokens.count), or leave it out"
  }
}

/// A label that can never be an answer.
struct LabelError: InputError, Equatable {
  let dataset: String
  let message: String

  var description: String { "\(dataset): \(message)" }
}
