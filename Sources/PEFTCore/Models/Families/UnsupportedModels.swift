/// Models that this program does not compute, told apart by what their descriptions say of them.
enum UnsupportedModels {
  /// Refuses what a description shows to be no plain decoder-only language model with plain weights.
  ///
  /// - Throws: `DocumentError` that names the kind of model.
  static func check(_ description: ModelDescription, type: String) throws(DocumentError) {
    if let quantization = description.section("quantization_config"), !NF4Checkpoint.isMeant(by: quantization.root) {
      let method = try quantization.string("quant_method", default: "an unnamed method").uppercased()
      throw DocumentError(
        "the weights are quantized by \(method), which is not supported: use the original model, or a GGUF file of it",
        at: quantization.root.offset, of: description.text)
    }
    if let kind = try kind(description, type: type) {
      throw DocumentError(
        "\"\(type)\" is \(kind); only decoder-only language models are supported",
        at: (description.root["model_type"] ?? description.root).offset, of: description.text)
    }
    for key in ["num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"] {
      if let value = description.root[key], let count = value.integer, count > 1 {
        throw DocumentError(
          "\"\(type)\" is a mixture of \(count) experts, which is not supported", at: value.offset,
          of: description.text)
      }
    }
    if let architecture = description.root["architectures"]?.array?.first?.string,
      let head = ["SequenceClassification", "TokenClassification", "QuestionAnswering", "MultipleChoice"].first(
        where: { architecture.hasSuffix("For" + $0) })
    {
      throw description.refuse(
        "architectures", "\(architecture) has a head for \(head) in place of the vocabulary; a language model is needed"
      )
    }
  }

  private static func kind(_ description: ModelDescription, type: String) throws(DocumentError) -> String? {
    if try description.bool("is_encoder_decoder", default: false) || encoderDecoders.contains(type) {
      return "an encoder-decoder model"
    }
    if encoders.contains(type) { return "an encoder" }
    if description.section("text_config") != nil || description.section("vision_config") != nil {
      return "a model of texts with images or sound"
    }
    if recurrent.contains(type) { return "a recurrent or state-space model" }
    return nil
  }

  private static let encoderDecoders: Set<String> = [
    "t5", "mt5", "umt5", "longt5", "bart", "mbart", "pegasus", "marian", "m2m_100", "whisper", "blenderbot", "led",
    "prophetnet", "switch_transformers",
  ]
  private static let encoders: Set<String> = [
    "bert", "roberta", "xlm-roberta", "distilbert", "albert", "electra", "deberta", "deberta-v2", "modernbert",
    "mpnet", "nomic_bert", "camembert",
  ]
  private static let recurrent: Set<String> = [
    "mamba", "mamba2", "falcon_mamba", "rwkv", "jamba", "zamba", "zamba2", "recurrent_gemma", "bamba", "falcon_h1",
    "granitemoehybrid",
  ]
}
