public import PEFTCore

/// The members of an adapter_config.json.
public struct AdapterSettings {
  /// The names of the members that were asked for.
  private final class Asked { var names: Set<String> = [] }

  private let root: DocumentValue
  private let asked = Asked()
  private let text: DocumentText
  /// Whether our private state file lies beside them.
  public let hasState: Bool
  /// Of a combined method, the parts' methods.
  let parts: [any PEFTMethod]
  /// The option `init` that our file on the adapter's origin tells, if there is one.
  let start: String?

  init(
    root: DocumentValue, text: DocumentText, hasState: Bool, parts: [any PEFTMethod] = [], start: String? = nil
  ) {
    self.root = root
    self.text = text
    self.hasState = hasState
    self.parts = parts
    self.start = start
  }

  /// The member `key`, nil if it is missing or null.
  public subscript(key: String) -> DocumentValue? {
    asked.names.insert(key)
    return root[key]
  }

  /// The members that the method did not ask for, in their order.
  var unasked: [(key: String, value: DocumentValue)] {
    (root.object?.members ?? []).filter { !asked.names.contains($0.key) }.map { ($0.key, $0.value) }
  }

  /// A whole number in a range.
  public func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>) throws -> Int {
    guard let value = self[key] else {
      if let fallback { return fallback }
      throw error(key, "is missing")
    }
    guard let number = value.integer, range.contains(number) else {
      throw error(key, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A whole number among the members of an object under `key`.
  func integer(_ key: String, member: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let value = self[key]?[member] else { return fallback }
    guard let number = value.integer, range.contains(number) else {
      throw error(key, "\"\(member)\": expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number.
  public func number(_ key: String, default fallback: Double) throws -> Double {
    guard let value = self[key] else { return fallback }
    guard let number = value.number, number.isFinite else { throw error(key, "expected a number") }
    return number
  }

  /// True or false.
  public func bool(_ key: String, default fallback: Bool) throws -> Bool {
    guard let value = self[key] else { return fallback }
    guard let bool = value.bool else { throw error(key, "expected true or false") }
    return bool
  }

  /// A string.
  public func string(_ key: String, default fallback: String) throws -> String {
    guard let value = self[key] else { return fallback }
    guard let string = value.string else { throw error(key, "expected a string") }
    return string
  }

  /// A list of strings, or a string as a list of one; nil if missing.
  public func strings(_ key: String) throws -> [String]? {
    guard let value = self[key] else { return nil }
    let strings = (value.array ?? [value]).compactMap(\.string)
    guard strings.count == value.array?.count ?? 1 else { throw error(key, "expected a string or a list of strings") }
    return strings
  }

  /// The members of an object under `key`, in their order; none if it is missing.
  public func members<Value>(
    _ key: String, expected: String, _ read: (DocumentValue) -> Value?
  ) throws -> [(key: String, value: Value)] {
    guard let value = self[key] else { return [] }
    guard let object = value.object else { throw error(key, "expected an object with \(expected)") }
    return try object.members.map { member in
      guard let value = read(member.value) else {
        throw DocumentError("\"\(key)\": expected \(expected)", at: member.value.offset, of: text)
      }
      return (member.key, value)
    }
  }

  /// The targets of a method, as PEFT means them: a list of names, or one expression.
  ///
  /// - Parameter mayBeNone: Whether an empty list means no modules, since there is something else to adapt.
  public func targets(orNone mayBeNone: Bool = false) throws -> TargetSelector? {
    guard let value = self["target_modules"], let names = try strings("target_modules") else { return nil }
    if mayBeNone, names.isEmpty { return nil }
    let pattern: TargetSelector.Pattern =
      switch value.content {
      case .string("all-linear"): .allLinear
      case .string(let expression): .expression(expression)
      default: .suffixes(names)
      }
    var excluded: TargetSelector.Pattern?
    if let value = self["exclude_modules"], let names = try strings("exclude_modules"), !names.isEmpty {
      excluded = if let expression = value.string { .expression(expression) } else { .suffixes(names) }
    }
    return TargetSelector(
      pattern, excluded: excluded, layers: try layers(beside: pattern),
      layersPattern: try strings("layers_pattern") ?? [],
      mustMatch: false)
  }

  private func layers(beside pattern: TargetSelector.Pattern) throws -> [Int]? {
    guard let value = self["layers_to_transform"] else { return nil }
    let layers = (value.array ?? [value]).compactMap(\.integer)
    guard layers.count == value.array?.count ?? 1 else {
      throw error("layers_to_transform", "expected a layer's number or a list of them")
    }
    if case .suffixes = pattern { return layers.isEmpty ? nil : layers }
    throw error("layers_to_transform", "PEFT takes no layers beside a string in target_modules")
  }

  /// Refuses members that change the mathematics and are not supported, unless they have their harmless value.
  ///
  /// - Parameter reason: What is said of one that is there.
  public func refuse(_ keys: [String], because reason: String = "is not supported") throws {
    for key in keys {
      if let value = self[key], Self.saysSomething(value) { throw error(key, reason) }
    }
  }

  /// Whether a value is none of those by which an option is not set.
  static func saysSomething(_ value: DocumentValue) -> Bool {
    switch value.content {
    case .bool(false), .null, .string("none"), .string(""): false
    case .array(let values): !values.isEmpty
    case .object(let object): !object.members.isEmpty
    default: true
    }
  }

  /// An error about a member.
  public func error(_ key: String, _ message: String) -> DocumentError {
    DocumentError("\"\(key)\": \(message)", at: root[key]?.offset ?? root.offset, of: text)
  }
}
