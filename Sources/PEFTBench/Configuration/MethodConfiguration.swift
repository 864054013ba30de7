import PEFTCore
import PEFTMethods

/// One method to train, with one combination of options: an entry of `methods` with its grids expanded.
///
/// It is read from the config once. What a run does with it afterwards (identity, attaching, record) needs no text.
package struct MethodConfiguration: Sendable {
  /// What reports call it: the entry's label or the name, with the values that tell it from others.
  package var label: String
  /// How it is trained: the config's `training` with the entry's own keys on top.
  package var training: TrainingConfiguration
  /// Where the values of its adapter come from before any training.
  private(set) var adapterSource: AdapterSource
  /// The part of that adapter's strength that is evaluated; 1 is the adapter itself (`CausalLanguageModel.setStrength`).
  package var strength = 1.0
  /// The size of the presets that values were taken from, if any were.
  package var preset: String?
  /// The size of the presets that have no values of the method, which then has `training`'s learning rate by default.
  var missingPreset: String?
  /// What the config says, with what the adapter that it starts from adds: the words of the resolved config, and the
  /// places of errors.
  let entry: MethodEntry
  /// The method that this is; an error where a config is read for its names alone, and this one's methods are not those
  /// of today.
  private let understood: Result<UnderstoodMethod, any Error>

  /// Reads an entry.
  ///
  /// - Parameters:
  ///   - entry: The method with its options.
  ///   - types: Where the method is looked up.
  ///   - label: What reports call it.
  ///   - training: How it is trained.
  ///   - source: Where the values of its adapter come from. Its options are taken over where the entry says nothing; an
  ///     adapter that is not there is left to whoever opens it.
  ///   - isForNames: Whether an entry that is not understood is no error: a report reads configs of other versions.
  /// - Throws: An `InputError` for options that are not understood, or that the adapter has otherwise.
  init(
    _ entry: MethodEntry, among types: MethodTypes, label: String, training: TrainingConfiguration,
    from source: AdapterSource, isForNames: Bool = false
  ) throws {
    let result = Result { try Self.understand(entry, startingFrom: source, among: types) }
    if !isForNames { _ = try result.get() }
    (self.label, self.training, adapterSource) = (label, training, source)
    self.entry = (try? result.get().0) ?? entry
    understood = result.map(\.1)
  }

  /// The base model alone, which has nothing to train.
  init(untrained training: TrainingConfiguration) {
    let entry = MethodEntry(
      name: MethodRegistry.baseName, options: DocumentValue(.object(DocumentObject([]))), path: "zero_shot", offset: 0,
      text: DocumentText(name: "", bytes: []))
    (label, self.training, adapterSource, self.entry) = (entry.name, training, .fresh, entry)
    understood = Result { try UnderstoodMethod(entry, among: { MethodRegistry.method(named: $0) }) }
  }

  private static func understand(
    _ entry: MethodEntry, startingFrom source: AdapterSource, among types: MethodTypes
  ) throws -> (MethodEntry, UnderstoodMethod) {
    let entry = try entry.takingOverRequired(from: source, among: types)
    let method = try UnderstoodMethod(entry, among: types)
    guard source.isThere, let adapter = try source.outline() else { return (entry, method) }
    let whole = try entry.takingOver(adapter, by: method, among: types)
    return (whole, try UnderstoodMethod(whole, among: types))
  }

  /// The method's name.
  package var name: String { entry.name }

  /// The folder of a saved adapter to start from, resolved.
  package var initialAdapter: String? { if case .saved(let folder) = adapterSource { folder } else { nil } }

  /// Whether it is the base model alone, which has nothing to train and depends on no seed.
  package var isZeroShot: Bool { !MethodRegistry.trains(name) }

  /// What should be known of its learning rate, a sentence; nil where it was chosen for it.
  var rateNote: String? {
    guard trains, let missingPreset else { return nil }
    return
      "presets have no values of \(name) for \(missingPreset), so that it is trained with the default learning_rate "
      + "of \(JSONValue(training.learningRate).compactText); give it one"
  }

  /// Whether a run of it trains; if not, it judges what is attached as it is.
  package var trains: Bool { !isZeroShot && training.trains }

  /// The adapter that it starts from as a config would say it; nil for values of its own.
  var initialAdapterJSON: JSONValue? { adapterSource.json(at: strength) }

  /// The method, a value that can be attached.
  ///
  /// - Throws: An `InputError` where the config was read for its names alone and this entry was not understood.
  package var method: any PEFTMethod { get throws { try understood.get().method } }

  /// The method's options as it understands them, by key.
  ///
  /// - Throws: As `method`.
  package var options: JSONObject { get throws { try understood.get().options } }

  /// What a config may say about the method; empty where it is not known.
  var described: [OptionDescription] {
    ((try? understood.get())?.type ?? MethodRegistry.method(named: name)).flatMap(Self.options) ?? []
  }

  /// What a config may say about a method.
  static func options(of type: any PEFTMethod.Type) -> [OptionDescription]? {
    try? OptionReader.describing { reader in _ = try type.init(reading: &reader) }
  }

  /// What a config may say about the method called `name`, or nil if there is none.
  package static func options(ofMethod name: String) -> [OptionDescription]? {
    MethodRegistry.method(named: name).flatMap(options)
  }

  /// The same with other options, as a source of runs proposes them.
  ///
  /// - Parameters:
  ///   - changes: The options that change, by name.
  ///   - label: What reports call it.
  /// - Throws: An `InputError` for a value that the method does not take.
  package func changing(
    _ changes: [(name: String, value: JSONValue)], label: String
  ) throws -> MethodConfiguration {
    let (type, described, names) = (try understood.get().type, described, Set(changes.map(\.name)))
    let members = changes.map { change in
      DocumentObject.Member(
        key: change.name, keyOffset: entry.offset, value: DocumentValue(json: change.value, at: entry.offset))
    }
    let kept = entry.given.filter { !names.contains(described.canonical($0).key) }
    var method = try MethodConfiguration(
      entry.with(kept + members), among: { _ in type }, label: label, training: training, from: adapterSource)
    (method.strength, method.preset, method.missingPreset) = (strength, preset, missingPreset)
    return method
  }

  /// The same with another adapter to start from, whose settings and shapes are those of this one's.
  func starting(from source: AdapterSource) -> MethodConfiguration {
    var method = self
    method.adapterSource = source
    return method
  }

  /// Attaches the method to a model, with the values of the adapter that it starts from, if any, at its strength.
  ///
  /// - Parameters:
  ///   - model: The model, with nothing attached.
  ///   - setting: What else the method may need.
  ///   - modelHash: The hash of the model's weights, by which origins are told.
  /// - Throws: An `InputError`; for an option that does not fit the model, with its place in the config; for a saved
  ///   adapter that does not fit.
  package func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, modelHash: String? = nil
  ) throws -> AttachedMethod {
    // Origins of other adapters are made on the model while nothing is attached.
    let initial = try adapterSource.adapter(
      on: LoadedBase(model: model, tokenizer: setting.tokenizer, context: setting.context), modelHash: modelHash,
      workers: setting.context.workers)
    do {
      let method = try method
      // A saved adapter's values replace what the method starts from.
      let attachment = try method.attach(
        to: model, with: initial == nil ? setting : setting.with(rows: .irrelevant))
      do {
        try method.begin(attachment, from: initial)
        if strength != 1 { try model.setStrength(Float(strength)) }
      } catch {
        attachment.detach()
        throw error
      }
      return attachment
    } catch let error as AttachError {
      let names = error.option.flatMap { option in described.first { $0.name == option }?.names }
      let given = names?.lazy.compactMap { entry.given($0)?.offset }.first
      throw entry.error(": \(error.description)", at: error.offset ?? given)
    }
  }

  /// Attaches the method where values mean nothing: as `attach` does, but without the values of a saved adapter.
  ///
  /// - Parameters:
  ///   - model: The model without its weights, with nothing attached.
  ///   - context: A shape-only context.
  ///   - tokenizer: The model's, if there is one.
  /// - Throws: What the method throws for options that do not fit the model.
  package func attachShapes(
    to model: CausalLanguageModel, context: ComputeContext, tokenizer: Tokenizer?
  ) throws -> AttachedMethod {
    let attachment = try method.attach(
      to: model,
      with: AttachmentSetting(seeds: SeedStream(0), context: context, tokenizer: tokenizer, rows: .irrelevant))
    if strength != 1 { try model.setStrength(Float(strength)) }
    return attachment
  }
}
