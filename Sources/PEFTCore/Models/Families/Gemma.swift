/// Gemma (Gemma Team, 2024): Llama's architecture with scaled embeddings, gains stored as their difference from one,
/// and GELU in the gate.
enum Gemma: ModelFamily {
  static let modelTypes = ["gemma"]
  static let className = "GemmaForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(
      from: description, defaults: .init(tiesEmbeddings: true, headDimension: 256))
    configuration.embeddingScale = Float(configuration.hiddenSize).squareRoot()
    configuration.normalization.gainIsOffset = true
    return configuration
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    LlamaLike.assemble(configuration, try parts(description))
  }

  static var storage: WeightStorage { LlamaLike.storage() }

  /// The parts of all Gemmas.
  static func parts(_ description: ModelDescription) throws(DocumentError) -> LlamaLike.Parts {
    let key = description.root["hidden_activation"] == nil ? "hidden_act" : "hidden_activation"
    var parts = try LlamaLike.Parts(description, activation: key, default: "gelu_pytorch_tanh")
    // The first Gemma files say "gelu" and mean the approximation that the models were trained with.
    if parts.activation == .gelu { parts.activation = .geluTanh }
    return parts
  }
}
