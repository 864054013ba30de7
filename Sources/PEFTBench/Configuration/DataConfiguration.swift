import Foundation
import PEFTCore
import PEFTMethods

/// Which datasets are used, and how much of each.
package struct DataConfiguration: Sendable {
  /// Where the datasets come from: the small ones of this program, the published ones, or the user.
  ///
  /// It says where names of the catalogue are looked for. A dataset that the config describes is own data under any of
  /// them.
  package enum Suite: String, CaseIterable, Sendable { case mini, full, own }

  /// Which rows a limit keeps: those that come first, or a sample of all of them.
  package enum Limit: String, CaseIterable, Sendable { case first, sample }

  /// Which rows a result is reported on besides those that are scored: none, or a third split.
  package enum Test: String, CaseIterable, Sendable { case validation, test }

  /// One element of `datasets`.
  package enum Entry: Sendable {
    /// The name of a dataset, of a group, or "all"; the value locates it for the catalogue's errors.
    case name(String, DocumentValue)
    /// A dataset that the config describes itself, for the catalogue to read; `place` is its dotted path.
    case custom(DocumentValue, place: String)
  }

  /// Which suite the names belong to.
  package var suite: Suite
  /// The folder of the datasets, resolved; the suite's own unless given.
  package var root: String?
  /// The folder that counts: `root`, else the suite's own below the current directory or beside the config's folder.
  package let folder: String
  /// The branch, tag or commit of the datasets in the Hub's cache; then no other place counts.
  package var revision: String?
  /// The elements of `datasets`.
  package var datasets: [Entry]
  /// Which rows the limits keep.
  package var limit: Limit
  /// What a sample is drawn by; one for all runs, whatever their seed, so that they are compared on the same rows.
  package var sampleSeed: Int
  /// Most training rows per dataset; all unless given.
  package var trainLimit: Int?
  /// As many training rows of each class, in place of a limit of all.
  package var classLimit: ClassLimit?
  /// Most evaluation rows per dataset; all unless given.
  package var evaluationLimit: Int?
  /// Whether the rows of a third split are answered too, so that what was chosen on validation can be reported on others.
  package var test: Test
  /// A `dataset_info.json` of PEFT-Bench with its wording of the prompts, resolved.
  package var datasetInfo: String?
  /// What becomes of a null in a column of the prompt.
  package var nulls: NullPolicy
  /// The file with further training rows for strategies that take some, resolved; `{dataset}` in it stands for a dataset's
  /// name.
  package var augment: String?

  init(reading reader: inout OptionReader, file: ConfigFile) throws(DocumentError) {
    OptionAliases.add(to: &reader, section: .data)
    suite = try reader.choice(
      "suite", default: Suite.mini,
      about: "where names of datasets are looked for: `mini` comes with this program, `full` are the published ones, "
        + "`own` has descriptions only. Part of every record, as `own` for described datasets")
    root = try reader.optionalFilePath(
      "root", about: "the folder of the datasets; `datasets/<suite>`, here or beside the config's folder, unless given"
    ).map(file.resolve)
    folder = root ?? Self.folder(of: suite, file: file)
    revision = try reader.optionalString(
      "revision", about: "a branch, tag or commit of the datasets in the Hub's cache, which is then the only place")
    let given = try reader.value(
      "datasets",
      about:
        "names, groups (`glue`, `superglue`, `reasoning`, `math`, `code`, `studies`), `all` (the full suite, without "
        + "`studies`), or descriptions of your own, as "
        + "below; all unless given")
    guard given != nil || suite != .own else {
      throw reader.missing("datasets", "missing; own data needs at least one description of a dataset")
    }
    let list = given ?? DocumentValue(.array([DocumentValue(.string("all"))]))
    let place = reader.path(of: "datasets")
    datasets = []
    for (index, value) in (list.array ?? [list]).enumerated() {
      let place = list.array == nil ? place : "\(place)[\(index)]"
      switch value.content {
      case .string(let name) where !name.isEmpty: datasets.append(.name(name, value))
      case .object: datasets.append(.custom(value, place: place))
      default:
        throw DocumentError(
          "\(place): expected a dataset's name or description, found \(value.shown)", at: value.offset, of: file.text)
      }
    }
    guard !datasets.isEmpty else { throw reader.error("datasets", "expected at least one dataset, found none") }
    limit = try reader.choice(
      "limit", default: Limit.sample,
      about: "which rows a limit keeps: a sample in which every class has its share, or the first ones")
    sampleSeed = try reader.integer(
      "sample_seed", default: 0, in: 0..., about: "what the sample is drawn by, for all runs alike")
    let aboutTrainLimit =
      "most rows of a dataset to train on; all unless given. `{per_class: 5}` draws as many of each class, and is an error "
      + "where one has fewer, unless `if_fewer: all` is beside it"
    if reader.givesObject("train_limit"), var limit = try reader.optionalObject("train_limit", about: aboutTrainLimit) {
      classLimit = try ClassLimit(reading: &limit)
    } else {
      trainLimit = try reader.optionalInteger("train_limit", in: 1..., about: aboutTrainLimit)
    }
    evaluationLimit = try reader.optionalInteger(
      "eval_limit", in: 1..., about: "most rows of a dataset to score; all unless given")
    test = try reader.choice(
      "test", default: Test.validation,
      about: "`test`: answer the rows of a third split too, which choose nothing (`files.test` of own data, or mrpc, "
        + "mmlu, openbookqa, math_qa, snli, scitail, sst5)")
    datasetInfo = try reader.optionalFilePath(
      "dataset_info", about: "a `dataset_info.json` of PEFT-Bench, for its wording of the prompts"
    ).map(file.resolve)
    nulls = try reader.choice(
      "null", default: NullPolicy.empty, about: "what a null in a column of the prompt is: an empty text, or an error")
    augment = try reader.optionalFilePath(
      "augment",
      about:
        "a file of further training rows for the strategies `augmentation` and `deni+augmentation`, in place of rows "
        + "that are reworded by rules; `{dataset}` in it stands for the dataset's name"
    ).map(file.resolve)
  }

  /// What a config may say about the data.
  static let options =
    (try? OptionReader.describing { reader in _ = try DataConfiguration(reading: &reader, file: .empty) }) ?? []

  /// The suite's own folder: below the current directory, in the config's folder, or beside it.
  private static func folder(of suite: Suite, file: ConfigFile) -> String {
    for path in [suite.defaultRoot, "../" + suite.defaultRoot] {
      let resolved = file.resolve(path)
      if FileManager.default.fileExists(atPath: resolved) { return resolved }
    }
    return suite.defaultRoot
  }

  /// The rows that a limit of `count` keeps; all without one.
  ///
  /// - Parameter seed: What a sample is drawn by, where it is not the one for all runs.
  func rows(within count: Int?, seed: Int? = nil) -> RowChoice {
    guard let count else { return .all }
    return limit == .first ? .first(count) : .sample(count, seed: seed ?? sampleSeed)
  }

  /// The rows to train on.
  ///
  /// - Parameter seed: What a sample is drawn by, where it is not the one for all runs.
  func trainingRows(seed: Int? = nil) -> RowChoice {
    guard let classLimit else { return rows(within: trainLimit, seed: seed) }
    return .perClass(classLimit, seed: limit == .first ? nil : seed ?? sampleSeed)
  }

  /// All values under their keys.
  package var json: JSONValue {
    var json: JSONValue = [
      "suite": .string(suite.rawValue), "root": JSONValue(root), "revision": JSONValue(revision),
      "datasets": .array(
        datasets.map { entry in
          switch entry {
          case .name(let name, _): .string(name)
          case .custom(let value, _): JSONValue(value)
          }
        }),
      "limit": .string(limit.rawValue), "sample_seed": .integer(sampleSeed),
      "train_limit": classLimit?.json ?? JSONValue(trainLimit),
      "eval_limit": JSONValue(evaluationLimit), "test": .string(test.rawValue),
      "dataset_info": JSONValue(datasetInfo), "null": .string(nulls.rawValue),
    ]
    // Only where it is given, so that other configs are written as they were.
    if let augment { json["augment"] = .string(augment) }
    return json
  }
}
