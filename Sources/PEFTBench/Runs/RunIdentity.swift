import PEFTCore

/// Exactly what determines a run's numbers; its hash is the run's id.
///
/// Times, threads, batch size of the evaluation and places of files are not part of it: they change no number.
public struct RunIdentity: Sendable {
  /// The members, in a fixed order.
  public let json: JSONValue

  /// The id: the first 16 hexadecimal digits of the SHA-256 of the members as compact JSON.
  public var id: String { String(SHA256.hexadecimal(of: Array(json.compactText.utf8)).prefix(16)) }

  /// Rises whenever a change of the engine changes numbers, so that old results are not taken for new ones.
  static let engine = 1

  init(
    suite: String, model: JSONValue, method: JSONValue, dataset: JSONValue, seed: Int, training: JSONValue,
    evaluation: JSONValue
  ) {
    json = [
      "engine": JSONValue(Self.engine), "suite": JSONValue(suite), "model": model, "method": method,
      "dataset": dataset, "seed": JSONValue(seed), "training": training, "evaluation": evaluation,
    ]
  }
}
