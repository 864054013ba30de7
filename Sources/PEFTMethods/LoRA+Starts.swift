import PEFTCore

/// What a start found in the training rows before anything was attached.
struct FoundStart {
  /// What the passes took.
  let cost: StartCost
  /// Of EVA the rank of each map; nil where ranks stay as they are.
  var ranks: [Int]?
  /// A of each map, by its site, where B is zero.
  var components: [String: [Float]] = [:]
  /// A₀ and B₀ of each map, by its site, where they are taken out of the weight.
  var factors: [String: FoundFactors] = [:]
}

extension LoRA {
  /// Looks at training rows, if the start needs them and values matter.
  ///
  /// - Returns: Nil where nothing is to be looked at.
  /// - Throws: `AttachError` where there are no rows, or nothing can be made of them.
  func findStart(
    of maps: [Linear], _ model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> FoundStart? {
    guard start.needsRows, loadedStart == nil, setting.rows.matter else { return nil }
    if let site = model.sites.first(where: \.isOccupied) {
      throw AttachError(
        "init: \(start.rawValue) looks at the model alone, but at \(site.name) another method is attached",
        option: "init")
    }
    // Without weights the method is there to be counted.
    guard maps.allSatisfy({ $0.weight != nil }),
      let batches = try setting.rows.batches(of: startOptions.rowCount, for: start)
    else { return nil }
    var passes = StartPasses(model, context: setting.context)
    let (ranks, scales) = (maps.map { rank(at: $0.site) }, maps.map { scale(at: $0.site) })
    func bySite<Value>(_ values: [Value]) -> [String: Value] {
      Dictionary(zip(maps.map(\.site), values), uniquingKeysWith: { first, _ in first })
    }
    switch start {
    case .eva:
      var search = try ExplainedVariance(maps, ranks: ranks, options: startOptions)
      let result = try search.result(batches, &passes)
      return FoundStart(cost: passes.cost, ranks: result.ranks, components: bySite(result.components))
    case .corda:
      let factors = try CovarianceComponents(maps, method: startOptions.cordaMethod)
        .factors(ranks: ranks, scales: scales, batches.flatMap { $0 }, &passes)
      return FoundStart(cost: passes.cost, factors: bySite(factors))
    default:
      let factors = try GradientComponents(maps, of: model, options: startOptions)
        .factors(ranks: ranks, scales: scales, batches, seeds: setting.seeds, &passes)
      return FoundStart(cost: passes.cost, factors: bySite(factors))
    }
  }

  /// The same method with the ranks that EVA found, as PEFT writes it: patterns of whole paths, and without the maps that
  /// got no rank.
  func redistributed(_ ranks: [Int], over maps: [Linear], of selector: TargetSelector?) -> LoRA {
    var (newRanks, newAlphas): ([(key: String, value: Int)], [(key: String, value: Double)]) = ([], [])
    for (map, found) in zip(maps, ranks) where found > 0 {
      let own = rank(at: map.site)
      var alpha = alphaPattern.value(for: map.site) ?? self.alpha
      if startOptions.adjustsAlpha { alpha *= Double(found) / Double(own) }
      if found != rank { newRanks.append((map.site, found)) }
      if alpha != self.alpha { newAlphas.append((map.site, alpha)) }
    }
    var lora = self
    lora.rankPattern = SitePatterns(newRanks, mustMatch: true)
    lora.alphaPattern = SitePatterns(newAlphas, mustMatch: true)
    if ranks.contains(0) {
      lora.targets = TargetSelector(.suffixes(zip(maps, ranks).filter { $1 > 0 }.map(\.0.site)))
    }
    return lora
  }

  /// What the update starts from, where that is taken out of the weight.
  func origin(
    of linear: Linear, rank: Int, scale: Float, from found: FoundStart?, with setting: AttachmentSetting
  ) -> LowRankOrigin? {
    let kind = loadedStart.map { $0 == .pissa ? LoRAStart.pissa : .olora } ?? start
    let factors: any LowRankStart
    switch kind {
    case .pissa:
      factors = PrincipalComponents(
        of: linear, rank: rank, scale: scale, stream: setting.seeds.child("pissa").child(linear.site),
        context: setting.context)
    case .olora: factors = OrthonormalComponents(of: linear, rank: rank, context: setting.context)
    case .corda, .loraGA:
      // Saved values come in the place of what is not found.
      factors =
        found?.factors[linear.site]
        ?? FoundFactors(
          a: [Float](repeating: 0, count: rank * linear.inputs), b: [Float](repeating: 0, count: rank * linear.outputs))
    case .zero, .gaussian, .orthogonal, .eva, .mica, .loftq: return nil
    }
    return LowRankOrigin(linear, start: factors, rank: rank, setting: setting)
  }

  /// The two matrices where they start.
  func pair(
    of linear: Linear, rank: Int, origin: LowRankOrigin?, quantized: QuantizedWeight?, from found: FoundStart?,
    with setting: AttachmentSetting
  ) -> LowRankPair {
    func zeros(_ width: Int) -> [Float] { [Float](repeating: 0, count: rank * width) }
    if let origin { return origin.pair(linear, setting: setting) }
    if let quantized {
      return LowRankPair(
        linear, rank: rank, setting: setting, a: { quantized.factors.a }, b: { quantized.factors.b })
    }
    if let components = found?.components[linear.site] {
      return LowRankPair(linear, rank: rank, setting: setting, a: { components }, b: { zeros(linear.outputs) })
    }
    if start == .mica {
      return LowRankPair(
        linear, rank: rank, setting: setting, a: { zeros(linear.inputs) },
        b: { MinorComponents.b(of: linear, rank: rank, context: setting.context) })
    }
    return LowRankPair(linear, rank: rank, start: start, setting: setting)
  }
}
