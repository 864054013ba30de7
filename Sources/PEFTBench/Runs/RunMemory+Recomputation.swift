import PEFTCore

extension RunMemory {
  /// How many blocks keep activations that could be computed again.
  var recomputableCount: Int { model.blocks.count - method.frozenBlockCount }

  /// The share of these blocks that is computed again.
  var recomputedShare: Double { Double(recomputed.count) / Double(max(1, recomputableCount)) }

  /// The same run with the blocks that its training computes again.
  ///
  /// - Parameter available: Bytes that it may take, by which `auto` goes; with nil it keeps all activations.
  func choosingBlocks(within available: Int?) -> RunMemory {
    guard trains, settings.recompute != .none else { return self }
    let order = RecomputationOrder.blocks(of: model, frozen: method.frozenBlockCount)
    switch settings.recompute {
    case .automatic: return available.map { fewest(of: order, within: $0) } ?? self
    case .within(let bytes): return fewest(of: order, within: bytes)
    case .none, .all, .blocks:
      var own = self
      own.recomputed = settings.recompute.blocks(among: order)
      return own
    }
  }

  /// The fewest blocks with which the run's peak is no larger than `bytes`; if there are none, those of the smallest peak.
  private func fewest(of order: [Int], within bytes: Int) -> RunMemory {
    var own = self
    own.recomputed = RecomputationOrder.fewest(of: order, within: bytes) { blocks in
      var other = self
      other.recomputed = blocks
      return other.largest.total
    }
    return own
  }

  /// Says of a choice that does not fit that there is no better one; empty where nothing was chosen.
  var leastNote: String {
    guard trains, settings.recompute == .automatic else { return "" }
    return "that is the least, with \(blocksText) computed again (training.recompute: auto); "
  }

  /// Such as "29 of 30 blocks".
  var blocksText: String { "\(recomputed.count) of \(recomputableCount) blocks" }
}
