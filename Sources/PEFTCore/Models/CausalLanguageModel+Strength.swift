extension CausalLanguageModel {
  /// Brings all that is attached to a part of its strength, for evaluation, or back to the whole.
  ///
  /// What adds is multiplied by the strength, what scales goes that part of the way from one to its factors, what rotates turns by
  /// that part of its angle; a trained weight, bias or gain stands between the frozen one and itself. Beyond 1 the same rules go
  /// on. It counts from what is attached, whatever strength was set before, and from its values when they are first asked for:
  /// after loading or training, set it again.
  ///
  /// - Parameter strength: 0 for the base model and 1 for what is attached, each bit for bit.
  /// - Throws: `AttachError` with the site and the method for what has no part, such as a prompt; nothing is changed then.
  /// - Precondition: `strength` is finite and not negative.
  public func setStrength(_ strength: Float) throws(AttachError) {
    precondition(strength.isFinite && strength >= 0, "strength \(strength)")
    var parts: [(placement: Placement, occupant: Occupant)] = []
    // A weight that two sites share has one part.
    var parameters: [ObjectIdentifier: Parameter] = [:]
    for site in sites {
      for placement in site.part.occupancy.placements {
        guard let part = placement.whole.atStrength(strength, in: site.part, sharing: &parameters) else {
          throw AttachError(
            "\(placement.site): strength \(strength) has no meaning for \(placement.whole.described) of \(placement.method), "
              + "which acts as a whole or not at all")
        }
        parts.append((placement, part))
      }
    }
    for (placement, occupant) in parts { placement.stand(in: occupant) }
  }
}

extension Occupant {
  /// The occupant at a part of its strength; nil where it has none.
  ///
  /// - Parameters:
  ///   - part: Where it is attached.
  ///   - parameters: Parts of parameters that are known already.
  fileprivate func atStrength(
    _ strength: Float, in part: any SitePart, sharing parameters: inout [ObjectIdentifier: Parameter]
  ) -> Occupant? {
    if strength == 1 { return self }
    switch self {
    case .adapter(let adapter): return adapter.atStrength(strength).map { .adapter($0) }
    case .tableAdapter(let adapter): return .tableAdapter(PartialTableAdapter(adapter, strength: strength))
    case .branchAdapter(let adapter): return .branchAdapter(PartialBranchAdapter(adapter, strength: strength))
    case .activationAdapter(let adapter): return adapter.atStrength(strength).map { .activationAdapter($0) }
    case .attentionPrompt(let prompt): return .attentionPrompt(PartialAttentionPrompt(prompt, strength: strength))
    case .virtualTokens, .prefix: return nil
    case .weight(let parameter), .bias(let parameter):
      let isBias = if case .bias = self { true } else { false }
      let known = parameters[ObjectIdentifier(parameter)]
      let between = known ?? parameter.between(part.weightSlots.first { $0.isBias == isBias }, strength)
      parameters[ObjectIdentifier(parameter)] = between
      return isBias ? .bias(between) : .weight(between)
    }
  }
}

extension Parameter {
  /// The parameter that part of the way from the frozen values that it replaces; a bias that the architecture lacks was zero.
  ///
  /// - Precondition: When its value is asked for, the frozen values are in memory.
  fileprivate func between(_ slot: WeightSlot?, _ strength: Float) -> Parameter {
    mapped { [name] trained in
      let frozen = slot?.values ?? [Float](repeating: 0, count: trained.count)
      precondition(frozen.count == trained.count, "\(name): there are no frozen values to start from")
      return zip(frozen, trained).map { strength == 0 ? $0 : $0 + strength * ($1 - $0) }
    }
  }
}
