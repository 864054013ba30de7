import Foundation
import PEFTCore

/// Finds the values that adapters started from.
public struct AdapterOrigins {
  private let common: String?
  private let base: (AdapterFile) throws -> LoadedBase
  private let modelHash: (AdapterFile) throws -> String?

  /// - Parameters:
  ///   - common: The folder of an adapter that all started from, or `CombinationRecipe.neutralOrigin`; nil for what each
  ///     adapter says itself.
  ///   - base: Gives the base model of an adapter, with its weights and nothing attached.
  ///   - modelHash: The hash of that model's weights; nil where it need not be checked.
  public init(
    common: String?, base: @escaping (AdapterFile) throws -> LoadedBase,
    modelHash: @escaping (AdapterFile) throws -> String?
  ) {
    (self.common, self.base, self.modelHash) = (common, base, modelHash)
  }

  /// The values, by PEFT's keys.
  ///
  /// - Throws: `CheckpointError` for an adapter that does not say what it started from, or whose start cannot be made
  ///   again from what is there now.
  public func values(of file: AdapterFile) throws -> [AdapterArray] {
    if common == CombinationRecipe.neutralOrigin { return try Self.neutral(file) }
    if let common {
      let start = try AdapterFile.open(common)
      try start.checkIsAdapter()
      return try start.arrays()
    }
    try Self.checkIsTold(by: file)
    // Every IA3 starts from ones.
    guard let origin = file.origin else { return try Self.neutral(file) }
    let start = try origin.adapter.map { try self.file(of: $0, startOf: file) }
    // Most methods take a saved adapter over as it is.
    if let start, MethodRegistry.method(named: origin.method)?.runOptions.isEmpty ?? true {
      return try start.arrays()
    }
    if let expected = origin.model, let found = try modelHash(file), found != expected {
      throw CheckpointError(
        file: file.path,
        "started on a model with other weights (SHA-256 \(expected.prefix(16))…, not \(found.prefix(16))…)")
    }
    let base = try base(file)
    let values = try origin.values(
      on: base.model, tokenizer: base.tokenizer, context: base.context, from: start,
      named: "\(file.path)/\(AdapterOrigin.fileName)")
    return AdaLoRA.keptTriplets(of: values, by: file.settings)
  }

  /// What is taken off an adapter's values to leave its vector: its origin, and of a vector nothing.
  ///
  /// - Throws: As `values(of:)`.
  public func offset(of file: AdapterFile) throws -> [AdapterArray] {
    guard file.isVector else { return try values(of: file) }
    return try file.arrays().map { $0.with([Float](repeating: 0, count: $0.values.count)) }
  }

  /// Refuses an adapter whose origin nothing tells.
  static func checkIsTold(by file: AdapterFile) throws(CheckpointError) {
    guard !file.isVector else {
      throw CheckpointError(
        file: file.path, "is a vector, which has no origin: name that of an adapter, as in origin(a) + …")
    }
    guard file.origin != nil || file.peftType == "IA3" else {
      throw CheckpointError(
        file: file.path,
        "does not say what it started from (\(AdapterOrigin.fileName) is not in it), as adapters of other programs and sums "
          + "of weight updates do not: name an origin, a folder or \"\(CombinationRecipe.neutralOrigin)\"")
    }
  }

  /// The adapter that another one started from, a combination made again.
  private func file(of adapter: AdapterOrigin.Adapter, startOf file: AdapterFile) throws -> AdapterFile {
    guard case .string(let folder) = adapter.source else { return try combination(adapter, startOf: file) }
    let place = try Self.place(of: folder, startOf: file)
    guard try AdapterFile.contentHash(of: place) == adapter.hash else {
      throw CheckpointError(file: file.path, "started from \(place), which has another content now")
    }
    return try AdapterFile.open(place)
  }

  /// The combination that another adapter started from, made again of the same adapters: the very values, since neither the
  /// number of threads nor the base model's type counts.
  ///
  /// What its adapters started from may be combinations in their turn. No chain of them comes back to where it began, for
  /// each has the hash of the ones before it.
  private func combination(_ adapter: AdapterOrigin.Adapter, startOf file: AdapterFile) throws -> AdapterFile {
    let text = DocumentText(name: "\(file.path)/\(AdapterOrigin.fileName)", bytes: [])
    var reader = try OptionReader(
      value: DocumentValue(json: adapter.source, at: 0), text: text, what: "a combination of adapters",
      path: "init_from.source")
    var recipe = try CombinationRecipe(reading: &reader)
    // A config may say that nothing is to be chosen.
    try reader.finish(beside: ["choose"])
    recipe.adapters = try recipe.adapters.map { ($0.name, try Self.place(of: $0.path, startOf: file)) }
    if let origin = recipe.origin, origin != CombinationRecipe.neutralOrigin {
      recipe.origin = try Self.place(of: origin, startOf: file)
    }
    guard try recipe.contentHash(AdapterFile.contentHash) == adapter.hash else {
      throw CheckpointError(
        file: file.path,
        "started from the combination \(recipe.text), of whose adapters one has another content or another origin now: "
          + recipe.adapters.map { "\($0.name)=\($0.path)" }.joined(separator: ", "))
    }
    let parts = AdapterOrigins(common: recipe.origin, base: base, modelHash: modelHash)
    return try recipe.combined(
      try recipe.adapters.map { try AdapterFile.open($0.path) }, named: recipe.text, origin: parts.values
    ).file
  }

  /// Where the folder of a start lies now.
  private static func place(of folder: String, startOf file: AdapterFile) throws(CheckpointError) -> String {
    // As the config named it: a copied adapter may have its start inside, a run had it where it was started.
    let places = folder.hasPrefix("/") ? [folder] : ["\(file.path)/\(folder)", folder]
    guard let place = places.first(where: { !AdapterFile.files(in: $0).isEmpty }) else {
      let absolute = places.map { URL(filePath: $0).standardizedFileURL.path }
      throw CheckpointError(
        file: file.path,
        "started from an adapter that is not there; looked for it in \(absolute.joined(separator: ", "))")
    }
    return place
  }

  /// The values that change nothing: one where a tensor scales, zero elsewhere.
  private static func neutral(_ file: AdapterFile) throws -> [AdapterArray] {
    try file.arrays().map { array in
      array.with([Float](repeating: AdapterFile.isAroundOne(array.key) ? 1 : 0, count: array.values.count))
    }
  }
}

extension AdapterFile {
  /// Whether the values of a tensor are factors around one, as IA3's, and not additions around zero.
  public static func isAroundOne(_ key: String) -> Bool { key.hasSuffix(IA3.scaleSuffix) }

  /// One hash over the names and contents of a saved adapter's files.
  ///
  /// - Throws: `FileError` for one that cannot be read.
  public static func contentHash(of folder: String) throws -> String {
    let lines = try files(in: folder).map { path in
      "\(URL(filePath: path).lastPathComponent) \(try SHA256.hexadecimal(ofFile: path))"
    }
    return SHA256.hexadecimal(of: Array(lines.joined(separator: "\n").utf8))
  }
}
