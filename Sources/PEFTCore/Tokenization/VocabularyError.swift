/// A token beyond the vocabulary of the model that is to read it: its embedding has no row for it.
///
/// A tokenizer has such tokens where tokens were added to it and the model's embedding was not made longer.
public struct VocabularyError: InputError, Equatable {
  /// Where the token is met.
  public let place: String
  /// The token's text.
  public let token: String
  /// Its id.
  public let id: Int32
  /// Entries of the model's vocabulary.
  public let vocabularySize: Int

  /// One sentence with all of it.
  public var description: String {
    "\(place): the token \(String(token.prefix(100)).debugDescription) has the id \(id), but the model's vocabulary has "
      + "\(vocabularySize) entries, with ids up to \(vocabularySize - 1)"
  }
}

extension Tokenizer {
  /// Checks that a model has an embedding for each of some ids.
  ///
  /// - Parameters:
  ///   - ids: What the model is to read or to predict.
  ///   - vocabularySize: Entries of the model's vocabulary.
  ///   - place: Where the ids come from, for the message.
  /// - Throws: `VocabularyError` for the first that is beyond the vocabulary.
  public func check(
    _ ids: [Int32], within vocabularySize: Int, place: @autoclosure () -> String
  ) throws(VocabularyError) {
    guard self.vocabularySize > vocabularySize, let id = ids.first(where: { Int($0) >= vocabularySize }) else { return }
    throw VocabularyError(place: place(), token: token(for: id) ?? "", id: id, vocabularySize: vocabularySize)
  }
}
