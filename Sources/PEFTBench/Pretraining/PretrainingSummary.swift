import PEFTCore

/// What a pretraining came to: the content of `pretraining.json`, and what the model card tells.
package struct PretrainingSummary: Sendable {
  /// The values under their keys.
  package let json: JSONValue

  init(
    _ configuration: PretrainingConfiguration, identity: String, outcome: TrainingOutcome,
    parameterCount: Int, vocabularySize: Int, validation: ValidationSet, earlier: String?
  ) {
    var training: Double?
    var validationLoss: Double?
    for entry in outcome.history {
      switch entry {
      case .step(_, _, let loss, _, _, _): training = loss
      case .validation(_, _, let loss): validationLoss = loss
      }
    }
    var json: JSONValue = [
      "schema": "peft-bench.pretraining/1", "identity": JSONValue(identity), "parameters": JSONValue(parameterCount),
      "vocabulary_size": JSONValue(vocabularySize), "steps": JSONValue(outcome.stepCount),
      "tokens": JSONValue(outcome.tokenCount), "training_loss": JSONValue(training),
      "validation_loss": JSONValue(validationLoss),
    ]
    if validation.labelCount > 0 {
      let bytesPerToken = Double(validation.byteCount) / Double(validation.tokenCount)
      json["validation"] = [
        "tokens": JSONValue(validation.tokenCount), "bytes_per_token": JSONValue(bytesPerToken),
        "unigram_entropy": JSONValue(validation.unigramEntropy),
      ]
    }
    if let folder = configuration.from, let earlier {
      json["from"] = ["name": JSONValue(FilePath.name(of: folder)), "sha256": JSONValue(earlier)]
    }
    json["config"] = configuration.json
    self.json = json
  }

  /// Takes up what an earlier run wrote.
  init(_ value: DocumentValue) { json = JSONValue(value) }
}
