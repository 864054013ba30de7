/// Gemma 3's text models (Gemma Team, 2025): Gemma 2 with normalized queries and keys in place of soft caps, and five
/// windowed layers, which turn by frequencies of their own, for each one that sees everything.
enum Gemma3: ModelFamily {
  static let modelTypes = ["gemma3_text"]
  static let className = "Gemma3ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try Gemma.configuration(from: description)
    configuration.attentionScale = try Gemma2.queryScale(description)
    configuration.attentionSoftCap = try Gemma2.cap(description, "attn_logit_softcapping", default: nil)
    configuration.finalSoftCap = try Gemma2.cap(description, "final_logit_softcapping", default: nil)
    if try description.bool("use_bidirectional_attention", default: false) {
      throw description.refuse("use_bidirectional_attention", "only causal attention is supported")
    }
    let period = try description.integer("sliding_window_pattern", default: 6)
    configuration.windows = try description.windows(
      try description.window(default: 4096), layers: configuration.layerCount
    ) { ($0 + 1) % period != 0 }
    configuration.positions = .rotary(try rotary(description, configuration.headDimension))
    return configuration
  }

  /// Frequencies of both kinds of layers: in one object a kind, or (older) in keys of their own.
  private static func rotary(
    _ description: ModelDescription, _ headDimension: Int
  ) throws(DocumentError) -> RotaryConfiguration {
    var keys = ModelDescription.RotaryKeys()
    keys.defaultTheta = 1_000_000
    let parameters = description.section("rope_parameters")
    var rotary = try description.rotary(
      headDimension: headDimension, keys: keys, parameters: parameters?.section("full_attention"))
    rotary.localTheta = try description.positive("rope_local_base_freq", default: 10_000)
    if let local = parameters?.section("sliding_attention") {
      rotary.localTheta = try local.positive("rope_theta", default: 10_000)
      guard try local.string("rope_type", default: "default") == "default" else {
        throw local.refuse("rope_type", "scaled frequencies in windowed layers are not supported")
      }
    }
    return rotary
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try Gemma.parts(description)
    parts.norms = .around
    parts.queryKeyNorm = .byHead
    return LlamaLike.assemble(configuration, parts)
  }

  static var ggufFacts: GGUFFacts {
    var facts = Gemma2.ggufFacts(layersOfLargest: 62)
    facts.architecture = "gemma3"
    return facts
  }

  static var storage: WeightStorage { LlamaLike.storage(norms: .around) }
}
