import PEFTCore

/// The weights that `target_parameters` names: updated as single parameters, not as the modules that they are in.
///
/// As in PEFT, a name is a parameter's whole path or the end of it after a dot, such as `q_proj.weight`. PEFT adds the
/// update to the weight itself before the module runs, for experts' stacks that are in no linear map. For the weight of
/// a linear map that is the update beside the map, which is what is computed: W·x + s·B·A·x. A dropout of x, DoRA and
/// an update's bias have no place in it, and PEFT refuses them too.
struct TargetParameters: Sendable {
  /// The names, in the order in which they were given.
  let names: [String]
  /// Whether a name without a parameter is an error; saved adapters may have some.
  let mustMatch: Bool

  private static let name = "target_parameters"

  /// Reads the option.
  init(options: inout OptionReader) throws {
    let names = try options.optionalStrings(
      Self.name, about: "single weights to update, such as q_proj.weight, in place of target_modules or beside it")
    self.names = names ?? []
    mustMatch = true
    if self.names.contains("") { throw options.error(Self.name, "a parameter's name is empty") }
  }

  /// Reads the member of a saved adapter's settings.
  init(peft settings: AdapterSettings) throws {
    names = try settings.strings(Self.name) ?? []
    mustMatch = false
    if names.contains("") { throw settings.error(Self.name, "a parameter's name is empty") }
  }

  /// As PEFT writes it.
  var document: JSONValue { names.isEmpty ? .null : JSONValue(names) }

  /// The name by which `rank_pattern` and `alpha_pattern` know the update at a site: for a parameter PEFT matches its
  /// path.
  func patternName(of site: String) -> String { contains("\(site).weight") ? "\(site).weight" : site }

  /// The linear maps whose weights it names, in the model's order.
  ///
  /// - Parameter adapted: Sites of the modules that are adapted as such.
  /// - Throws: `AttachError` for a name without a parameter, a parameter that is not the weight of a linear map or is
  ///   stored turned, and a map that is adapted already.
  func linears(of model: CausalLanguageModel, besides adapted: [String]) throws -> [Linear] {
    guard !names.isEmpty else { return [] }
    let maps = model.linears + [model.head]
    try check(maps, of: model)
    let chosen = maps.filter { contains("\($0.site).weight") }
    if let turned = chosen.first(where: { model.storesTransposed($0) }) {
      throw error(
        "\(turned.site).weight is stored transposed in this family, and PEFT's update of such a parameter differs "
          + "from LoRA's; name the module in target_modules")
    }
    if let both = chosen.first(where: { adapted.contains($0.site) }) {
      throw error("\(both.site) is adapted as a module too; PEFT takes one of target_modules and target_parameters")
    }
    return chosen
  }

  private func contains(_ parameter: String) -> Bool { names.contains { Self.isNamed(parameter, by: $0) } }

  private static func isNamed(_ parameter: String, by name: String) -> Bool {
    parameter == name || parameter.hasSuffix("." + name)
  }

  private func check(_ maps: [Linear], of model: CausalLanguageModel) throws {
    let tables = [model.embedding, model.positionEmbedding].compactMap { $0 }.map(\.site)
    let others =
      (tables + model.norms.map(\.site)).map { "\($0).weight" }
      + (maps.map(\.site) + model.norms.map(\.site)).map { "\($0).bias" }
    if let other = others.first(where: contains) {
      throw error("\(other) is not the weight of a linear map; updates of other single parameters are not supported")
    }
    let weights = maps.map { "\($0.site).weight" }
    let unmatched = names.filter { name in !weights.contains { Self.isNamed($0, by: name) } }
    guard let first = unmatched.first, mustMatch || unmatched.count == names.count else { return }
    let shown = maps.map(\.site).lastNames.map { "\($0).weight" }
    throw error("\"\(first)\" matches no weight of a linear map; this model has \(shown.joined(separator: ", "))")
  }

  private func error(_ message: String) -> AttachError { AttachError("\(Self.name): \(message)", option: Self.name) }
}
