/// A thing that a sentence speaks of: a noun, with a quality or without.
public struct Thing: Sendable, Hashable {
  /// What it is.
  public var noun: Noun
  /// What it is like.
  public var quality: String?

  /// Creates a thing.
  public init(_ noun: Noun, _ quality: String? = nil) {
    self.noun = noun
    self.quality = quality
  }

  /// The noun with its quality, such as `red hen`.
  public var bare: String { quality.map { "\($0) \(noun.singular)" } ?? noun.singular }
  /// Known to the reader, such as `the red hen`.
  public var definite: String { "the " + bare }
  /// New to the reader, such as `a red hen` or `some milk`.
  public var indefinite: String { noun.isMass ? "some " + bare : Inflection.withArticle(bare) }
  /// One of its kind, such as `a bird`.
  public var kind: String { noun.kind.one }
}
