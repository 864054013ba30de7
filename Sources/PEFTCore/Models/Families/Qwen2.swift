/// Qwen2 and Qwen2.5 (Yang and others, 2024): Llama's architecture with biases on queries, keys and values.
enum Qwen2: ModelFamily {
  static let modelTypes = ["qwen2"]
  static let className = "Qwen2ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(from: description)
    configuration.windows = try windows(description, layers: configuration.layerCount)
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = LlamaLike.Parts(activation: try description.activation("hidden_act", default: "silu"))
    parts.projectionBias = true
    return LlamaLike.assemble(configuration, parts)
  }

  static var storage: WeightStorage { LlamaLike.storage() }

  /// The windows of Qwen2 and Qwen3: upper layers see only the last positions where `use_sliding_window` says so.
  static func windows(_ description: ModelDescription, layers: Int) throws(DocumentError) -> [Int?] {
    let isUsed = try description.bool("use_sliding_window", default: false)
    let first = try description.integer("max_window_layers", default: 28, in: 0...1_000_000)
    let window = isUsed ? try description.window(default: 4096) : nil
    return try description.windows(window, layers: layers) { $0 >= first }
  }
}
