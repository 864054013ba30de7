import Foundation
import PEFTCore
import PEFTMethods

/// What a config asks for: models x methods x datasets x seeds, and how each run is made.
package struct RunConfiguration: Sendable {
  /// The experiment's name; the config file's unless given.
  package var name: String
  /// The models.
  package var models: [ModelConfiguration]
  /// The datasets.
  package var data: DataConfiguration
  /// The methods, each with one combination of options and its training.
  package var methods: [MethodConfiguration]
  /// The seeds.
  package var seeds: [RunSeeds]
  /// The first combination of `training`; each method has its own.
  package var training: TrainingConfiguration
  /// How trained models are judged.
  package var evaluation: EvaluationConfiguration
  /// The constants of the PSCP score.
  package var pscp: PSCPConfiguration
  /// The folder of results, from the current directory.
  package var output: String
  /// Worker threads; as many as the machine has cores unless given.
  ///
  /// No result depends on it.
  package var threads: Int?
  /// The file, for errors about what is read from it later.
  package let file: ConfigFile

  /// Runs that a config may ask for; more take longer to plan than anybody waits.
  static let maximumRuns = 100_000

  /// Reads a config.
  ///
  /// - Parameters:
  ///   - file: The config with its overrides.
  ///   - types: Where methods are looked up by name: in the registry unless given.
  ///   - isForNames: Whether methods that are not understood are no error. A report reads the config of a results folder
  ///     for what its runs are called, and that may be of another version.
  /// - Throws: `DocumentError` with the place of the first key or value that is not understood; with `presets: auto`
  ///   also an `InputError` for a model whose size cannot be read, and for saved adapters that cannot be started from.
  package init(
    _ file: ConfigFile, methods types: @escaping MethodTypes = { MethodRegistry.method(named: $0) },
    isForNames: Bool = false
  ) throws {
    var file = file
    var reader = try file.reader()
    let stem = FilePath.stem(of: file.path)
    let keys = try ConfigKeys(reading: &reader)
    name = keys.name ?? stem
    guard !name.isEmpty, !name.contains("/"), name != ".", name != "..",
      name.unicodeScalars.allSatisfy({ $0.value > 0x1F })
    else { throw reader.error("name", "expected a name that can be a folder's, found \(name.debugDescription)") }
    let models = try Self.models(keys, reader, file: file)
    self.models = models
    let presets = try PresetChoice(keys.presets, reader, file: &file) {
      try models.map { ($0.name, try ModelFiles.open($0.path, revision: $0.revision).skeleton().parameterCount) }
    }
    self.file = file

    var data = keys.data
    // Configs that earlier versions wrote beside results have both, and are read for what their methods are called.
    if keys.seeds.namesSample, data.has("sample_seed"), !isForNames {
      throw data.error("sample_seed", "means the same as seeds.sample; give one of them")
    }
    self.data = try DataConfiguration(reading: &data, file: file)
    try data.finish(owner: Self.section)

    let trainings = try Self.trainings(keys.training, file: file)
    self.training = trainings.first?.training ?? TrainingConfiguration()
    methods = try MethodListReader(
      file: file, trainings: trainings.map(\.object), presets: presets, types: types, isForNames: isForNames
    ).methods(keys.methods)
    guard !methods.isEmpty else {
      throw reader.missing("methods", "expected at least one method, such as [{\"name\": \"lora\"}]")
    }
    // A run of such a config is told with all that the config's `training` says.
    if !isForNames, !file.isResolved { try Self.checkMomentum(trainings.map(\.object), methods, file: file) }
    if self.data.augment != nil, methods.allSatisfy({ $0.training.strategy.augmentation == nil }) {
      throw keys.data.error(
        "augment", "no method has a strategy that takes further rows: augmentation, or deni+augmentation")
    }
    if self.data.augment != nil, !isForNames,
      let method = methods.first(where: { $0.training.strategy.augmentation?.hasRules == true })
    {
      throw keys.data.error(
        "augment",
        "has the further rows, so that copies and changes of \(method.training.strategy.label) (\(method.label)) mean "
          + "nothing; leave these out, or augment")
    }
    seeds = keys.seeds.runs(sampleSeed: self.data.sampleSeed)
    if !isForNames, let problem = keys.seeds.repetition(of: methods, on: self.data) {
      throw reader.error("seeds", problem)
    }
    // A group of the catalogue counts with all that there are.
    let datasetCount = self.data.datasets.reduce(0) { sum, entry in
      if case .name(let name, _) = entry, DatasetCatalogue.dataset(name) == nil {
        return sum + DatasetCatalogue.all.count
      }
      return sum + 1
    }
    guard methods.count * seeds.count <= Self.maximumRuns / (models.count * datasetCount) else {
      let counts = [
        (methods.count, "method"), (seeds.count, "seed"), (models.count, "model"), (datasetCount, "dataset"),
      ]
      let product = counts.map { NumberText.counted($0, $1) }.joined(separator: " x ")
      throw reader.error(
        "seeds", "\(product) are more than the \(Self.maximumRuns) runs that a config may have; split it into several")
    }
    var evaluation = keys.evaluation
    self.evaluation = try EvaluationConfiguration(reading: &evaluation)
    try evaluation.finish(owner: Self.section)
    var pscp = keys.pscp
    self.pscp = try PSCPConfiguration(reading: &pscp)
    try pscp.finish(owner: Self.section)
    output = keys.output ?? "results/\(name)"
    threads = keys.threads
    try reader.finish(owner: Self.section)
  }

  /// Holds strategies that take all training rows, whatever the limit of the data, to so many of them.
  package mutating func limitStrategies(toRows count: Int) {
    training.strategy = training.strategy.limited(toRows: count)
    for index in methods.indices {
      methods[index].training.strategy = methods[index].training.strategy.limited(toRows: count)
    }
  }

  /// The whole config with all defaults written out; reading it gives the same runs.
  ///
  /// Every method stands with one combination of options, and with those training keys that differ from
  /// `training`.
  package var resolvedJSON: JSONValue {
    var result: JSONValue = ["name": .string(name)]
    if models.count == 1 { result["model"] = models[0].json } else { result["models"] = .array(models.map(\.json)) }
    result["data"] = data.json
    result["methods"] = .array(methods.map(resolved))
    result["seeds"] = seeds.json
    // The sample's seed stands once: the data's, which evaluation rows are drawn by too, unless training rows have others.
    if seeds.contains(where: { $0.sources != nil }) {
      if seeds.allSatisfy({ $0.sample == data.sampleSeed }) {
        result["seeds"]?["sample"] = nil
      } else {
        result["data"]?["sample_seed"] = nil
      }
    }
    result["training"] = training.json
    result["evaluation"] = evaluation.json
    result["pscp"] = pscp.json
    result["output"] = .string(output)
    result["threads"] = JSONValue(threads)
    return result
  }

  /// Refuses a momentum with which no method is trained.
  private static func checkMomentum(
    _ trainings: [DocumentObject], _ methods: [MethodConfiguration], file: ConfigFile
  ) throws(DocumentError) {
    let trained = methods.filter(\.trains).map(\.training)
    guard trained.allSatisfy({ $0.underStrategy.optimizer == .adamw }),
      let idle = trained.first(where: \.hasIdleMomentum)
    else { return }
    for object in trainings {
      var reader = try OptionReader(
        value: DocumentValue(.object(object)), text: file.text, what: "training", path: "training")
      if try TrainingConfiguration(reading: &reader).momentum != 0 {
        throw reader.error(TrainingConfiguration.momentumKey, idle.idleMomentum)
      }
    }
  }

  private func resolved(_ method: MethodConfiguration) -> JSONValue {
    let options = method.described
    var result: JSONValue = ["name": .string(method.name), "label": .string(method.label)]
    for option in options {
      if let text = option.defaultValue,
        let value = try? JSONParser.parse(DocumentText(name: "", bytes: Array(text.utf8)))
      {
        result[option.name] = JSONValue(value)
      }
    }
    for member in method.entry.options.object?.members ?? [] {
      let own = options.canonical(member)
      // What the method's name decides may be repeated.
      guard options.contains(where: { $0.name == own.key }) else { continue }
      // Another library's value may mean ours without the key.
      if own.value.isNull, !member.value.isNull { continue }
      result[own.key] = JSONValue(own.value)
    }
    if case .object(let training) = method.training.json {
      // A null would not undo a number of the common training, so such keys are never only in `training`.
      let ownNames = Set(options.flatMap(\.names))
      let common = self.training.json
      var keys = Set(training.members.filter { common[$0.key] != $0.value }.map(\.key))
      for (key, other) in TrainingConfiguration.units {
        // The other unit undoes a number of the common training, and stands for itself beside one.
        if training[key] == .null, keys.contains(key) { keys.insert(other) }
        if training[key] != .null, keys.contains(other) { keys.insert(key) }
      }
      for (key, value) in training.members where keys.contains(key) && value != .null && !ownNames.contains(key) {
        result[key] = value
      }
    }
    // Plain steps have no key in `training`, which would not undo those of the common training.
    if method.training.strategy != training.strategy { result[TrainingStrategy.key] = method.training.strategy.json }
    if let adapter = method.initialAdapterJSON { result["init_from"] = adapter }
    return result
  }

  private static func models(_ keys: ConfigKeys, _ reader: OptionReader, file: ConfigFile) throws(DocumentError)
    -> [ModelConfiguration]
  {
    if keys.model != nil, !keys.models.isEmpty {
      throw reader.error("models", "means the same as \"model\" for several; give one of them")
    }
    if let one = keys.model { return [try ModelConfiguration(one, file: file, path: "model")] }
    var models: [ModelConfiguration] = []
    for (index, value) in keys.models.enumerated() {
      models.append(try ModelConfiguration(value, file: file, path: "models[\(index)]"))
    }
    guard !models.isEmpty else {
      throw reader.missing("model", "missing; the config needs a model, such as {\"path\": …}")
    }
    return models
  }

  /// The section that has a key, for somebody who put it elsewhere.
  private static func section(of key: String) -> String? {
    let sections = [("training", TrainingConfiguration.options), ("evaluation", EvaluationConfiguration.options)]
    return sections.first { $0.1.contains { $0.names.contains(key) } }?.0
  }

  /// The combinations of `training`, each read once, so that every value of a grid is checked.
  private static func trainings(_ value: DocumentValue?, file: ConfigFile) throws(DocumentError)
    -> [(object: DocumentObject, training: TrainingConfiguration)]
  {
    let value = value ?? DocumentValue(.object(DocumentObject([])))
    let whole = try OptionReader(value: value, text: file.text, what: "training", path: "training")
    let objects = try OptionGrid.expand(
      value.object ?? DocumentObject([]), options: TrainingConfiguration.options, text: file.text, path: whole.path)
    var result: [(object: DocumentObject, training: TrainingConfiguration)] = []
    for object in objects {
      var reader = try OptionReader(
        value: DocumentValue(.object(object), offset: value.offset), text: file.text, what: "training", path: whole.path
      )
      let training = try TrainingConfiguration(reading: &reader)
      try reader.finish(owner: section)
      result.append((object, training))
    }
    return result
  }
}
