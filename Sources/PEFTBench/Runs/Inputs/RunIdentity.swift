import PEFTCore
import PEFTMethods

/// Exactly what determines a run's numbers; its hash is the run's id.
///
/// It is a canonical description: every value as it was understood, with defaults filled in, under fixed keys and in a
/// fixed order. So two spellings of one run have one id, and nothing that a number depends on can change without
/// another id. Models, rows and adapters are identified by their content, not by where they lie or what they are
/// called.
///
/// Not part of it are the threads, the evaluation's batch size, the steps between checkpoints, labels and paths, which
/// change no number, and the settings of PSCP, which is computed from what a run measures.
package struct RunIdentity: Sendable {
  /// The members, in a fixed order.
  package let json: JSONValue

  /// Name and version of the form.
  static let schema = "peft-bench.run-identity/1"
  /// Rises whenever a change of the engine changes numbers, or what ids cover, so that old results are not taken for
  /// new ones.
  package static let engine = 3

  /// The id: the first 16 hexadecimal digits of the SHA-256 of the members as compact JSON.
  package var id: String { Self.hash(of: json, digits: 16) }

  /// What a run's numbers depend on, whichever engine makes them.
  ///
  /// - Parameter identity: The members, as a record keeps them.
  package static func content(of identity: JSONValue) -> String {
    var members = identity
    members["engine"] = nil
    return hash(of: members, digits: 16)
  }

  /// The identity of a run of `configuration`.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - configuration: The config that asks for it.
  ///   - model: What identifies the model.
  ///   - adapterHash: The hash of the adapter that it starts from, if there is one.
  ///   - dataset: What identifies the data.
  /// - Throws: An `InputError` for options that the method does not have.
  init(
    of run: PlannedRun, in configuration: RunConfiguration, model: ModelIdentity, adapterHash: String?,
    dataset: DatasetIdentity
  ) throws {
    var method: JSONValue = [
      "name": JSONValue(run.method.name),
      "options": .object(try run.method.options),
      "init_from": JSONValue(adapterHash),
    ]
    // Only where it is given, so that the ids of other runs stay what they were.
    if !run.isZeroShot, let seed = run.method.training.initialSeed { method["init_seed"] = JSONValue(seed) }
    if run.method.strength != 1 { method["strength"] = JSONValue(run.method.strength) }
    if run.method.adapterSource.choice != nil {
      method[AdapterChoice.key] = AdapterChoice.heldOut(of: run.training)
    }
    json = [
      "schema": JSONValue(Self.schema), "engine": JSONValue(Self.engine),
      "suite": JSONValue(configuration.data.suite(of: run.dataset).rawValue), "model": model.json,
      "dataset": dataset.json,
      "method": method,
      "seed": run.isZeroShot ? 0 : run.seeds.json,
      "training": !run.trains ? .null : run.method.training.resultJSON,
      "evaluation": configuration.evaluation.canonical(for: run.dataset),
    ]
  }

  /// The first digits of the SHA-256 of a value as compact JSON.
  static func hash(of value: JSONValue, digits: Int = 64) -> String {
    String(SHA256.hexadecimal(of: JSONWriter.bytes(value, isPretty: false)).prefix(digits))
  }
}

extension EvaluationConfiguration {
  /// What an evaluation's numbers depend on, with the dataset's own limit where the config gives none.
  func canonical(for dataset: DatasetDescription) -> JSONValue {
    [
      "mode": JSONValue(mode.rawValue), "protocol": JSONValue(scoring.rawValue),
      "max_new_tokens": JSONValue(maximumNewTokens ?? dataset.maximumNewTokens),
    ]
  }
}
