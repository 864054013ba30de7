import CodeMetrics
import PEFTCore
import TableFiles

/// Several datasets that a run trains on together, and answers one after the other.
///
///     {"name": "sources", "together": ["sst2", "mnli", "qnli"], "sampling": "balanced"}
///
/// Each is a task with a number, its place in the list. A method that tells tasks apart (`AttachedMethod.tasks`) is shown the
/// task of every row; others treat all rows alike. The headline score is the accuracy over all rows, and each dataset has
/// its own scores in a set of its name.
package struct DatasetMixture: Sendable {
  /// How often each dataset's rows come up in training.
  package enum Sampling: String, CaseIterable, Sendable {
    /// Every row once an epoch, so that large datasets count for more.
    case proportional
    /// Every dataset as often as the largest, whose rows come once an epoch: those of the others come several times.
    case balanced
  }

  /// The datasets, in the order of their tasks.
  package let members: [DatasetDescription]
  /// How often their rows come up.
  package let sampling: Sampling

  /// Gives the datasets that a name stands for, with its place for errors.
  typealias Names = (_ name: String, _ value: DocumentValue, _ place: String) throws(DocumentError) ->
    [DatasetDescription]

  /// Whether an element of `data.datasets` describes a mixture.
  static func isMeant(by value: DocumentValue) -> Bool { value["together"] != nil }

  /// Reads a description.
  ///
  /// - Parameters:
  ///   - value: The object in the config.
  ///   - text: The config's text.
  ///   - place: Its dotted path, such as `data.datasets[1]`.
  ///   - resolve: Turns a path as the config has it into one from here.
  ///   - named: Gives the datasets that a name at a place stands for.
  /// - Returns: A dataset that is a mixture.
  /// - Throws: `DocumentError` that names the key.
  static func read(
    _ value: DocumentValue, of text: DocumentText, at place: String, resolve: (String) -> String, named: Names
  ) throws(DocumentError) -> DatasetDescription {
    var reader = try OptionReader(value: value, text: text, what: "datasets together", path: place)
    let keys = try Keys(reading: &reader)
    try reader.finish()
    guard CustomDataset.isName(keys.name), DatasetCatalogue.dataset(keys.name) == nil else {
      throw reader.error(
        "name", "expected letters, digits, \"_\", \"-\" and \".\", and no name of the catalogue, found \"\(keys.name)\""
      )
    }
    let listed = reader.path(of: "together")
    var members: [DatasetDescription] = []
    for (index, element) in (keys.together?.array ?? []).enumerated() {
      let here = "\(listed)[\(index)]"
      let found = try self.members(element, text, at: here, resolve: resolve, named: named)
      for dataset in found {
        func refuse(_ message: String) -> DocumentError {
          DocumentError("\(here): \(dataset.id) \(message)", at: element.offset, of: text)
        }
        guard !members.contains(where: { $0.id == dataset.id }) else { throw refuse("is there twice") }
        guard !dataset.labels.isEmpty else {
          throw refuse("has answers of free text; only datasets with labels can be trained together")
        }
        guard !CustomDataset.splitNames.contains(dataset.id.lowercased()) else {
          throw refuse("is the name of a split, and its scores would be taken for that split's; give it another name")
        }
        guard dataset.furtherSets.isEmpty else { throw refuse("has evaluate_on, which is for a dataset by itself") }
        members.append(dataset)
      }
    }
    guard members.count > 1 else {
      throw reader.error("together", "expected two datasets or more, found \(members.count)")
    }
    return description(
      keys.name, title: keys.title, DatasetMixture(members: members, sampling: keys.sampling))
  }

  private static func members(
    _ element: DocumentValue, _ text: DocumentText, at place: String, resolve: (String) -> String, named: Names
  ) throws(DocumentError) -> [DatasetDescription] {
    guard let name = element.string else {
      guard element.object != nil, !isMeant(by: element) else {
        throw DocumentError(
          "\(place): expected a dataset's name or description, found \(element.shown)", at: element.offset, of: text)
      }
      return [try CustomDataset.read(element, of: text, at: place, resolve: resolve)]
    }
    return try named(name, element, place)
  }

  /// The dataset that a mixture is: its labels are those of all members, and no row of it is read by itself.
  private static func description(_ name: String, title: String?, _ mixture: DatasetMixture) -> DatasetDescription {
    var labels: [String] = []
    for label in mixture.members.flatMap(\.labels)
    where !labels.contains(where: { $0.lowercased() == label.lowercased() }) { labels.append(label) }
    var dataset = DatasetDescription(
      id: name, group: .custom, title: title ?? name, source: nil, columns: [],
      layout: .lines(instruction: ""),
      metric: DatasetMetric(dataset: name, family: .multiClass(labels: labels)),
      maximumNewTokens: mixture.members.map(\.maximumNewTokens).max() ?? 8
    ) { row in
      throw row.row.error("\(name) has no rows of its own, but those of \(mixture.members.map(\.id))")
    }
    dataset.mixture = mixture
    return dataset
  }

  /// The keys of a description.
  struct Keys {
    let name: String
    let title: String?
    let together: DocumentValue?
    let sampling: Sampling

    init(reading reader: inout OptionReader) throws(DocumentError) {
      name = try reader.string("name", about: "what results call it")
      title = try reader.optionalString("title", about: "a name for people; `name` unless given")
      together = try reader.value(
        "together",
        about: "the datasets, each a name or a description as above: those with labels can be trained together")
      sampling = try reader.choice(
        "sampling", default: Sampling.proportional,
        about: "`proportional`: every row once an epoch; `balanced`: every dataset as often as the largest")
    }
  }

  /// What a description may have.
  static let options = (try? OptionReader.describing { reader in _ = try Keys(reading: &reader) }) ?? []

  // MARK: - Training

  /// The rows of an epoch: with `balanced`, rows of smaller datasets several times.
  ///
  /// What does not go up into the largest count is drawn, so that no row is preferred in every run.
  ///
  /// - Parameters:
  ///   - rows: The rows to train on, each with its task.
  ///   - stream: Where the further rows are drawn from.
  func epoch(of rows: [EncodedExample], drawing stream: SeedStream) -> [EncodedExample] {
    guard sampling == .balanced else { return rows }
    let tasks = members.indices.map { task in rows.filter { $0.task == task } }
    let largest = tasks.map(\.count).max() ?? 0
    var result = rows
    for (task, own) in tasks.enumerated() where !own.isEmpty {
      let (copies, rest) = largest.quotientAndRemainder(dividingBy: own.count)
      for _ in 1..<copies { result += own }
      result += stream.child("mixture").child(task).permutation(own.count).prefix(rest).map { own[$0] }
    }
    return result
  }

  /// How many rows an epoch has where members have so many.
  func epochCount(of counts: [Int]) -> Int {
    sampling == .balanced ? (counts.max() ?? 0) * counts.count { $0 > 0 } : counts.reduce(0, +)
  }
}

extension DatasetDescription {
  /// How many tasks its rows are of.
  var taskCount: Int { mixture?.members.count ?? 1 }

  /// The datasets whose files it reads: its members if it is a mixture, else itself.
  package var members: [DatasetDescription] { mixture?.members ?? [self] }
}
