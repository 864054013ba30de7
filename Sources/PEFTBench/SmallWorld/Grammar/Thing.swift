/// A thing that a sentence speaks of: a noun, with a quality or without.
package struct Thing: Sendable, Hashable {
  /// What it is.
  package var noun: Noun
  /// What it is like.
  package var quality: String?

  /// Creates a thing.
  package init(_ noun: Noun, _ quality: String? = nil) {
    self.noun = noun
    self.quality = quality
  }

  /// The noun with its quality, such as `red hen`.
  package var bare: String { quality.map { "\($0) \(noun.singular)" } ?? noun.singular }
  /// Known to the reader, such as `the red hen`.
  package var definite: String { "the " + bare }
  /// New to the reader, such as `a red hen` or `some milk`.
  package var indefinite: String { noun.isMass ? "some " + bare : Inflection.withArticle(bare) }
  /// One of its kind, such as `a bird`.
  package var kind: String { noun.kind.one }
}
