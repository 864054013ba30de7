import PEFTCore

/// The modules that `modules_to_save` names: trained as a whole, beside the adapter, and saved with it.
///
/// As in PEFT, a name means every module whose path ends with it (with or without a dot before it), with all that is
/// in it, and no adapter is put around such a module.
struct SavedModules: Sendable {
  /// No modules.
  static let none = SavedModules([], mustMatch: false)

  /// The names, in the order in which they were given.
  let names: [String]
  /// Whether a name without a module is an error; saved adapters may have some.
  let mustMatch: Bool

  init(_ names: [String], mustMatch: Bool) {
    self.names = names
    self.mustMatch = mustMatch
  }

  /// Reads the option.
  init(options: inout OptionReader) throws {
    let names = try options.optionalStrings(
      "modules_to_save", about: "modules that are trained as a whole and saved beside the adapter, such as lm_head")
    if names?.contains("") == true { throw options.error("modules_to_save", "a module's name is empty") }
    self.init(names ?? [], mustMatch: true)
  }

  /// Reads the member of a saved adapter's settings.
  init(peft settings: AdapterSettings) throws {
    let names = try settings.strings("modules_to_save") ?? []
    if names.contains("") { throw settings.error("modules_to_save", "a module's name is empty") }
    self.init(names, mustMatch: false)
  }

  /// Whether the part at a site is trained as a whole.
  func contains(_ site: String) -> Bool { names.contains { Self.isNamed(site, by: $0) } }

  private static func isNamed(_ site: String, by name: String) -> Bool {
    var path = site[...]
    while true {
      if path.hasSuffix(name) { return true }
      guard let dot = path.lastIndex(of: ".") else { return false }
      path = path[..<dot]
    }
  }

  /// As PEFT writes it.
  var document: JSONValue { names.isEmpty ? .null : JSONValue(names) }

  /// Trains the modules.
  ///
  /// - Throws: `AttachError` for a name without a module, or a module that another method has to do with.
  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> Addition {
    var addition = Addition()
    guard !names.isEmpty else { return addition }
    let tables = [model.embedding, model.positionEmbedding].compactMap { $0 }
    let parts: [any SitePart] = tables + model.linears + [model.head] + model.norms
    try check(parts.map(\.site))
    for slot in parts.flatMap(\.weightSlots) where contains(slot.part.site) {
      let parameter = slot.parameter(context: setting.context)
      try placements.place(slot.occupant(parameter), at: slot.part)
      addition.add(parameter, isTransposed: model.storesTransposed(slot))
    }
    return addition
  }

  private func check(_ sites: [String]) throws {
    guard mustMatch, let unmatched = names.first(where: { name in !sites.contains { Self.isNamed($0, by: name) } })
    else { return }
    throw AttachError(
      "modules_to_save: \"\(unmatched)\" matches no module; this model has \(sites.lastNames.joined(separator: ", "))",
      option: "modules_to_save")
  }
}

/// What is trained and saved beside a method's own parameters.
struct Addition {
  private(set) var parameters: [Parameter] = []
  private(set) var tensors: [AdapterTensor] = []

  /// Adds a parameter that is saved under its own name, or under a given key.
  ///
  /// - Parameters:
  ///   - parameter: The parameter.
  ///   - key: The key, if it is not `base_model.model.` and the parameter's name.
  ///   - twins: Keys of modules that share it.
  ///   - isTransposed: Whether the file has its matrix turned, as GPT-2's checkpoints have.
  mutating func add(_ parameter: Parameter, key: String? = nil, twins: [String] = [], isTransposed: Bool = false) {
    parameters.append(parameter)
    guard isTransposed else {
      tensors.append(AdapterTensor(parameter, key: key, twins: twins))
      return
    }
    let (rows, columns) = (parameter.shape[0], parameter.shape[1])
    tensors.append(
      AdapterTensor(
        key: key ?? "base_model.model.\(parameter.name)", shape: [columns, rows],
        values: { parameter.value.values.transposed(rows: rows) },
        assign: { parameter.assign($0.transposed(rows: columns)) }))
  }

  /// Adds what another addition has.
  mutating func add(_ other: Addition) {
    parameters += other.parameters
    tensors += other.tensors
  }
}

extension [Float] {
  /// A row-major matrix turned.
  func transposed(rows: Int) -> [Float] {
    let columns = count / rows
    return [Float](unsafeUninitializedCapacity: count) { target, initialized in
      withUnsafeBufferPointer { source in
        for row in 0..<rows {
          for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
        }
      }
      initialized = count
    }
  }
}
