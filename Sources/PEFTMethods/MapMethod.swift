import PEFTCore

/// A method that puts an adapter of its own around each of the linear maps that it chooses: most methods do.
///
/// A conforming type says what it puts around a map and what its file says; how maps are chosen, what is attached where, the
/// modules that are trained beside it and the members of the file that all such methods have are said here.
protocol MapMethod: PEFTMethod {
  /// PEFT's name of the method, such as `HIRA`; for one that PEFT lacks, a name of our own.
  static var peftType: String { get }

  /// The maps to adapt.
  var maps: MapSelection { get }

  /// The method's own options that make it again; those without a value are left out.
  var ownOptions: [(name: String, value: JSONValue)] { get }

  /// The maps to adapt if none are named.
  ///
  /// - Throws: `AttachError` if the architecture has no default.
  func defaultTargets(of model: CausalLanguageModel) throws -> TargetSelector

  /// What is put around the chosen maps, one for each, in their order; weights may not be loaded yet.
  ///
  /// - Throws: `AttachError` if an option does not fit one of the maps.
  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter]

  /// The members of adapter_config.json that are the method's own and say something; `AdapterFormat.constantMembers` has
  /// those that PEFT always writes alike.
  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)]

  /// Tensors of the file that belong to no map alone, such as projections that all maps share.
  func sharedTensors(of adapters: [any MapAdapter]) -> [AdapterTensor]

  /// What the method does while it is trained, beside its forward pass.
  func participants(for adapters: [any MapAdapter], with setting: AttachmentSetting) -> [any TrainingParticipant]

  /// What PEFT's format has no place for and a training needs to resume.
  func state(of adapters: [any MapAdapter]) -> [AdapterTensor]

  /// What is saved where that depends on the adapters' values: members in place of those of the same names, and what stands
  /// for the adapters' tensors and state. Nil to save these as they are.
  func savedForm(of adapters: [any MapAdapter]) -> SavedForm?

  /// What is allowed for these maps but should be known, a sentence each.
  func notes(_ maps: [Linear]) -> [String]
}

/// What is saved of adapters whose values decide what that is.
struct SavedForm {
  /// Members of adapter_config.json.
  var members: [(String, JSONValue)] = []
  /// What stands in PEFT's file.
  var tensors: [AdapterTensor]
  /// What lies in the private state file; nothing for no such file.
  var state: [AdapterTensor] = []
}

/// The adapter that a method puts around one linear map, with what is saved of it.
protocol MapAdapter: LinearAdapter {
  /// What is saved, by PEFT's keys: the parameters as they are, unless the method says otherwise.
  var tensors: [AdapterTensor] { get }
}

extension MapAdapter {
  var tensors: [AdapterTensor] { parameters.map { AdapterTensor($0) } }
}

extension MapMethod {
  func defaultTargets(of model: CausalLanguageModel) throws -> TargetSelector {
    try DefaultTargets.queriesAndValues(of: model)
  }

  func sharedTensors(of adapters: [any MapAdapter]) -> [AdapterTensor] { [] }
  func participants(for adapters: [any MapAdapter], with setting: AttachmentSetting) -> [any TrainingParticipant] { [] }
  func state(of adapters: [any MapAdapter]) -> [AdapterTensor] { [] }
  func savedForm(of adapters: [any MapAdapter]) -> SavedForm? { nil }
  func notes(_ maps: [Linear]) -> [String] { [] }

  var options: [(name: String, value: JSONValue)] {
    (ownOptions + maps.options).filter { $0.value != .null }
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try maps.targets ?? defaultTargets(of: model)
    let linears = try selector.linears(of: model, except: maps.savedModules)
    let adapters = try adapters(around: linears, of: model, with: setting)
    for (linear, adapter) in zip(linears, adapters) { try placements.place(.adapter(adapter), at: linear) }
    let beside = try maps.savedModules.attach(to: model, with: setting, placing: placements)
    var parameters: [Parameter] = []
    // A parameter that several maps share is trained once.
    for parameter in adapters.flatMap(\.parameters) where !parameters.contains(where: { $0 === parameter }) {
      parameters.append(parameter)
    }
    let members =
      members(of: model, maps: linears) + [
        ("target_modules", selector.document(sites: linears.map(\.site))),
        ("modules_to_save", maps.savedModules.document),
      ]
    let (state, copies) = (state(of: adapters), BaseCopy.all(of: model))
    return AttachedMethod(
      parameters: parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: Self.peftType, configuration: members,
        tensors: sharedTensors(of: adapters) + adapters.flatMap(\.tensors) + beside.tensors,
        state: state.isEmpty ? [] : state + beside.tensors, copies: copies,
        saved: {
          savedForm(of: adapters).map { form in
            AdapterFormat(
              peftType: Self.peftType,
              configuration: members.filter { member in !form.members.contains { $0.0 == member.0 } } + form.members,
              tensors: sharedTensors(of: adapters) + form.tensors + beside.tensors,
              state: form.state.isEmpty ? [] : form.state + beside.tensors, copies: copies)
          }
        }),
      notes: notes(linears), participants: participants(for: adapters, with: setting))
  }
}

/// Which linear maps a method adapts, and what is trained as a whole beside them.
struct MapSelection: Sendable {
  /// The maps to adapt; nil for the method's default.
  let targets: TargetSelector?
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules

  /// Reads the options.
  init(options: inout OptionReader) throws {
    targets = try TargetSelector.read(&options)
    savedModules = try SavedModules(options: &options)
  }

  /// Reads the members of a saved adapter's settings.
  init(peft settings: AdapterSettings) throws {
    targets = try settings.targets()
    savedModules = try SavedModules(peft: settings)
  }

  /// The options that make it again.
  var options: [(name: String, value: JSONValue)] {
    TargetSelector.options(targets).map { (name: $0.0, value: $0.1) }
      + [(name: "modules_to_save", value: savedModules.document)]
  }
}
