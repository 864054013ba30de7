import PEFTCore

/// Pieces of documents as token forests, one root a piece, cut into shards.
///
/// How a batch is cut depends on its pieces alone, so that sums come out alike whatever the number of threads.
struct PretrainingBatch {
  /// A forward and backward pass's worth.
  struct Part: LabelledForest {
    let forest: TokenForest
    let labels: [LabelledPosition]

    /// Nearly every row is labelled, so there is nothing to leave out.
    var rowsRead: [Int]? { nil }
  }

  /// For each shard the parts that it works on one after the other.
  let shards: [[Part]]
  /// Tokens of all pieces.
  let tokenCount: Int
  /// Trained tokens; the loss is the mean over them.
  let labelCount: Int

  /// Tokens from which on a part is full: few enough for its activations to stay near the cache.
  private static let partTokens = 512

  /// Cuts pieces into shards of about as many tokens each.
  init(_ pieces: [EncodedDocument], shards count: Int) {
    let tokenCount = pieces.reduce(0) { $0 + $1.tokens.count }
    // The first token of a piece is predicted by nothing.
    let labelCount = pieces.reduce(0) { $0 + $1.isTarget.dropFirst().count { $0 } }
    var shares = [[EncodedDocument]](repeating: [], count: count)
    var before = 0
    for piece in pieces {
      shares[min(count - 1, before * count / max(1, tokenCount))].append(piece)
      before += piece.tokens.count
    }
    let weight = 1 / Float(max(1, labelCount))
    shards = shares.map { Self.parts($0, weight: weight) }
    self.tokenCount = tokenCount
    self.labelCount = labelCount
  }

  private static func parts(_ pieces: [EncodedDocument], weight: Float) -> [Part] {
    var parts: [Part] = []
    var forest = TokenForest()
    var labels: [LabelledPosition] = []
    for (index, piece) in pieces.enumerated() {
      let first = forest.rowCount
      forest.add(.tokens(piece.tokens), under: nil)
      for position in piece.tokens.indices.dropFirst() where piece.isTarget[position] {
        labels.append(
          LabelledPosition(row: first + position - 1, target: piece.tokens[position], weight: weight))
      }
      if forest.rowCount >= partTokens || index == pieces.count - 1 {
        parts.append(Part(forest: forest, labels: labels))
        forest = TokenForest()
        labels = []
      }
    }
    return parts
  }
}
