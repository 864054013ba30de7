import PEFTCore

/// What an adapter changes in one weight of the base model: ΔW = W′ − W, where W′ is the merged weight.
struct WeightChange {
  /// The path of a map or table; of a bias or a norm's gain the tensor's name.
  let name: String
  /// ΔW, row-major.
  let values: [Double]
  /// How much of ΔW can be rounding, as a Frobenius norm: zero where ΔW is known by itself, and else 2⁻²⁴·‖W′‖, since
  /// merged weights are 32-bit numbers.
  let rounding: Double

  /// A change that is known by itself.
  init(_ name: String, _ values: [Double]) {
    (self.name, self.values, rounding) = (name, values, 0)
  }

  /// The difference between a merged weight and the frozen one, which is rounded where the merged one was computed.
  init(_ name: String, merged: [Float], frozen: [Float], isComputed: Bool) {
    self.name = name
    // A bias that the architecture lacks was zero.
    values =
      frozen.isEmpty ? merged.map { Double($0) } : zip(merged, frozen).map { Double($0) - Double($1) }
    rounding = isComputed ? 0x1p-24 * merged.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() : 0
  }
}

extension AdapterFile {
  /// Calls with the change of every weight that the adapter changes, in the order of the model's sites.
  ///
  /// What is only added to a map is merged into zeros, so that it is known to its own precision and not to that of the
  /// weight.
  ///
  /// - Parameters:
  ///   - base: The base model with its weights, and nothing attached.
  ///   - body: Takes one change at a time, since all together can be as large as the model.
  /// - Throws: `AttachError` for a method that cannot be merged into weights; `CheckpointError` for an adapter that does not
  ///   fit the model.
  func forEachWeightChange(on base: LoadedBase, _ body: (WeightChange) throws -> Void) throws {
    let method = try method()
    let attachment = try method.attach(
      to: base.model,
      with: AttachmentSetting(
        seeds: SeedStream(0), context: base.context, tokenizer: base.tokenizer, rows: .irrelevant))
    defer { attachment.detach() }
    try load(into: attachment)
    try ModelMerger.checkOccupants(of: base.model)
    // A weight that embeddings and head share is changed once.
    let skipsHead = base.model.configuration.tiesEmbeddings && !ModelMerger.changesHeadAlone(base.model)
    for site in base.model.sites where site.isOccupied && !(skipsHead && site.role == .head) {
      switch site.kind {
      case .map(let linear):
        if let change = try linear.weightChange(by: type(of: method).name) { try body(change) }
        if let change = linear.biasChange { try body(change) }
      case .table(let table) where !table.adapters.isEmpty:
        if let change = table.weightChange { try body(change) }
      case .table, .norm, .branch, .activations, .attentionPrompt, .sequenceStart:
        for slot in site.part.weightSlots {
          guard let trained = slot.trained else { continue }
          try body(WeightChange(slot.name, merged: trained.value.values, frozen: slot.values, isComputed: false))
        }
      }
    }
  }
}

extension Linear {
  /// What its adapters, or a trained weight in its place, make of the weight; nil where they leave it alone.
  fileprivate func weightChange(by method: String) throws(AttachError) -> WeightChange? {
    // LoftQ's exchange of the weight is the base model's, and the same whatever was trained.
    let adapters = adapters.filter { !$0.changesBiasOnly }.map { adapter -> any LinearAdapter in
      (adapter as? LoftQAdapter)?.update ?? adapter
    }
    guard !adapters.isEmpty || trainedWeight != nil else { return nil }
    let isAdded = trainedWeight == nil && adapters.allSatisfy(\.isAdditive)
    let frozen = isAdded ? [] : weight?.values ?? []
    var merged =
      isAdded ? [Float](repeating: 0, count: outputs * inputs) : trainedWeight?.value.values ?? frozen
    for adapter in adapters {
      guard merged.count == outputs * inputs, adapter.merge(intoWeight: &merged) else {
        throw AttachError("\(site): \(method) cannot be merged into its weight")
      }
    }
    return isAdded
      ? WeightChange(site, merged.map { Double($0) })
      : WeightChange(site, merged: merged, frozen: frozen, isComputed: !adapters.isEmpty)
  }

  /// What its adapters, or a trained bias in its place, make of the bias; nil where they leave it as it is.
  fileprivate var biasChange: WeightChange? {
    let frozen = bias?.values ?? []
    // Shifts are merged into no bias, to be known by themselves.
    let isAdded = trainedBias == nil && adapters.allSatisfy(\.isAdditive)
    let start = isAdded ? [] : trainedBias?.value.values ?? frozen
    var merged = start
    for adapter in adapters { adapter.merge(intoBias: &merged) }
    if isAdded { return merged.isEmpty ? nil : WeightChange("\(site).bias", merged.map { Double($0) }) }
    guard merged != frozen else { return nil }
    return WeightChange("\(site).bias", merged: merged, frozen: frozen, isComputed: merged != start)
  }
}

extension LinearAdapter {
  /// Whether it adds what does not depend on the weight or bias that it is merged into.
  fileprivate var isAdditive: Bool { self is any AdditiveLinearAdapter }
}

extension TokenEmbedding {
  /// What its adapters make of the table; nil where the base model has none.
  fileprivate var weightChange: WeightChange? {
    if adapters.allSatisfy({ $0.stacking == .adds }) {
      var added = [Float](repeating: 0, count: count * width)
      for adapter in adapters { adapter.merge(intoTable: &added) }
      return WeightChange(site, added.map { Double($0) })
    }
    guard let frozen = weight?.values else { return nil }
    var merged = frozen
    for adapter in adapters { adapter.merge(intoTable: &merged) }
    // Rows that take the place of others are not computed.
    let isComputed = adapters.contains { $0.stacking != .standsAlone }
    return WeightChange(site, merged: merged, frozen: frozen, isComputed: isComputed)
  }
}
