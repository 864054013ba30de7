import PEFTCore

/// In which order the activations of a model's blocks are worth being computed again.
enum RecomputationOrder {
  /// The blocks that keep activations, those ahead that free the most bytes for the work of another forward pass.
  ///
  /// Blocks that are alike come in the model's order, the first ones ahead. Where a block is computed again, its activations
  /// are all there once more during its own backward pass, and beside them what the blocks below it keep. So a high block
  /// comes back while nearly everything is still held, and a low one when the blocks above it are through. The last block
  /// goes backward at once, with all others still there: to compute it again frees nothing at the peak, so it comes last.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - frozenCount: How many of the first blocks keep nothing, since nothing trained is in or before them.
  static func blocks(of model: CausalLanguageModel, frozen frozenCount: Int) -> [Int] {
    let trained = model.blocks.indices.dropFirst(frozenCount)
    let freed = Dictionary(
      uniqueKeysWithValues: trained.map { index in
        let block = model.blocks[index]
        let values = TrainingActivations.values(of: block, in: model) - model.configuration.hiddenSize
        // Attention's own products grow with its heads as its maps do; norms and activations are nearly nothing.
        let work = block.linears.reduce(0) { $0 + $1.inputs * $1.outputs }
        return (index, Double(values) / Double(max(1, work)))
      })
    return trained.dropLast().sorted { (freed[$0] ?? 0, -$0) > (freed[$1] ?? 0, -$1) } + trained.suffix(1)
  }

  /// The fewest of the first blocks of an order with which a peak is no larger than `bytes`; if there are none, as many as
  /// make it smallest.
  ///
  /// Each further block lowers the peak or leaves it, but for the last one of the order, which is never taken; so the count
  /// is searched by halves.
  ///
  /// - Parameters:
  ///   - order: What `blocks` gave.
  ///   - bytes: What the peak must fit into.
  ///   - peak: The peak with some blocks computed again, in bytes.
  static func fewest(of order: [Int], within bytes: Int, peak: (Set<Int>) -> Int) -> Set<Int> {
    func taken(_ count: Int) -> Int { peak(Set(order.prefix(count))) }
    guard order.count > 1, taken(0) > bytes else { return [] }
    var (tooFew, enough) = (0, order.count - 1)
    let least = taken(enough)
    // Where nothing fits: the fewest whose peak is the smallest one.
    let bound = max(bytes, least)
    guard taken(0) > bound else { return [] }
    while enough - tooFew > 1 {
      let middle = (tooFew + enough) / 2
      if taken(middle) <= bound { enough = middle } else { tooFew = middle }
    }
    return Set(order.prefix(enough))
  }
}
