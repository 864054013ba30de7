extension CausalLanguageModel {
  /// How many of the first blocks nothing that is attached has a part in, the last block not counted.
  ///
  /// Of the last block's rows only some are computed, so there is little to keep.
  public var frozenBlockCount: Int {
    let beforeBlocks: [(any SitePart)?] = [sequenceStart, embedding, positionEmbedding, embeddingNorm]
    guard beforeBlocks.allSatisfy({ $0?.isOccupied != true }) else { return 0 }
    let first = blocks.indices.first { blocks[$0].sites(layer: $0).contains(where: \.isOccupied) }
    return max(0, min(first ?? blocks.count, blocks.count - 1))
  }

  /// What a batch is after the frozen first blocks, where such states are kept; nil where they are not, or nothing is
  /// frozen.
  func keptStates(of forest: TokenForest, on tape: Tape) -> (states: Tensor, blockCount: Int)? {
    let kept = frozenStates.flatMap { $0.isInUse ? $0 : nil }
    guard frozenBeginning != nil || kept != nil, FrozenBeginning.covers(forest) else { return nil }
    let count = frozenBlockCount
    guard count > 0 else { return nil }
    func states() -> Tensor {
      guard let kept else { return self.states(of: forest, afterBlocks: count, on: tape) }
      return kept.states(of: forest, after: FrozenPart(self, blockCount: count), in: tape.context) { forest, context in
        self.states(of: forest, afterBlocks: count, on: Tape(context: context, recording: false))
      }
    }
    return (frozenBeginning?.states(of: forest, compute: states) ?? states(), count)
  }

  /// The residual stream after the first blocks, to which nothing is attached.
  private func states(of forest: TokenForest, afterBlocks count: Int, on tape: Tape) -> Tensor {
    frozenStates?.count(computedRows: forest.rowCount)
    let batch = ForestBatch(forest: forest, positions: forest.positions, prefix: nil)
    var x = embed(forest, positions: batch.positions, on: tape)
    for block in blocks.prefix(count) { x = block(x, batch: batch, rows: nil, on: tape) }
    return x.value
  }
}
