/// Qwen2 and Qwen2.5 (Yang and others, 2024): Llama's architecture with biases on queries, keys and values.
enum Qwen2: ModelFamily {
  static let modelTypes = ["qwen2"]

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(from: description)
    if try description.bool("use_sliding_window", default: false) {
      let first = try description.integer("max_window_layers", default: 28, in: 0...1_000_000)
      let window = try description.integer("sliding_window", default: 4096)
      configuration.windows = (0..<configuration.layerCount).map { $0 >= first ? window : nil }
    }
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    LlamaLike.assemble(
      configuration, projectionBias: true, outputBias: false, feedForwardBias: false,
      activation: try description.activation("hidden_act", default: "silu"))
  }

  static var storage: WeightStorage {
    var storage = WeightStorage()
    storage.ggufName = LlamaLike.ggufName
    return storage
  }
}
