/// Gemma 2 (Gemma Team, 2024): Gemma with norms around the branches, soft caps of scores and logits, and windows in
/// every other layer.
enum Gemma2: ModelFamily {
  static let modelTypes = ["gemma2"]
  static let className = "Gemma2ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try Gemma.configuration(from: description)
    configuration.attentionScale = try queryScale(description)
    configuration.attentionSoftCap = try cap(description, "attn_logit_softcapping", default: 50)
    configuration.finalSoftCap = try cap(description, "final_logit_softcapping", default: 30)
    configuration.windows = try description.windows(
      try description.window(default: 4096), layers: configuration.layerCount
    ) { $0 % 2 == 0 }
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try Gemma.parts(description)
    parts.norms = .around
    return LlamaLike.assemble(configuration, parts)
  }

  static var ggufFacts: GGUFFacts { ggufFacts(layersOfLargest: 46) }

  /// Headers do not say what scores are scaled by: the width of a head, but in the largest model the width that a head would
  /// have without a width of its own.
  ///
  /// - Parameter count: The layers of the largest model, by which it is known.
  static func ggufFacts(layersOfLargest count: Int) -> GGUFFacts {
    var facts = GGUFFacts()
    facts.members = { header in
      let isLargest = try header.required("block_count") == count
      let usual = try header.required("embedding_length") / max(1, header.required("attention.head_count"))
      return [("query_pre_attn_scalar", JSONValue(isLargest ? usual : try header.headDimension))]
    }
    return facts
  }

  static var storage: WeightStorage { LlamaLike.storage(norms: .around) }

  /// The scale of attention scores, which is not always that of the head's width.
  static func queryScale(_ description: ModelDescription) throws(DocumentError) -> Float {
    let key = "query_pre_attn_scalar"
    let scalar = try description.number(key, default: 256)
    guard scalar > 0 else { throw description.refuse(key, "expected a positive number, found \(scalar)") }
    return 1 / Float(scalar).squareRoot()
  }

  /// A soft cap; null means none, and where the key is absent the family's own value counts.
  static func cap(_ description: ModelDescription, _ key: String, default fallback: Float?) throws(DocumentError)
    -> Float?
  {
    guard description.mentions(key) else { return fallback }
    guard let cap = try description.number(key) else { return nil }
    guard cap > 0 else { throw description.refuse(key, "expected a positive number, found \(cap)") }
    return Float(cap)
  }
}
