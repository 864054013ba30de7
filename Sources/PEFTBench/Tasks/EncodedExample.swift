/// A prompt and its answer as token ids, the unit of training and evaluation.
package struct EncodedExample: Sendable, Equatable {
  /// The prompt, up to where the model is to answer.
  package let prompt: [Int32]
  /// The answer with the token that ends it; these are the trained tokens.
  package let answer: [Int32]
  /// Which of the tasks that are trained together it is of.
  package let task: Int

  /// Creates an example.
  package init(prompt: [Int32], answer: [Int32], task: Int = 0) {
    self.prompt = prompt
    self.answer = answer
    self.task = task
  }

  /// All tokens.
  var tokens: [Int32] { prompt + answer }
}
