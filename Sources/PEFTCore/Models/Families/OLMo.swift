/// OLMo (Groeneveld and others, 2024): Llama's architecture with LayerNorm that has no parameters, and perhaps clipped
/// queries, keys and values.
enum OLMo: ModelFamily {
  static let modelTypes = ["olmo"]
  static let className = "OlmoForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(from: description)
    configuration.normalization = Normalization(centers: true, epsilon: 1e-5)
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try LlamaLike.Parts(description)
    parts.normsHaveGain = false
    if let limit = try description.number("clip_qkv") {
      guard limit > 0 else { throw description.refuse("clip_qkv", "expected a positive number, found \(limit)") }
      parts.projectionLimit = Float(limit)
    }
    return LlamaLike.assemble(configuration, parts)
  }

  static var ggufFacts: GGUFFacts {
    var facts = GGUFFacts()
    facts.hasLayerNorm = true
    return facts
  }

  static var storage: WeightStorage { LlamaLike.storage(permutesQueryAndKey: true) }
}
