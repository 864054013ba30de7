public import PEFTCore

/// A parameter-efficient fine-tuning method with its options: a value that can be attached to a model.
///
/// A new method is one file with a conforming type, a line in `MethodRegistry.all`, and its tests.
public protocol PEFTMethod: Sendable {
  /// The name in configs and reports, such as `lora`.
  static var name: String { get }
  /// What it does, in one line.
  static var summary: String { get }
  /// The paper that it follows.
  static var source: String { get }

  /// Whether there is anything to train: the base model alone answers as it is.
  static var trains: Bool { get }

  /// The method that it is under another name, with some options decided; nil for a method of its own.
  static var variantOf: String? { get }

  /// The `peft_type`s of its files that PEFT does not know: formats of our own.
  static var ownTypes: Set<String> { get }

  /// What the keys of those tensors of its file end in that no training changes.
  static var fixedKeyEndings: [String] { get }

  /// Names that its options have in other libraries and that configs may use too.
  static var aliases: [OptionAlias] { get }

  /// Reads the options, each with the literature's default; the aliases are taken already.
  ///
  /// - Throws: `DocumentError` for a wrong type or value. The caller refuses unknown keys.
  init(options: inout OptionReader) throws

  /// Reads the options from a saved adapter's settings; nil if they are another method's.
  ///
  /// - Parameters:
  ///   - settings: The members of adapter_config.json.
  ///   - type: Its `peft_type`.
  /// - Throws: `DocumentError` for a member that is wrong or not supported.
  init?(peft settings: AdapterSettings, type: String) throws

  /// The options that make this method again, under their names in configs; those without a value are left out.
  ///
  /// A run that starts from a saved adapter takes them over, so they say all that determines what its values mean.
  var options: [(name: String, value: JSONValue)] { get }
  /// Options that matter to training alone: one who resumes from a saved adapter may change them.
  static var trainingOptions: Set<String> { get }
  /// Options that follow from the data of a run: it does not take them over from a saved adapter.
  static var runOptions: Set<String> { get }

  /// Attaches to a model. The model's weights are not touched, and need not be loaded yet.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - setting: What else it may need.
  ///   - placements: Attaches each part at its site; the caller undoes what is placed, here if this throws.
  /// - Throws: `AttachError` if an option does not fit this model, or something that is attached already is in the way.
  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod

  /// Gives what was attached the values of the saved adapter that a run starts from, if there is one.
  ///
  /// - Throws: An `InputError` for an adapter that does not fit.
  func begin(_ attachment: AttachedMethod, from adapter: AdapterFile?) throws
}

extension PEFTMethod {
  /// All methods but the base model alone have something to train.
  public static var trains: Bool { true }

  /// Most methods are none of others.
  public static var variantOf: String? { nil }

  /// Most methods have PEFT's format alone.
  public static var ownTypes: Set<String> { [] }

  /// All of most files is trained.
  public static var fixedKeyEndings: [String] { [] }

  /// No other names.
  public static var aliases: [OptionAlias] { [] }

  /// Most methods start afresh from a saved adapter whatever they would have started from.
  public static var trainingOptions: Set<String> { ["init", "init_text"] }

  /// The options of most methods say nothing about the data.
  public static var runOptions: Set<String> { [] }

  /// The option that says how many tasks a method tells apart, where it does.
  public static var tasksOption: String { "tasks" }

  /// All values of the adapter.
  public func begin(_ attachment: AttachedMethod, from adapter: AdapterFile?) throws {
    try adapter?.load(into: attachment)
  }

  /// Reads the options under all their names.
  ///
  /// - Throws: As `init(options:)`.
  public init(reading options: inout OptionReader) throws {
    options.take(Self.aliases)
    try self.init(options: &options)
  }

  /// Attaches to a model, or leaves it as it was.
  ///
  /// - Throws: `AttachError` if an option does not fit this model, or something that is attached already is in the way.
  public func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> AttachedMethod {
    let placements = Placements(by: Self.name)
    do {
      let attached = try attach(to: model, with: setting, placing: placements)
      attached.undoes(placements)
      return attached
    } catch {
      placements.undo()
      throw error
    }
  }
}

/// What a method may need to attach, besides the model.
public struct AttachmentSetting {
  /// Where initial values are drawn from.
  public let seeds: SeedStream
  /// Memory and threads.
  public let context: ComputeContext
  /// For initializations from a text; nil where no tokenizer is at hand (counting parameters).
  public let tokenizer: Tokenizer?

  /// The training rows that a start may look at.
  public let rows: StartRows

  /// What keeps draws of the training apart that are told by their site alone, of two parts of one method.
  let namespace: String

  /// Creates the setting.
  public init(
    seeds: SeedStream, context: ComputeContext, tokenizer: Tokenizer? = nil, rows: StartRows = .missing
  ) {
    self.init(seeds: seeds, context: context, tokenizer: tokenizer, rows: rows, namespace: "")
  }

  private init(
    seeds: SeedStream, context: ComputeContext, tokenizer: Tokenizer?, rows: StartRows, namespace: String
  ) {
    self.seeds = seeds
    self.context = context
    self.tokenizer = tokenizer
    self.rows = rows
    self.namespace = namespace
  }

  /// The same setting with other rows.
  public func with(rows: StartRows) -> AttachmentSetting {
    AttachmentSetting(seeds: seeds, context: context, tokenizer: tokenizer, rows: rows, namespace: namespace)
  }

  /// The setting for one part of a combined method, which draws apart from the others.
  func part(_ name: String) -> AttachmentSetting {
    AttachmentSetting(
      seeds: seeds.child(name), context: context, tokenizer: tokenizer, rows: rows, namespace: "\(namespace)\(name)/")
  }
}

/// What one attach did to a model, and how to save, load and undo it.
public final class AttachedMethod {
  /// The trainable parameters, in a fixed order.
  public let parameters: [Parameter]
  /// What the method costs at inference in the form in which it is deployed.
  public let inferenceCost: InferenceCost
  /// How the adapter is saved; nil where there is none to save (full fine-tuning, no method).
  public let format: AdapterFormat?
  /// What is allowed but should be known, a sentence each.
  public let notes: [String]
  /// What the method does while it is trained, beside its forward pass: a schedule of ranks, a projection of gradients, a
  /// penalty.
  public let participants: [any TrainingParticipant]
  /// How it is told which task's rows come next; nil for a method that treats all rows alike.
  public let tasks: TaskChoice?
  /// What looking at training rows took before the first step; nil where none were looked at.
  public let startCost: StartCost?
  /// Parameters that are updated in a projected space, each group of them with its own.
  let projections: [(parameters: [Parameter], galore: GaLore)]

  private var undos: [() -> Void]
  private var isAttached = true

  /// Creates the record of an attach.
  ///
  /// - Parameters:
  ///   - parameters: The trainable parameters, in a fixed order.
  ///   - inferenceCost: What the method costs at inference in the form in which it is deployed.
  ///   - format: How the adapter is saved, if it is.
  ///   - notes: What is allowed but should be known.
  ///   - participants: What the method does while it is trained, beside its forward pass.
  ///   - tasks: How it is told which task's rows come next, if that matters to it.
  ///   - startCost: What looking at training rows took, if it did.
  ///   - undo: What detaching has to do besides undoing the placements, if anything.
  public convenience init(
    parameters: [Parameter], inferenceCost: InferenceCost, format: AdapterFormat?, notes: [String] = [],
    participants: [any TrainingParticipant] = [], tasks: TaskChoice? = nil, startCost: StartCost? = nil,
    undo: (() -> Void)? = nil
  ) {
    self.init(
      parameters: parameters, inferenceCost: inferenceCost, format: format, notes: notes, participants: participants,
      tasks: tasks, startCost: startCost, projections: [], undo: undo)
  }

  /// Creates the record of an attach some of whose parameters are updated in a projected space.
  init(
    parameters: [Parameter], inferenceCost: InferenceCost, format: AdapterFormat?, notes: [String] = [],
    participants: [any TrainingParticipant] = [], tasks: TaskChoice? = nil, startCost: StartCost? = nil,
    projections: [(parameters: [Parameter], galore: GaLore)], undo: (() -> Void)? = nil
  ) {
    self.parameters = parameters
    self.inferenceCost = inferenceCost
    self.format = format
    self.notes = notes
    self.participants = participants
    self.tasks = tasks
    self.startCost = startCost
    self.projections = projections
    undos = undo.map { [$0] } ?? []
  }

  /// Number of trainable values.
  public var trainableCount: Int { parameters.reduce(0) { $0 + $1.elementCount } }

  /// The groups in which an optimizer updates the parameters; nil where the rule cannot be followed in the space that some
  /// of them are updated in.
  public func groups(under rule: Optimizer.Rule) -> [ParameterGroup]? {
    var groups = [ParameterGroup(parameters.filter { !isProjected($0) })]
    for projection in projections {
      guard let projected = rule.projected(by: projection.galore) else { return nil }
      groups.append(ParameterGroup(projection.parameters, rule: projected))
    }
    return groups.filter { !$0.parameters.isEmpty }
  }

  /// Values that an optimizer keeps which keeps so many for each value that it updates.
  ///
  /// - Parameter moments: Two of AdamW, which alone has projected spaces.
  public func optimizerValueCount(momentsPerValue moments: Int) -> Int {
    let plain = parameters.filter { !isProjected($0) }.reduce(0) { $0 + moments * $1.elementCount }
    return projections.reduce(plain) { sum, projection in
      projection.parameters.reduce(sum) {
        $0 + projection.galore.stateCount(rows: $1.shape[0], columns: $1.shape[1])
      }
    }
  }

  private func isProjected(_ parameter: Parameter) -> Bool {
    projections.contains { $0.parameters.contains { $0 === parameter } }
  }

  /// Takes the method off the model, whose output is then what it was before, bit for bit.
  public func detach() {
    guard isAttached else { return }
    isAttached = false
    for undo in undos { undo() }
  }

  fileprivate func undoes(_ placements: Placements) { undos.append { placements.undo() } }
}

/// What a method adds to one forward pass in the form in which it is deployed.
///
/// What can be merged into the weights adds nothing.
public struct InferenceCost: Sendable, Equatable {
  /// Rows computed before every sequence (virtual tokens).
  public var virtualTokens = 0
  /// Positions that are only attended to (prefix keys and values).
  public var prefixPositions = 0
  /// Floating-point operations a token beside the base model's.
  public var operationsPerToken = 0

  /// No cost, or the given one.
  public init(virtualTokens: Int = 0, prefixPositions: Int = 0, operationsPerToken: Int = 0) {
    self.virtualTokens = virtualTokens
    self.prefixPositions = prefixPositions
    self.operationsPerToken = operationsPerToken
  }
}
