import PEFTCore

/// One line of a pretraining's history.
package enum PretrainingEntry: Sendable, Equatable {
  /// Steps since the last line: the last one's number, tokens so far, mean loss, what the optimizer did last.
  case step(step: Int, tokens: Int, loss: Double, learningRate: Double, gradientNorm: Double)
  /// The loss on the held-out documents after a step.
  case validation(step: Int, tokens: Int, loss: Double)

  /// The line as JSON.
  package var json: JSONValue {
    switch self {
    case .step(let step, let tokens, let loss, let learningRate, let gradientNorm):
      [
        "step": JSONValue(step), "tokens": JSONValue(tokens), "loss": JSONValue(loss),
        "learning_rate": JSONValue(learningRate), "gradient_norm": JSONValue(gradientNorm),
      ]
    case .validation(let step, let tokens, let loss):
      ["step": JSONValue(step), "tokens": JSONValue(tokens), "validation_loss": JSONValue(loss)]
    }
  }

  /// Reads a line back; nil if it is none.
  init?(_ value: DocumentValue) {
    guard let step = value["step"]?.integer, let tokens = value["tokens"]?.integer else { return nil }
    if let loss = value["validation_loss"]?.number {
      self = .validation(step: step, tokens: tokens, loss: loss)
    } else if let loss = value["loss"]?.number, let rate = value["learning_rate"]?.number,
      let norm = value["gradient_norm"]?.number
    {
      self = .step(step: step, tokens: tokens, loss: loss, learningRate: rate, gradientNorm: norm)
    } else {
      return nil
    }
  }
}
