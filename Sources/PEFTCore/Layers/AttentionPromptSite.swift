/// Beside a layer's attention: learned rows to which its queries attend apart from the tokens.
public final class AttentionPromptSite: SitePart {
  /// Where it is: `model.layers.3, beside attention`.
  public let site: String
  /// What is attached.
  public let occupancy = Occupancy()

  /// Creates a site at which nothing stands.
  init(site: String) { self.site = site }

  /// Such rows alone.
  public func takes(_ occupant: Occupant) -> Bool { if case .attentionPrompt = occupant { true } else { false } }

  /// The rows, if there are any.
  var prompt: (any AttentionPrompt)? {
    for placement in occupancy.placements {
      if case .attentionPrompt(let prompt) = placement.occupant { return prompt }
    }
    return nil
  }
}

extension SelfAttention {
  /// What the queries find among learned rows, which the layer's own maps turn into keys and values; keys have no position.
  ///
  /// - Parameters:
  ///   - queries: `[T, heads · d]`, as they attend to tokens.
  ///   - prompt: The rows.
  ///   - tape: Where to record.
  /// - Returns: `[T, heads · d]`, times the gate.
  func attended(to prompt: any AttentionPrompt, by queries: Variable, on tape: Tape) -> Variable {
    let (_, keys, values) = project(prompt.rows(on: tape), on: tape)
    return tape.promptAttention(queries: queries, keys: keys, values: values, gate: prompt.gate(on: tape), shape: shape)
  }
}
