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
  /// Options without a default as the method understands them where they are not given: what records say beside the others.
  ///
  /// They follow from the other options, so that no run's identity has them.
  var impliedOptions: [(name: String, value: JSONValue)] { get }
  /// Options that matter to training alone: one who resumes from a saved adapter may change them.
  static var trainingOptions: Set<String> { get }
  /// Options that follow from the data of a run: it does not take them over from a saved adapter.
  static var runOptions: Set<String> { get }

  /// Whether another seed may give other initial values, or other places for them; false where every start is a constant or
  /// the model's own.
  var drawsStart: Bool { get }

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

  /// Most options that are not given mean nothing, or have a default.
  public var impliedOptions: [(name: String, value: JSONValue)] { [] }

  /// Most methods start afresh from a saved adapter whatever they would have started from.
  public static var trainingOptions: Set<String> { ["init", "init_text"] }

  /// The options of most methods say nothing about the data.
  public static var runOptions: Set<String> { [] }

  /// What is not known to start alike with every seed may differ.
  public var drawsStart: Bool { true }

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
      attached.owns(placements)
      return attached
    } catch {
      placements.undo()
      throw error
    }
  }
}
