import Foundation
public import PEFTCore
import PEFTMethods

/// Exactly what determines a run's numbers; its hash is the run's id.
///
/// Times, threads, batch size of the evaluation and places of files are not part of it: they change no number. Models,
/// data and adapters to start from are told by their content.
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

  /// The identity of a run of `configuration`.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - configuration: The config that asks for it.
  ///   - modelHash: The SHA-256 of the model's weights.
  ///   - adapterHash: The hash of the adapter that it starts from, if there is one.
  ///   - dataset: What identifies the data.
  init(
    of run: PlannedRun, in configuration: RunConfiguration, modelHash: String, adapterHash: String?, dataset: JSONValue
  ) {
    var method = configuration.resolved(
      run.method, options: MethodConfiguration.options(ofMethod: run.method.name) ?? [])
    method["label"] = nil
    method["init_from"] = adapterHash.map { JSONValue($0) }
    for option in TrainingConfiguration.options { method[option.name] = nil }
    var evaluation = configuration.evaluation.json
    evaluation["batch_size"] = nil
    evaluation["zero_shot"] = nil
    self.init(
      suite: configuration.data.suite.rawValue,
      model: ["sha256": JSONValue(modelHash), "dtype": JSONValue(run.model.dataType.rawValue)], method: method,
      dataset: dataset, seed: run.isZeroShot ? 0 : run.seed,
      training: run.isZeroShot ? .null : run.method.training.resultJSON, evaluation: evaluation)
  }

  /// One hash over the files of a saved adapter, those of PEFT and our own.
  static func hash(ofAdapter folder: String) throws -> String {
    let names = ["adapter_config.json", "adapter_model.safetensors", AdapterFile.stateName]
    let hashes = try names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
      .map { "\($0) \(try SHA256.hexadecimal(ofFile: "\(folder)/\($0)"))" }
    return SHA256.hexadecimal(of: Array(hashes.joined(separator: "\n").utf8))
  }
}
