import PEFTCore

/// A method that is another one with some options decided, under the name that the literature has for it: DoRA is LoRA with
/// `dora: true`.
///
/// Reports and records have the name that was asked for. Parameters, draws and files are the other method's, so that a file
/// of one is a file of the other too.
protocol MethodVariant: PEFTMethod {
  /// The method that it is.
  associatedtype Base: PEFTMethod

  /// The options that the name decides; they are not options of the variant.
  static var decided: [(key: String, value: JSONValue)] { get }
  /// Defaults of options in place of the other method's.
  static var defaults: [(key: String, value: JSONValue)] { get }

  /// The method with its options.
  var base: Base { get }

  /// Gives the name to a method that has the decided options.
  init(base: Base)

  /// Refuses a model that the variant is not meant for.
  ///
  /// - Throws: `AttachError`.
  func check(_ model: CausalLanguageModel) throws
}

extension MethodVariant {
  static var defaults: [(key: String, value: JSONValue)] { [] }
  static var variantOf: String? { Base.name }
  static var aliases: [OptionAlias] {
    Base.aliases.filter { alias in !decided.contains { $0.key == alias.key } }
  }
  static var trainingOptions: Set<String> { Base.trainingOptions }

  init(options: inout OptionReader) throws {
    for option in Self.decided { options.decide(option.key, as: option.value) }
    for option in Self.defaults { options.presuppose(option.key, as: option.value) }
    self.init(base: try Base(options: &options))
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard let base = try Base(peft: settings, type: type), Self.isDecided(in: base) else { return nil }
    self.init(base: base)
  }

  /// Whether a method has the options that the name decides; what a file does not say may be so.
  private static func isDecided(in base: Base) -> Bool {
    let options = base.options
    return decided.allSatisfy { decision in
      options.first { $0.name == decision.key }.map { $0.value == decision.value } ?? true
    }
  }

  var options: [(name: String, value: JSONValue)] {
    base.options.filter { option in !Self.decided.contains { $0.key == option.name } }
  }

  var impliedOptions: [(name: String, value: JSONValue)] {
    base.impliedOptions.filter { option in !Self.decided.contains { $0.key == option.name } }
  }

  var drawsStart: Bool { base.drawsStart }

  func check(_ model: CausalLanguageModel) throws {}

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    try check(model)
    return try base.attach(to: model, with: setting, placing: placements)
  }
}
