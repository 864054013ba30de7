/// Taking attention heads or feed-forward neurons out of one block: smaller weights, and with them the block's shape.
///
/// What is left computes what the whole block computes with the other heads or neurons at zero (`UnitScale`). Methods are
/// attached afterwards. Without loaded weights the shapes alone change, so that costs can be counted.
extension CausalLanguageModel {
  /// Keeps some attention heads of a block.
  ///
  /// A key/value head stays if a query head that reads it does.
  ///
  /// - Parameters:
  ///   - heads: The query heads to keep, in rising order, equally many of each key/value head that stays.
  ///   - layer: The block.
  ///   - context: Where the smaller weights are counted.
  /// - Throws: `AttachError` for heads that do not exist or do not make equal groups, for queries or keys that are normalized
  ///   over all heads together, and where something is attached to the block.
  public func keepHeads(_ heads: [Int], ofLayer layer: Int, context: ComputeContext) throws {
    let (block, attention) = try (prunable(layer), blocks[layer].attention)
    let shape = attention.shape
    try Self.check(heads, below: shape.heads, of: "heads", in: block)
    let width = shape.headDimension
    for norm in [attention.queryNorm, attention.keyNorm].compactMap({ $0 }) where norm.width != width {
      throw AttachError("\(norm.site): normalizes all heads together, so that none can be taken out")
    }
    let perGroup = shape.heads / shape.keyValueHeads
    let groups = Dictionary(grouping: heads) { $0 / perGroup }
    let kept = groups.keys.sorted()
    guard Set(groups.values.map(\.count)).count == 1 else {
      throw AttachError(
        "\(block.site): heads \(heads) are not equally many of each of the key/value heads \(kept) that they read")
    }
    func columns(_ heads: [Int], from start: Int = 0, times parts: Int = 1) -> [Int] {
      let size = parts * width
      return heads.flatMap { start + $0 * size..<start + ($0 + 1) * size }
    }
    try change(block) {
      switch attention.projection {
      case .separate(let query, let key, let value):
        try query.keep(rows: columns(heads), context: context)
        try key.keep(rows: columns(kept), context: context)
        try value.keep(rows: columns(kept), context: context)
      case .fused(let map):
        let (queries, keys) = (shape.heads * width, shape.keyValueHeads * width)
        try map.keep(
          rows: columns(heads) + columns(kept, from: queries) + columns(kept, from: queries + keys), context: context)
      case .interleaved(let map):
        try map.keep(rows: columns(heads, times: 3), context: context)
      }
      try attention.output.keep(columns: columns(heads), context: context)
      (attention.shape.heads, attention.shape.keyValueHeads) = (heads.count, kept.count)
      attention.headSite.unitCount = heads.count
    }
  }

  /// Keeps some neurons of a block's feed-forward part.
  ///
  /// - Parameters:
  ///   - neurons: The neurons to keep, in rising order.
  ///   - layer: The block.
  ///   - context: Where the smaller weights are counted.
  /// - Throws: `AttachError` for neurons that do not exist, and where something is attached to the block.
  public func keepNeurons(_ neurons: [Int], ofLayer layer: Int, context: ComputeContext) throws {
    let (block, feedForward) = try (prunable(layer), blocks[layer].feedForward)
    let count = feedForward.down.inputs
    try Self.check(neurons, below: count, of: "neurons", in: block)
    try change(block) {
      switch feedForward.inner {
      case .gated(let gate, let up):
        try gate.keep(rows: neurons, context: context)
        try up.keep(rows: neurons, context: context)
      case .fusedGated(let map): try map.keep(rows: neurons + neurons.map { $0 + count }, context: context)
      case .plain(let up): try up.keep(rows: neurons, context: context)
      }
      try feedForward.down.keep(columns: neurons, context: context)
      feedForward.neuronSite.unitCount = neurons.count
    }
  }

  private func prunable(_ layer: Int) throws(AttachError) -> TransformerBlock {
    guard blocks.indices.contains(layer) else {
      throw AttachError("there is no layer \(layer): the model has \(blocks.count), from 0")
    }
    if let site = blocks[layer].sites(layer: layer).first(where: \.isOccupied) {
      throw AttachError("\(site.name): something is attached; take it off before the layer is pruned")
    }
    return blocks[layer]
  }

  private static func check(
    _ units: [Int], below count: Int, of kind: String, in block: TransformerBlock
  ) throws(AttachError) {
    let isRising = zip(units, units.dropFirst()).allSatisfy { $0 < $1 }
    guard let first = units.first, let last = units.last, first >= 0, last < count, isRising else {
      throw AttachError("\(block.site): expected \(kind) from 0 to \(count - 1) in rising order, found \(units)")
    }
  }

  /// Changes a block's shape now, and whenever its weights are loaded again.
  private func change(_ block: TransformerBlock, by change: @escaping () throws -> Void) throws {
    let whole = BlockSizes(block)
    try change()
    reload = reload.map { load in
      {
        // The checkpoint has the whole block.
        whole.restore(block)
        try load()
        try change()
      }
    }
  }
}

/// The sizes of a block's parts, to bring it back to them while no weights are loaded.
private struct BlockSizes {
  let linears: [(inputs: Int, outputs: Int)]
  let attention: AttentionShape
  let units: (heads: Int, neurons: Int)

  init(_ block: TransformerBlock) {
    linears = block.linears.map { ($0.inputs, $0.outputs) }
    attention = block.attention.shape
    units = (block.attention.headSite.unitCount, block.feedForward.neuronSite.unitCount)
  }

  func restore(_ block: TransformerBlock) {
    for (linear, sizes) in zip(block.linears, linears) { (linear.inputs, linear.outputs) = sizes }
    block.attention.shape = attention
    (block.attention.headSite.unitCount, block.feedForward.neuronSite.unitCount) = units
  }
}

extension Linear {
  /// Keeps some of its outputs or inputs, of the weight and the bias too if they are loaded.
  ///
  /// - Throws: `WeightFormatError` if nothing is left.
  fileprivate func keep(rows: [Int]? = nil, columns: [Int]? = nil, context: ComputeContext) throws {
    let smaller = try weight?.selecting(rows: rows, columns: columns, context: context)
    if let rows, let values = bias?.values {
      bias = Tensor(rows.map { values[$0] }, shape: [rows.count], in: context.pool)
    }
    (inputs, outputs) = (columns?.count ?? inputs, rows?.count ?? outputs)
    weight = smaller
  }
}
