/// Greedy generation for several prompts at once, from a key/value cache.
///
/// What all prompts begin with is computed once. Each step runs one row for every sequence that has not ended.
/// A sequence's tokens do not depend on which others are in the batch, nor on their number.
public struct Generator {
  private let model: CausalLanguageModel
  private let context: ComputeContext
  private let endTokens: Set<Int32>

  /// Creates a generator that ends a sequence at any of `endTokens`.
  public init(model: CausalLanguageModel, endTokens: [Int32], context: ComputeContext) {
    self.model = model
    self.context = context
    self.endTokens = Set(endTokens)
  }

  /// Computes the keys and values of what comes before every sequence: what methods put there, then `tokens`.
  ///
  /// - Returns: The cached segment to continue, or nil if nothing comes before.
  public func cache(shared tokens: [Int32]) -> CachedSegment? {
    var root: CachedSegment?
    let tape = Tape(context: context, recording: false)
    if let prefix = model.sequenceStart.prefix {
      let segment = CachedSegment(continuing: nil, capacity: prefix.count, in: context.pool)
      for (layer, pair) in prefix.keysAndValues(on: tape).enumerated() {
        segment.append(
          layer: layer, keys: pair.keys.value.elements, values: pair.values.value.elements, rows: prefix.count,
          width: pair.keys.value.columnCount)
      }
      segment.commit(prefix.count)
      root = segment
    }
    let count = model.sequenceStart.virtualTokenCount
    if count > 0 {
      let segment = CachedSegment(continuing: root, capacity: count, in: context.pool)
      var forest = TokenForest()
      let parent = root.map { forest.add(.cached($0), under: nil) }
      forest.add(.softPrompt(count: count), under: parent, retaining: segment)
      _ = model.hiddenStates(forest, reading: [], on: tape)
      root = segment
    }
    guard !tokens.isEmpty else { return root }
    let segment = CachedSegment(continuing: root, capacity: tokens.count, in: context.pool)
    var forest = TokenForest()
    let parent = root.map { forest.add(.cached($0), under: nil) }
    forest.add(.tokens(tokens), under: parent, retaining: segment)
    _ = model.hiddenStates(forest, reading: [], on: tape)
    return segment
  }

  /// Continues every prompt with the likeliest tokens.
  ///
  /// - Parameters:
  ///   - prompts: What follows the shared beginning; none empty.
  ///   - shared: What `cache(shared:)` gave.
  ///   - maximumNewTokens: Most tokens added to a prompt.
  /// - Returns: The new tokens of each prompt, without the token that ended it. Where a model has learned positions,
  ///   they end with the last of these.
  /// - Throws: `NonFiniteError` where the model's logits are infinite or no numbers.
  public func generate(
    _ prompts: [[Int32]], after shared: CachedSegment?, maximumNewTokens: Int
  ) throws(NonFiniteError) -> [[Int32]] {
    var sequences = prompts.map { prompt in
      Sequence(
        cache: CachedSegment(continuing: shared, capacity: prompt.count + maximumNewTokens, in: context.pool),
        pending: prompt)
    }
    var active = Array(sequences.indices)
    for _ in 0..<max(0, maximumNewTokens) {
      if let limit = model.positionLimit { active = active.filter { sequences[$0].end <= limit } }
      guard !active.isEmpty else { break }
      let next = try nextTokens(active.map { sequences[$0] })
      var stillActive: [Int] = []
      for (index, token) in zip(active, next) where !endTokens.contains(token) {
        sequences[index].generated.append(token)
        sequences[index].pending = [token]
        stillActive.append(index)
      }
      active = stillActive
    }
    return sequences.map(\.generated)
  }

  private struct Sequence {
    let cache: CachedSegment
    /// Tokens whose keys and values are not cached yet.
    var pending: [Int32]
    var generated: [Int32] = []

    /// The position after its last token.
    var end: Int { cache.end + pending.count }
  }

  /// Runs the pending tokens of each sequence and returns the likeliest next token.
  private func nextTokens(_ sequences: [Sequence]) throws(NonFiniteError) -> [Int32] {
    let tape = Tape(context: context, recording: false)
    var forest = TokenForest()
    var lastRows: [Int] = []
    for sequence in sequences {
      let start = sequence.cache.count > 0 ? sequence.cache : sequence.cache.parent
      let parent = start.map { forest.add(.cached($0), under: nil) }
      forest.add(.tokens(sequence.pending), under: parent, retaining: sequence.cache)
      lastRows.append(forest.rowCount - 1)
    }
    let hidden = model.hiddenStates(forest, reading: lastRows, on: tape)
    let logits = model.logits(rows: lastRows, of: hidden, on: tape).value
    guard CausalLanguageModel.areFinite(logits.elements, count: logits.elementCount) else {
      throw NonFiniteError("the model's logits are not finite\(model.originOfNonFinite())")
    }
    var best = [Int](repeating: 0, count: lastRows.count)
    CrossEntropy.argmax(
      logits.elements, into: &best, rows: lastRows.count, columns: logits.columnCount, workers: context.workers)
    return best.map(Int32.init)
  }
}
