/// Qwen3 (Yang and others, 2025): Llama's architecture with RMSNorm of every query and key head before rotation.
enum Qwen3: ModelFamily {
  static let modelTypes = ["qwen3"]
  static let className = "Qwen3ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    // The head's width is free; 128 where a description leaves it out.
    var configuration = try LlamaLike.configuration(from: description, defaults: .init(headDimension: 128))
    configuration.windows = try Qwen2.windows(description, layers: configuration.layerCount)
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try LlamaLike.Parts(description)
    parts.queryKeyNorm = .byHead
    return LlamaLike.assemble(configuration, parts)
  }

  static var storage: WeightStorage { LlamaLike.storage() }
}
