import PEFTCore

/// The config.json of a pretrained model, and the model that it describes.
struct LlamaDescription {
  /// The file's content.
  let json: JSONValue

  /// Describes a model with a vocabulary of that many tokens.
  init(_ architecture: PretrainingConfiguration.Architecture, vocabularySize: Int) {
    json = [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": false, "attention_dropout": 0.0,
      "bos_token_id": nil, "eos_token_id": JSONValue(Int(MiniChat.id(MiniChat.endOfTurn))),
      "pad_token_id": JSONValue(Int(MiniChat.id(MiniChat.endOfText))),
      "head_dim": JSONValue(architecture.hiddenSize / architecture.heads), "hidden_act": "silu",
      "hidden_size": JSONValue(architecture.hiddenSize), "initializer_range": JSONValue(architecture.initializerRange),
      "intermediate_size": JSONValue(architecture.intermediateSize),
      "max_position_embeddings": JSONValue(architecture.maxPositions), "mlp_bias": false,
      "num_attention_heads": JSONValue(architecture.heads), "num_hidden_layers": JSONValue(architecture.layers),
      "num_key_value_heads": JSONValue(architecture.keyValueHeads),
      "rms_norm_eps": JSONValue(architecture.normEpsilon), "rope_scaling": nil,
      "rope_theta": JSONValue(architecture.ropeTheta), "tie_word_embeddings": JSONValue(architecture.tiesEmbeddings),
      "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": JSONValue(vocabularySize),
    ]
  }

  /// The model without weights.
  func skeleton() throws(DocumentError) -> CausalLanguageModel {
    let text = DocumentText(name: "config.json", bytes: JSONWriter.bytes(json, isPretty: true))
    let description = ModelDescription(root: try JSONParser.parse(text), text: text)
    let family = try ModelFamilies.family(of: description)
    return try family.assemble(try family.configuration(from: description), description)
  }
}
