import PEFTCore

/// What of a model determines the numbers of its runs, each part represented by the hash of its content.
struct ModelIdentity: Sendable, Equatable {
  /// The SHA-256 of the files of the weights.
  var weights: String
  /// How the weights are held in memory.
  var dataType: String
  /// The SHA-256 of the architecture as it was understood: configuration and modules.
  var description: String
  /// The SHA-256 of all that encoding and decoding depend on.
  var tokenizer: String
  /// The SHA-256 of the template and of what it puts around prompts and answers.
  var chat: String
  /// The tokens that end an answer, ascending.
  var endTokens: [Int32]

  /// The parts under fixed keys.
  var json: JSONValue {
    [
      "weights": JSONValue(weights), "dtype": JSONValue(dataType), "description": JSONValue(description),
      "tokenizer": JSONValue(tokenizer), "chat": JSONValue(chat), "end_tokens": JSONValue(endTokens.map(Int.init)),
    ]
  }
}

extension ModelOutline {
  /// Hashes what was read of the model; the tokenizer's vocabulary makes it the most work that is done without weights.
  func makeIdentity(weights: SealedFiles) -> ModelIdentity {
    ModelIdentity(
      weights: weights.sha256, dataType: configuration.dataType.rawValue,
      description: RunIdentity.hash(of: skeleton.canonical),
      tokenizer: RunIdentity.hash(of: renderer.tokenizer.canonical), chat: RunIdentity.hash(of: renderer.canonical),
      endTokens: Set(endTokens).sorted())
  }
}
