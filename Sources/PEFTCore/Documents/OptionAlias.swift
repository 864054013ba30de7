/// Another library's name of an option, with how its values are written there.
public struct OptionAlias: Sendable, Equatable {
  /// A value that is written otherwise there.
  public struct Translation: Sendable, Equatable {
    /// As the other library writes it; letters' case does not matter.
    public let theirs: JSONValue
    /// As it is written here.
    public let ours: JSONValue

    /// Creates a translation.
    public init(_ theirs: JSONValue, _ ours: JSONValue) {
      self.theirs = theirs
      self.ours = ours
    }
  }

  /// Which values the name stands for this option with; for others it stands for another one.
  public enum Condition: Sendable, Equatable {
    case always
    /// Numbers below this, and whatever is not a number.
    case below(Double)
    /// Numbers from this on.
    case from(Double)
    /// The values that have a translation.
    case translated
  }

  /// Where a name comes from.
  public enum Origin: String, Sendable {
    case peft = "PEFT"
    case factory = "LLaMA-Factory, PEFT-Factory"
    case trainer = "transformers, LLaMA-Factory"
    case transformers
    /// An older or shorter name of our own.
    case own = ""
  }

  /// The name.
  public let name: String
  /// The option that it stands for.
  public let key: String
  /// Where the name comes from.
  public let origin: Origin
  /// Values that are written otherwise.
  public let translations: [Translation]
  /// Whether values without a translation are taken as they are; else they are refused.
  public let takesOthers: Bool
  /// Whether a text is a list with commas.
  public let isCommaList: Bool
  /// The values that it is meant for.
  public let condition: Condition

  /// Creates an alias.
  public init(
    _ name: String, of key: String, origin: Origin = .own, translations: [Translation] = [], takesOthers: Bool = true,
    isCommaList: Bool = false, condition: Condition = .always
  ) {
    self.name = name
    self.key = key
    self.origin = origin
    self.translations = translations
    self.takesOthers = takesOthers
    self.isCommaList = isCommaList
    self.condition = condition
  }

  /// Whether the name stands for this option with such a value.
  func applies(to value: DocumentValue) -> Bool {
    switch condition {
    case .always: true
    case .below(let bound): value.number.map { $0 < bound } ?? true
    case .from(let bound): value.number.map { $0 >= bound } ?? false
    case .translated: translation(of: value) != nil
    }
  }

  /// The value as it is written here; nil for one that is not supported.
  public func translated(_ value: DocumentValue) -> DocumentValue? {
    if isCommaList, let text = value.string {
      let parts = text.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
      let names = parts.map { part in String(part.reversed().trimmingPrefix { $0 == " " }.reversed()) }
      if let whole = translation(of: value) { return whole }
      return DocumentValue(.array(names.map { DocumentValue(.string($0), offset: value.offset) }), offset: value.offset)
    }
    return translation(of: value) ?? (takesOthers ? value : nil)
  }

  private func translation(of value: DocumentValue) -> DocumentValue? {
    let found = translations.first { translation in
      if case .string(let word) = translation.theirs { return value.string?.lowercased() == word.lowercased() }
      return translation.theirs == JSONValue(value)
    }
    return found.map { DocumentValue(json: $0.ours, at: value.offset) }
  }

  /// The values that it takes, in words: `true, "gaussian"`.
  public var takenValues: String { translations.map { $0.theirs.compactText }.joined(separator: ", ") }
}

extension [OptionDescription] {
  /// The options' own names and values for those of other libraries; what is not an option, or cannot be translated,
  /// stays as it is.
  public func canonical(_ member: DocumentObject.Member) -> DocumentObject.Member {
    for option in self {
      let alias = option.aliases.first { $0.name == member.key && $0.applies(to: member.value) }
      if let alias, let value = alias.translated(member.value) {
        return .init(key: option.name, keyOffset: member.keyOffset, value: value)
      }
    }
    return member
  }
}
