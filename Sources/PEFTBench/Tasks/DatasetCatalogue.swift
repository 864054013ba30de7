import PEFTCore

/// The datasets that are known by name: the 27 of PEFT-Bench (arXiv 2511.21285, table 4), in the order of its main table,
/// and those of other studies.
package enum DatasetCatalogue {
  /// The full suite, which is what `all` means in a config.
  package static let all: [DatasetDescription] = glue + superGLUE + reasoning + mathematics + code

  /// The full suite, then the datasets of other studies, which are in it by no name but their own and their group's.
  package static let everything: [DatasetDescription] = all + studies

  /// The dataset called `id`, or nil.
  package static func dataset(_ id: String) -> DatasetDescription? { everything.first { $0.id == id } }

  /// The dataset called `id`.
  ///
  /// - Throws: `UnknownDataset` with the nearest name.
  package static func known(_ id: String) throws(UnknownDataset) -> DatasetDescription {
    guard let dataset = dataset(id) else { throw UnknownDataset(name: id) }
    return dataset
  }

  /// The datasets that a name in a config stands for: one dataset, a group, or `all`.
  ///
  /// - Throws: `UnknownDataset` with the nearest name.
  package static func datasets(named name: String) throws(UnknownDataset) -> [DatasetDescription] {
    if name == "all" { return all }
    if let group = DatasetGroup(rawValue: name), group != .custom { return everything.filter { $0.group == group } }
    guard let dataset = dataset(name) else { throw UnknownDataset(name: name) }
    return [dataset]
  }

  /// What a name may be: the datasets, the groups and `all`.
  static var names: [String] {
    everything.map(\.id) + DatasetGroup.allCases.filter { $0 != .custom }.map(\.rawValue) + ["all"]
  }

  /// Which datasets have a test split, in words.
  static var testSplitAdvice: String {
    let names = everything.filter { !$0.testSplits.isEmpty }.map(\.id)
    return "of the published ones \(names.joined(separator: ", ")) have one with labels that is not scored anyway, and "
      + "own data may have files.test"
  }

  /// The metric of a dataset of the catalogue.
  static func metric(_ id: String) -> DatasetMetric {
    guard let metric = DatasetMetric.for(dataset: id) else { preconditionFailure("the dataset \(id) has no metric") }
    return metric
  }
}

/// A name that is not a dataset of the catalogue.
package struct UnknownDataset: InputError, Equatable {
  /// The name.
  package let name: String

  /// One sentence with the nearest name and all of them.
  package var description: String {
    let guess = NearestName.of(name, among: DatasetCatalogue.names).map { "; did you mean \"\($0)\"?" } ?? "."
    let list = DatasetCatalogue.everything.map(\.id).joined(separator: ", ")
    return
      "there is no dataset \"\(name)\"\(guess) Datasets: \(list); groups: glue, superglue, reasoning, math, code, "
      + "studies, all"
  }
}

extension DatasetDescription {
  /// A dataset whose answers are label words.
  static func classification(
    _ id: String, _ group: DatasetGroup, _ title: String, _ source: DatasetSource,
    trainingSplits: [String] = ["train"], evaluationSplits: [String] = ["validation"],
    testSplits: [String] = [], columns: [[String]], instruction: String, dropsBrokenTextRows: Bool = false,
    read: @escaping @Sendable (SourceRow) throws -> [Example]
  ) -> DatasetDescription {
    DatasetDescription(
      id: id, group: group, title: title, source: source, trainingSplits: trainingSplits,
      evaluationSplits: evaluationSplits, testSplits: testSplits, columns: columns,
      layout: .lines(instruction: instruction),
      metric: DatasetCatalogue.metric(id), dropsBrokenTextRows: dropsBrokenTextRows, read: read)
  }
}
