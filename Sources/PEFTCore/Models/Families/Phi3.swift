/// Phi-3, Phi-3.5 and Phi-4-mini (Abdin and others, 2024): Llama's architecture with one map for queries, keys and
/// values and one for gate and up; part of each head rotated; LongRoPE in the models for long contexts.
enum Phi3: ModelFamily {
  static let modelTypes = ["phi3"]
  static let className = "Phi3ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(
      from: description, defaults: .init(epsilon: 1e-5, rotatesPartly: true))
    if let context = try description.shortContext() {
      configuration.contextLength = min(configuration.contextLength, context)
    }
    configuration.windows = try description.windows(
      try description.window(default: nil), layers: configuration.layerCount
    ) { _ in true }
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = LlamaLike.Parts(activation: try description.activation("hidden_act", default: "silu"))
    parts.fusesMaps = true
    return LlamaLike.assemble(configuration, parts)
  }

  static var storage: WeightStorage { LlamaLike.storage() }
}
