/// OLMo 2 (OLMo Team, 2024): Llama's architecture with norms after the branches instead of before them, and of all
/// queries and all keys together.
enum OLMo2: ModelFamily {
  static let modelTypes = ["olmo2"]
  static let className = "Olmo2ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    try LlamaLike.configuration(from: description, defaults: .init(epsilon: 1e-5))
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try LlamaLike.Parts(description)
    parts.norms = .after
    parts.queryKeyNorm = .overAllHeads
    return LlamaLike.assemble(configuration, parts)
  }

  static var storage: WeightStorage { LlamaLike.storage(norms: .after) }
}
