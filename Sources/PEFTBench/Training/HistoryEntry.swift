import PEFTCore

/// One line of a training's history: optimizer steps since the last line, or a look at the validation set.
package enum HistoryEntry: Sendable, Equatable {
  /// How far a training has come: in passes over its rows or, where a text has no end, in tokens.
  package enum Extent: Sendable, Equatable {
    case epoch(Double)
    case tokens(Int)
  }

  /// A step: its number from 1, how far the training has come, the mean loss since the last line, what the optimizer did
  /// last, and all tokens so far.
  case step(step: Int, extent: Extent, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int)
  /// The loss on the validation set after a step.
  case validation(step: Int, extent: Extent, loss: Double)

  /// The step that it tells of.
  var step: Int {
    switch self {
    case .step(let step, _, _, _, _, _), .validation(let step, _, _): step
    }
  }

  /// The line as JSON.
  package var json: JSONValue {
    switch self {
    case .step(let step, let extent, let loss, let learningRate, let gradientNorm, let tokens):
      var json: JSONValue = ["step": JSONValue(step)]
      extent.add(to: &json)
      json["loss"] = JSONValue(loss)
      json["learning_rate"] = JSONValue(learningRate)
      json["gradient_norm"] = JSONValue(gradientNorm)
      json["tokens"] = JSONValue(tokens)
      return json
    case .validation(let step, let extent, let loss):
      var json: JSONValue = ["step": JSONValue(step)]
      extent.add(to: &json)
      json["validation_loss"] = JSONValue(loss)
      return json
    }
  }

  /// Reads a line back; numbers that are not finite were written as null.
  ///
  /// Nil for anything else.
  init?(json: DocumentValue) {
    guard let step = json["step"]?.integer else { return nil }
    let tokens = json["tokens"]?.integer
    let extent: Extent
    if let epoch = json["epoch"]?.number {
      extent = .epoch(epoch)
    } else if let tokens {
      extent = .tokens(tokens)
    } else {
      return nil
    }
    if let loss = json.object?["validation_loss"] {
      self = .validation(step: step, extent: extent, loss: loss.number ?? .nan)
    } else if let rate = json["learning_rate"]?.number, let tokens {
      self = .step(
        step: step, extent: extent, loss: json["loss"]?.number ?? .nan, learningRate: rate,
        gradientNorm: json["gradient_norm"]?.number ?? .nan, tokens: tokens)
    } else {
      return nil
    }
  }
}

extension HistoryEntry.Extent {
  fileprivate func add(to json: inout JSONValue) {
    switch self {
    case .epoch(let epoch): json["epoch"] = JSONValue(epoch)
    case .tokens(let tokens): json["tokens"] = JSONValue(tokens)
    }
  }
}
