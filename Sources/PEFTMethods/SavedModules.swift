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
  /// - Throws: `AttachError` for a name without a module.
  func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> Addition {
    var addition = Addition()
    guard !names.isEmpty else { return addition }
    let tables = [model.embedding, model.positionEmbedding].compactMap { $0 }
    let maps = model.linears + [model.head]
    try check(tables.map(\.site) + maps.map(\.site) + model.norms.map(\.site))
    func vector(_ name: String, _ count: Int, _ frozen: @escaping () -> Tensor?) -> Parameter {
      Parameter(name, shape: [count], in: setting.context.pool) { frozen()?.values ?? [] }
    }
    for table in tables where contains(table.site) {
      let parameter = Parameter(
        "\(table.site).weight", shape: [table.count, table.width], in: setting.context.pool
      ) { [unowned table] in table.weight?.values ?? [] }
      table.trainedWeight = parameter
      addition.add(parameter) { table.trainedWeight = nil }
    }
    for map in maps where contains(map.site) {
      let weight = Parameter(
        "\(map.site).weight", shape: [map.outputs, map.inputs], in: setting.context.pool
      ) { [unowned map] in map.weight?.values ?? [] }
      map.trainedWeight = weight
      addition.add(weight, isTransposed: model.storesTransposed(map)) { map.trainedWeight = nil }
      guard map.hasBias else { continue }
      let bias = vector("\(map.site).bias", map.outputs) { [unowned map] in map.bias }
      map.trainedBias = bias
      addition.add(bias) { map.trainedBias = nil }
    }
    for norm in model.norms where contains(norm.site) {
      if norm.hasGain {
        let gain = vector("\(norm.site).weight", norm.width) { [unowned norm] in norm.gain }
        norm.trainedGain = gain
        addition.add(gain) { norm.trainedGain = nil }
      }
      if norm.hasBias {
        let bias = vector("\(norm.site).bias", norm.width) { [unowned norm] in norm.bias }
        norm.trainedBias = bias
        addition.add(bias) { norm.trainedBias = nil }
      }
    }
    return addition
  }

  private func check(_ sites: [String]) throws {
    guard mustMatch, let unmatched = names.first(where: { name in !sites.contains { Self.isNamed($0, by: name) } })
    else { return }
    var shown: [String] = []
    for site in sites {
      let name = site.split(separator: ".").last.map(String.init) ?? site
      if !shown.contains(name) { shown.append(name) }
    }
    throw AttachError(
      "modules_to_save: \"\(unmatched)\" matches no module; this model has \(shown.joined(separator: ", "))",
      option: "modules_to_save")
  }
}

/// What is trained and saved beside a method's own parameters.
struct Addition {
  private(set) var parameters: [Parameter] = []
  private(set) var tensors: [AdapterTensor] = []
  private var undos: [() -> Void] = []

  /// Adds a parameter that is saved under its own name, or under a given key.
  ///
  /// - Parameters:
  ///   - parameter: The parameter.
  ///   - key: The key, if it is not `base_model.model.` and the parameter's name.
  ///   - isTransposed: Whether the file has its matrix turned, as GPT-2's checkpoints have.
  ///   - undo: Takes it off the model.
  mutating func add(_ parameter: Parameter, key: String? = nil, isTransposed: Bool = false, undo: @escaping () -> Void)
  {
    parameters.append(parameter)
    undos.append(undo)
    guard isTransposed else {
      tensors.append(AdapterTensor(parameter, key: key))
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
    undos += other.undos
  }

  /// Takes everything off the model.
  func undo() { for undo in undos { undo() } }
}

extension WeightMatrix {
  /// All elements, row-major.
  var values: [Float] {
    [Float](unsafeUninitializedCapacity: outputs * inputs) { buffer, initialized in
      if let base = buffer.baseAddress { decode(into: base) }
      initialized = outputs * inputs
    }
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
