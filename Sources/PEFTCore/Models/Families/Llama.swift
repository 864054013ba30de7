/// Llama 2 and 3, SmolLM and SmolLM2, and others of the same architecture (Touvron and others, 2023).
///
/// RMSNorm before each branch, rotary positions, grouped-query attention, SwiGLU; biases where `attention_bias`
/// or `mlp_bias` say so.
enum Llama: ModelFamily {
  static let modelTypes = ["llama"]
  static let className = "LlamaForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    try LlamaLike.configuration(from: description)
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    var parts = try LlamaLike.Parts(description)
    parts.feedForwardBias = try description.bool("mlp_bias", default: false)
    return LlamaLike.assemble(configuration, parts)
  }

  static let biasMembers = [
    BiasMember(key: "attention_bias", concerns: \.isAttentionMap),
    BiasMember(key: "mlp_bias", concerns: \.isFeedForwardMap),
  ]

  static var storage: WeightStorage { LlamaLike.storage(permutesQueryAndKey: true) }
}
