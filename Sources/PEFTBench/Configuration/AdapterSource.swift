import Foundation
import PEFTCore
import PEFTMethods

/// Where the values of an adapter come from before any training.
enum AdapterSource: Sendable, Equatable {
  /// The method's own start, drawn by the run's seed.
  case fresh
  /// An adapter that was saved in this folder.
  case saved(String)
  /// A combination of saved adapters, with the members that describe it.
  case combined(CombinationRecipe, JSONValue)
  /// One of several combinations, which a run chooses before it starts; until then the first stands for all, since they
  /// differ in values alone.
  case chosen(AdapterChoice)

  /// Reads `init_from`: a folder, or an object that describes a combination.
  ///
  /// - Parameters:
  ///   - value: The value, if there is one.
  ///   - reader: The reader of the entry that it is in, for errors.
  ///   - file: The config, whose folder relative paths start from.
  init(_ value: DocumentValue?, of reader: OptionReader, in file: ConfigFile) throws(DocumentError) {
    guard let value else {
      self = .fresh
      return
    }
    if let folder = value.string {
      guard !folder.isEmpty else { throw reader.error("init_from", "the path is empty") }
      self = .saved(file.resolve(folder))
      return
    }
    guard value.object != nil else {
      throw reader.error("init_from", "expected an adapter's folder, or an object with combine and adapters")
    }
    guard !AdapterChoice.isGiven(in: value) else {
      self = .chosen(try AdapterChoice(value, of: reader, in: file))
      return
    }
    let (recipe, json) = try CombinationRecipe.reading(value, at: reader.path(of: "init_from"), in: file)
    self = .combined(recipe, json)
  }

  /// Reads `init_from` with the parts of the adapter's strength that are wanted: 1 alone unless it says others.
  ///
  /// - Parameters:
  ///   - value: The value, if there is one: as `init(_:of:in:)` has it, or an object with `path`, or with `strength` beside
  ///     what describes a combination.
  ///   - reader: The reader of the entry that it is in, for errors.
  ///   - file: The config, whose folder relative paths start from.
  static func reading(
    _ value: DocumentValue?, of reader: OptionReader, in file: ConfigFile
  ) throws(DocumentError) -> (source: AdapterSource, strengths: [Double]) {
    guard let value, let object = value.object, value["path"] ?? value["strength"] != nil else {
      return (try AdapterSource(value, of: reader, in: file), [1])
    }
    var members = try OptionReader(
      value: value, text: file.text, what: "an adapter to start from", path: reader.path(of: "init_from"))
    let isOne = value["strength"]?.number != nil
    let about = "the part of its strength, or a list of parts"
    let strengths =
      isOne
      ? [try members.number("strength", default: 1, in: 0...100, about: about)]
      : try members.numbers("strength", default: [1], in: 0...100, about: about)
    guard !strengths.isEmpty, Set(strengths).count == strengths.count else {
      throw members.error("strength", "expected at least one number, and none twice")
    }
    if value["combine"] != nil {
      guard !AdapterChoice.isGiven(in: value) else {
        throw members.error("strength", "goes with one adapter, and choose has several: write it into combine")
      }
      let rest = DocumentObject(object.members.filter { $0.key != "strength" })
      return (try AdapterSource(DocumentValue(.object(rest), offset: value.offset), of: reader, in: file), strengths)
    }
    guard let folder = try members.optionalFilePath("path", about: "the folder of a saved adapter") else {
      throw members.missing("path", "expected the folder of a saved adapter")
    }
    try members.finish()
    return (.saved(file.resolve(folder)), strengths)
  }

  /// As a config would say it; nil for a method's own start.
  ///
  /// - Parameter strength: The part of its strength that is wanted.
  func json(at strength: Double) -> JSONValue? {
    guard strength != 1, var json else { return json }
    if case .saved = self { json = ["path": json] }
    json["strength"] = JSONValue(strength)
    return json
  }

  /// As a config would say it at its whole strength; nil for a method's own start.
  var json: JSONValue? {
    switch self {
    case .fresh: nil
    case .saved(let folder): JSONValue(folder)
    case .combined(_, let json): json
    case .chosen(let choice): choice.json
    }
  }

  /// The combinations that a run has to choose from; nil where there is nothing to choose.
  var choice: AdapterChoice? { if case .chosen(let choice) = self { choice } else { nil } }

  /// What stands for it where its values do not matter: of a choice the first candidate.
  private var typical: AdapterSource { choice?.candidates[0].source ?? self }

  /// What messages call it.
  var name: String {
    switch self {
    case .fresh: "the method's own start"
    case .saved(let folder): folder
    case .combined(let recipe, _): recipe.text
    case .chosen: typical.name
    }
  }

  /// The folders of all adapters that it reads.
  var folders: [String] {
    switch self {
    case .fresh: []
    case .saved(let folder): [folder]
    case .combined(let recipe, _):
      recipe.adapters.map(\.path)
        + (recipe.origin.map { $0 == CombinationRecipe.neutralOrigin ? [] : [$0] } ?? [])
    case .chosen: typical.folders
    }
  }

  /// Whether all that it reads is there; a config is read for reports too, when it need not be.
  var isThere: Bool {
    folders.allSatisfy { FileManager.default.fileExists(atPath: $0 + "/adapter_config.json") }
  }

  /// One hash of the contents; nil for a method's own start.
  ///
  /// - Parameter hash: Gives the hash of an adapter's folder.
  func contentHash(_ hash: (_ folder: String) throws -> String) throws -> String? {
    switch self {
    case .fresh: return nil
    case .saved(let folder): return try hash(folder)
    case .combined(let recipe, _): return try recipe.contentHash(hash)
    case .chosen(let choice): return CombinationRecipe.hash(of: try choice.canonical { try $0.content(hash) })
    }
  }

  /// The adapter's settings and shapes, its values only where they are saved; nil for a method's own start.
  ///
  /// - Throws: An `InputError` for adapters that cannot be read or combined.
  func outline() throws -> AdapterFile? {
    switch self {
    case .fresh: return nil
    case .saved(let folder):
      let file = try AdapterFile.open(folder)
      try file.checkIsAdapter()
      return file
    case .combined(let recipe, _):
      return try recipe.outlined(try recipe.adapters.map { try AdapterFile.open($0.path) }, named: recipe.text)
    case .chosen: return try typical.outline()
    }
  }

  /// The adapter; nil for a method's own start.
  ///
  /// - Parameters:
  ///   - base: The model with nothing attached. Without weights the values of a combination are not computed.
  ///   - modelHash: The hash of its weights, if it is known.
  ///   - workers: Share decompositions out.
  /// - Throws: An `InputError` for adapters that cannot be read or combined.
  func adapter(on base: LoadedBase, modelHash: String?, workers: Workers) throws -> AdapterFile? {
    guard case .combined(let recipe, _) = typical, base.hasWeights else { return try outline() }
    let files = try recipe.adapters.map { try AdapterFile.open($0.path) }
    let origins = AdapterOrigins(common: recipe.origin, base: { _ in base }, modelHash: { _ in modelHash })
    return try recipe.combined(files, named: recipe.text, workers: workers, origin: origins.values).file
  }
}

extension AdapterChoice.Candidate {
  /// What a run of it alone starts from.
  var source: AdapterSource { .combined(recipe, json) }
}
