/// The one batch representation: a forest of token segments without padding.
///
/// The tokens of a segment attend to all tokens of its ancestors and, causally, to those of their own segment;
/// positions continue from the parent. That one idea covers examples of different lengths, an instruction that
/// all examples of a batch share (computed once, its gradient summed), soft prompts, prefix tuning, several
/// answers to one question, and generation from a key/value cache.
///
///     root: instruction ─┬─ question 1 ─┬─ answer A
///                        │              └─ answer B
///                        └─ question 2 ─── answer A
public struct TokenForest {
  /// What a segment consists of.
  public enum Content {
    /// Tokens, which are embedded and become rows of the batch.
    case tokens([Int32])
    /// Rows of a trainable soft prompt, in place of embedded tokens.
    case softPrompt(count: Int)
    /// Keys and values that a method gives for every layer; no rows.
    case prefix(count: Int)
    /// Keys and values of an earlier forward pass; no rows.
    case cached(CachedSegment)
  }

  /// One segment with its place in the batch.
  public struct Segment {
    /// What it consists of.
    public let content: Content
    /// Index of the segment it continues, or nil for a root.
    public let parent: Int?
    /// Its rows in the batch; empty for content without rows.
    public let rows: Range<Int>
    /// Position of its first token, counted from the root.
    public let position: Int
    /// Where its keys and values are kept after the pass, if anywhere.
    public let retained: CachedSegment?

    /// The position after its last token.
    public var end: Int {
      switch content {
      case .tokens, .softPrompt: position + rows.count
      case .prefix(let count): position + count
      case .cached(let segment): segment.end
      }
    }
  }

  /// The segments; a parent comes before its children.
  public private(set) var segments: [Segment] = []
  /// Number of rows of the batch.
  public private(set) var rowCount = 0

  /// An empty forest.
  public init() {}

  /// Adds a segment and returns its index.
  ///
  /// - Parameters:
  ///   - content: What it consists of.
  ///   - parent: The segment it continues. Cached segments know their own ancestors and are roots.
  ///   - retained: Where to keep its keys and values; its parent must be the cached segment of the same
  ///     object, or the one that object continues.
  @discardableResult
  public mutating func add(_ content: Content, under parent: Int?, retaining retained: CachedSegment? = nil) -> Int {
    let count: Int
    var position = parent.map { segments[$0].end } ?? 0
    switch content {
    case .tokens(let ids): count = ids.count
    case .softPrompt(let length): count = length
    case .prefix: count = 0
    case .cached(let segment):
      precondition(parent == nil, "a cached segment is a root of the forest")
      count = 0
      position = segment.position
    }
    segments.append(
      Segment(
        content: content, parent: parent, rows: rowCount..<(rowCount + count), position: position, retained: retained))
    rowCount += count
    return segments.count - 1
  }

  /// The position of every row.
  public var positions: [Int] {
    segments.flatMap { segment in segment.rows.indices.map { segment.position + $0 - segment.rows.lowerBound } }
  }

  /// Of each segment the tokens from its root to its end.
  ///
  /// - Precondition: All segments are of tokens.
  var chains: [[Int32]] {
    var chains: [[Int32]] = []
    for segment in segments {
      guard case .tokens(let tokens) = segment.content else { preconditionFailure("chains: a segment without tokens") }
      chains.append((segment.parent.map { chains[$0] } ?? []) + tokens)
    }
    return chains
  }

  /// A segment with those that it continues, the root first.
  func path(to index: Int) -> [Segment] {
    (segments[index].parent.map { path(to: $0) } ?? []) + [segments[index]]
  }

  /// Some segments with all that they continue, as a forest of their own.
  ///
  /// - Parameter isWanted: Whether each segment is wanted.
  /// - Returns: The forest, and which segment of this one each of its segments is.
  func withAncestors(of isWanted: [Bool]) -> (forest: TokenForest, origins: [Int]) {
    var isNeeded = isWanted
    for index in segments.indices.reversed() where isNeeded[index] {
      if let parent = segments[index].parent { isNeeded[parent] = true }
    }
    var forest = TokenForest()
    var places: [Int: Int] = [:]
    let origins = segments.indices.filter { isNeeded[$0] }
    for index in origins {
      places[index] = forest.add(segments[index].content, under: segments[index].parent.flatMap { places[$0] })
    }
    return (forest, origins)
  }

  /// Whether a method's prefix is among the segments.
  var hasPrefix: Bool {
    segments.contains { if case .prefix = $0.content { true } else { false } }
  }

  /// The longest chain of positions in the forest.
  public var length: Int { segments.map(\.end).max() ?? 0 }
}
