/// Mistral (Jiang and others, 2023): Llama's architecture, in which every layer may see only the last positions.
///
/// In GGUF it is called llama, and is read as that: its files know no window.
enum Mistral: ModelFamily {
  static let modelTypes = ["mistral"]
  static let className = "MistralForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(from: description)
    let window = try description.window(default: 4096)
    configuration.windows = try description.windows(window, layers: configuration.layerCount) { _ in true }
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    LlamaLike.assemble(configuration, try LlamaLike.Parts(description))
  }

  static var storage: WeightStorage { LlamaLike.storage() }
}
