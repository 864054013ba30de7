extension GGUFDescription {
  /// What the header says of the tokenizer.
  static func tokenizer(of checkpoint: GGUFCheckpoint) throws -> GGUFTokenizerMetadata {
    let metadata = checkpoint.metadata
    guard let model = try metadata.string("tokenizer.ggml.model"),
      let tokens = try metadata.strings("tokenizer.ggml.tokens")
    else {
      throw CheckpointError(file: checkpoint.path, "the model has no tokenizer: \"tokenizer.ggml.tokens\" is missing")
    }
    var result = GGUFTokenizerMetadata(model: model, tokens: tokens)
    result.preTokenizer = try metadata.string("tokenizer.ggml.pre")
    result.tokenTypes = (try metadata.integers("tokenizer.ggml.token_type") ?? []).map { Int32(truncatingIfNeeded: $0) }
    result.scores = (try metadata.numbers("tokenizer.ggml.scores") ?? []).map(Float.init)
    result.merges = try metadata.strings("tokenizer.ggml.merges") ?? []
    result.beginningOfText = try metadata.integer("tokenizer.ggml.bos_token_id")
    result.endOfText = try metadata.integer("tokenizer.ggml.eos_token_id")
    result.unknown = try metadata.integer("tokenizer.ggml.unknown_token_id")
    result.padding = try metadata.integer("tokenizer.ggml.padding_token_id")
    result.addsBeginningOfText = try metadata.bool("tokenizer.ggml.add_bos_token")
    result.addsEndOfText = try metadata.bool("tokenizer.ggml.add_eos_token")
    result.addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
    return result
  }
}
