/// A prompt and its answer as token ids, the unit of training and evaluation.
public struct EncodedExample: Sendable, Equatable {
  /// The prompt, up to where the model is to answer.
  public let prompt: [Int32]
  /// The answer with the token that ends it; these are the trained tokens.
  public let answer: [Int32]

  /// Creates an example.
  public init(prompt: [Int32], answer: [Int32]) {
    self.prompt = prompt
    self.answer = answer
  }

  /// All tokens.
  var tokens: [Int32] { prompt + answer }
}
