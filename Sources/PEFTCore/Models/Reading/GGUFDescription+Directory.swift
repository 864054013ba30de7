extension GGUFDescription {
  /// The small files of a Hugging Face directory, with what the header says of architecture and tokenizer.
  ///
  /// - Parameters:
  ///   - checkpoint: The GGUF file.
  ///   - type: The type of the weights beside them, as config.json names it.
  /// - Throws: `CheckpointError` or `GGUFTokenizerError` for what those files have no words for.
  static func directoryFiles(
    of checkpoint: GGUFCheckpoint, weightsAs type: String
  ) throws -> [(name: String, content: JSONValue)] {
    if let divisors = checkpoint["rope_freqs.weight"] {
      throw CheckpointError(
        file: checkpoint.path, tensor: divisors.name,
        "divides the rotary frequencies one by one, for which config.json has no key")
    }
    var configuration = JSONValue(try description(of: checkpoint).root)
    if case .string(let type)? = configuration["model_type"], let family = ModelFamilies.family(named: type) {
      configuration["architectures"] = [JSONValue(family.className)]
    }
    if configuration["eos_token_id"] == .array([]) { configuration["eos_token_id"] = nil }
    configuration["dtype"] = JSONValue(type)
    if configuration["rope_scaling"]?["rope_type"] == "longrope" {
      // Factors beyond the trained context, which this program does not go to.
      let factors = try checkpoint["rope_factors_long.weight"]?.floats().map(Double.init)
      configuration["rope_scaling"]?["long_factor"] = factors.map { JSONValue($0) } ?? .null
      let original = "original_max_position_embeddings"
      configuration[original] = configuration["rope_scaling"]?[original]
    }

    let metadata = try tokenizer(of: checkpoint)
    // Without it, some classes take the id of the family's first models.
    configuration["pad_token_id"] = JSONValue(metadata.padding)
    func text(_ id: Int?) -> JSONValue {
      JSONValue(id.flatMap { metadata.tokens.indices.contains($0) ? metadata.tokens[$0] : nil })
    }
    var settings: JSONValue = [
      "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": text(metadata.beginningOfText),
      "eos_token": text(metadata.endOfText), "unk_token": text(metadata.unknown), "pad_token": text(metadata.padding),
      "clean_up_tokenization_spaces": false,
    ]
    if let template = try checkpoint.metadata.string("tokenizer.chat_template") {
      settings["chat_template"] = JSONValue(template)
    }
    return [
      ("config.json", configuration), ("tokenizer.json", try metadata.tokenizerJSON(file: checkpoint.path)),
      ("tokenizer_config.json", settings),
    ]
  }
}

extension ModelFiles {
  /// The small files of a Hugging Face directory that says of the model what a GGUF file's header does.
  ///
  /// - Parameter type: The type of the weights beside them, as config.json names it, such as `bfloat16`.
  /// - Returns: Names and contents; nil for a model that is a directory already.
  /// - Throws: `CheckpointError` or `GGUFTokenizerError` for what those files have no words for.
  public func directoryFiles(weightsAs type: String) throws -> [(name: String, content: JSONValue)]? {
    try gguf.map { try GGUFDescription.directoryFiles(of: $0, weightsAs: type) }
  }
}
