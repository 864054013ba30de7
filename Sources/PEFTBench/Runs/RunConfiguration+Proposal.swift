import PEFTCore

extension RunConfiguration {
  /// A run that the config's list need not have, in the words of a config of that run alone.
  ///
  /// Another process that has this config makes the same run of it (`run(proposed:)`): one with the same id.
  func proposal(of run: PlannedRun) -> JSONValue {
    var alone = self
    (alone.models, alone.methods, alone.seeds) = ([run.model], [run.method], [run.seeds])
    alone.training = run.method.training
    let whole = alone.resolvedJSON
    var config: JSONValue = [:]
    for key in ["model", "methods", "seeds", "training"] { config[key] = whole[key] }
    return ["config": config, "dataset": JSONValue(run.dataset.id), "preset": JSONValue(run.method.preset)]
  }

  /// The run that a proposal describes, on a dataset of this config.
  ///
  /// - Throws: An `InputError` for what is no proposal of a run of this config.
  package func run(proposed proposal: JSONValue) throws -> PlannedRun {
    let file = try ConfigFile.resolved(proposal["config"] ?? .null, of: self.file.path)
    let one = try RunConfiguration(file)
    let datasets = try data.descriptions(from: self.file)
    guard let model = one.models.first, var method = one.methods.first, let seeds = one.seeds.first,
      one.models.count * one.methods.count * one.seeds.count == 1,
      let dataset = datasets.first(where: { JSONValue($0.id) == proposal["dataset"] })
    else { throw FileError(path: self.file.path, "a proposed run is not one run on a dataset of the config") }
    if case .string(let preset)? = proposal["preset"] { method.preset = preset }
    return PlannedRun(model: model, dataset: dataset, method: method, seeds: seeds)
  }
}
