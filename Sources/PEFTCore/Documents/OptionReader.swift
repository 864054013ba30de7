/// Reads an object's members as typed options and complains about what it does not understand.
///
///     var reader = try OptionReader(value: entry, text: text, what: "method lora", path: "methods[0]")
///     let rank = try reader.integer("rank", default: 8, in: 1...)
///     let dropout = try reader.number("dropout", default: 0, in: 0..<1)
///     let targets = try reader.optionalStrings("target_modules")
///     try reader.finish()
///
/// A reading function without `default:` wants the key to be there; the `optional…` forms give nil without
/// it. An explicit null is the same as a missing key. Every function notes what it asked for, so that
/// `finish()` can refuse unknown keys and `describing(_:)` can list the options without a second table.
public struct OptionReader: Sendable {
  /// The text that the object is in.
  public let text: DocumentText
  /// What is read, for messages: "method lora".
  public private(set) var what: String
  /// Where it is, in dotted form: "methods[0]"; empty for the document itself.
  public let path: String
  /// The options asked for so far, in order.
  public private(set) var descriptions: [OptionDescription] = []
  /// The values of these options as they were understood, in the order in which they were first asked for.
  ///
  /// A default stands for a key that is missing, a list for the one element in its place, and a whole
  /// number for its spelling with a fraction of zero; an option that has no value is left out. So two spellings of one
  /// meaning have equal values.
  public private(set) var values = JSONObject()

  let object: DocumentObject
  private let offset: Int
  private let isDescribing: Bool
  private var aliases: [OptionAlias] = []
  /// Values that the caller decides, and that the text may repeat but not change.
  private var decided = JSONObject()
  /// Defaults in place of those that the reading function gives.
  private var presupposed = JSONObject()

  /// Starts to read the members of `value`.
  ///
  /// - Throws: `DocumentError` if it is not an object.
  public init(value: DocumentValue, text: DocumentText, what: String, path: String = "") throws(DocumentError) {
    guard let object = value.object else {
      let place = path.isEmpty ? what : path
      throw DocumentError("\(place): expected an object, found \(value.shown)", at: value.offset, of: text)
    }
    self.init(object: object, offset: value.offset, text: text, what: what, path: path, isDescribing: false)
  }

  private init(
    object: DocumentObject, offset: Int, text: DocumentText, what: String, path: String, isDescribing: Bool
  ) {
    self.object = object
    self.offset = offset
    self.text = text
    self.what = what
    self.path = path
    self.isDescribing = isDescribing
  }

  /// The options that `read` asks for, found by running it on an empty object.
  ///
  /// Keys that must be given read as the least valid value during this run, and `finish()` accepts.
  public static func describing(_ read: (inout OptionReader) throws -> Void) rethrows -> [OptionDescription] {
    var reader = OptionReader(
      object: DocumentObject([]), offset: 0, text: DocumentText(name: "", bytes: []), what: "", path: "",
      isDescribing: true)
    try read(&reader)
    return reader.descriptions
  }

  /// Takes `name` as another spelling of `key`; call this before `key` is read.
  public mutating func alias(_ name: String, of key: String) {
    aliases.append(OptionAlias(name, of: key))
  }

  /// Takes other libraries' names too; call this before their keys are read.
  public mutating func take(_ aliases: [OptionAlias]) { self.aliases += aliases }

  /// Decides the value of `key`, null for none: the text may say the same, but nothing else; call this before it is read.
  ///
  /// It is then no option: `describing(_:)` leaves it out.
  public mutating func decide(_ key: String, as value: JSONValue) { decided[key] = value }

  /// Gives `key` another default than its reading function does; call this before it is read.
  public mutating func presuppose(_ key: String, as value: JSONValue) { presupposed[key] = value }

  /// Whether `key`, or another spelling of it, is given and not null.
  ///
  /// This does not count as asking for it: `finish()` still refuses the key if nothing reads it.
  public func has(_ key: String) -> Bool {
    givenSpellings(of: key).contains { object[$0].map { !$0.isNull } ?? false }
  }

  /// The name under which `key` is given, and its value as it is written there; nil where there is none but null.
  ///
  /// This does not count as asking for it either.
  public func spelling(of key: String) -> (name: String, value: DocumentValue)? {
    givenSpellings(of: key).lazy.compactMap { name in
      object[name].flatMap { $0.isNull ? nil : (name: name, value: $0) }
    }.first
  }

  /// Whether the value under `key` is an object, for a key that takes several forms.
  ///
  /// This does not count as asking for it either.
  public func givesObject(_ key: String) -> Bool { givenValue(key)?.object != nil }

  /// Refuses the first key that nothing asked for.
  ///
  /// - Parameters:
  ///   - others: Keys that may be beside these and that somebody else reads; only for the message.
  ///   - owner: The part of the document that has a key of this name; only for the message.
  public func finish(
    beside others: [String] = [], owner: (String) -> String? = { _ in nil }
  ) throws(DocumentError) {
    guard !isDescribing else { return }
    let valid = descriptions.map(\.name) + others
    let known = Set(valid + aliases.map(\.name) + decided.members.map(\.key))
    guard let member = object.members.first(where: { !known.contains($0.key) }) else { return }
    let place = path(of: member.key.shownKey)
    var message = "\(place): unknown key in \(what)"
    if let owner = owner(member.key) {
      message += "; it belongs to \(owner)."
    } else if let nearest = NearestName.of(member.key, among: valid + aliases.map(\.name)) {
      message += "; did you mean \"\(nearest)\"?"
    } else {
      message += "."
    }
    message += valid.isEmpty ? " It takes no keys" : " Valid keys: \(valid.joined(separator: ", "))"
    throw DocumentError(message, at: member.keyOffset, of: text)
  }

  /// An error about the value of `key`, or about the whole object if the key is not given.
  public func error(_ key: String, _ message: String) -> DocumentError {
    DocumentError("\(path(of: key)): \(message)", at: givenValue(key)?.offset ?? offset, of: text)
  }

  /// Where the value of `key`, or another spelling of it, stands in the text; where the object does if it is not given.
  public func offset(of key: String) -> Int { givenValue(key)?.offset ?? offset }

  /// Says what the value of `key` means where its caller reads it further: two spellings of one meaning have one value.
  public mutating func understood(_ key: String, as value: JSONValue) { note(key, value) }

  /// The dotted place of `key`.
  public func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  // MARK: - For the typed readers

  /// Notes that `key` is known and returns its value, or nil if it is missing or null.
  mutating func ask(
    _ key: String, _ kind: OptionDescription.Kind, default defaultValue: String?, isRequired: Bool = false,
    range: String? = nil, choices: [String] = [], about: String?
  ) throws(DocumentError) -> DocumentValue? {
    if let value = decided[key] { return try decision(key, value) }
    let presupposition = presupposed[key]
    if !descriptions.contains(where: { $0.name == key }) {
      descriptions.append(
        OptionDescription(
          name: key, aliases: aliases.filter { $0.key == key }, kind: kind,
          defaultValue: presupposition?.compactText ?? defaultValue,
          isRequired: isRequired, range: range, choices: choices, about: about))
    }
    let given = givenSpellings(of: key)
    if given.count > 1, let second = object.members.first(where: { $0.key == given[1] }) {
      throw DocumentError(
        "\(path(of: given[1])): means the same as \"\(given[0])\"; give one of them", at: second.keyOffset, of: text)
    }
    var value = givenValue(key)
    let alias = aliases.first { $0.name == given.first && $0.key == key }
    if let alias, let written = value {
      guard let translated = alias.translated(written) else {
        throw DocumentError(
          "\(path(of: alias.name)): \(JSONValue(written).compactText) is not supported; expected one of \(alias.takenValues)",
          at: written.offset, of: text)
      }
      value = translated.isNull ? nil : translated
    }
    if value == nil, isRequired, !isDescribing { throw missing(key, "missing; \(what) needs this key") }
    return value ?? presupposition.map { DocumentValue(json: $0, at: offset) }
  }

  /// The value that was decided for `key`.
  ///
  /// - Throws: `DocumentError` if the text says something else.
  private func decision(_ key: String, _ value: JSONValue) throws(DocumentError) -> DocumentValue? {
    if let given = givenValue(key), JSONValue(meaning(of: given)) != value {
      let found = JSONValue(given)
      // What sets nothing says the same as no value.
      if value == .null, [.bool(false), .array([]), .object(JSONObject())].contains(found) { return nil }
      let what = value == .null ? "is no option of \(what)" : "is \(value.compactText) by the name of \(what)"
      throw DocumentError("\(path(of: key)): \(what), found \(found.compactText)", at: given.offset, of: text)
    }
    return value == .null ? nil : DocumentValue(json: value, at: offset)
  }

  /// Keeps what the value of `key` was understood as; nil where it has none.
  mutating func note(_ key: String, _ value: JSONValue?) { values[key] = value }

  /// An error that says that a key is not given: about the key that was written in its place, if one looks like it.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - message: What is said of the whole object if no key looks like it.
  public func missing(_ key: String, _ message: String) -> DocumentError {
    let known = Set(descriptions.map(\.name) + aliases.map(\.name))
    let misspelt = object.members.first { member in
      !known.contains(member.key) && NearestName.of(member.key, among: spellings(of: key)) != nil
    }
    guard let misspelt, givenValue(key) == nil else { return error(key, message) }
    return DocumentError(
      "\(path(of: misspelt.key.shownKey)): unknown key in \(what); did you mean \"\(key)\"?", at: misspelt.keyOffset,
      of: text)
  }

  /// An error that says that `value`, which is at `place`, is not `expected`.
  func mismatch(_ value: DocumentValue, at place: String, expected: String) -> DocumentError {
    DocumentError("\(place): expected \(expected), found \(value.shown)", at: value.offset, of: text)
  }

  /// The value as a config means it: a `${NAME}` reference is unquoted for a number or a truth value too.
  func meaning(of value: DocumentValue) -> DocumentValue {
    guard case .string(let word) = value.content else { return value }
    let source = text.source(of: value.offset)
    guard source.offset >= 0, source.offset < source.text.bytes.count else { return value }
    var start = source.text.bytes[source.offset...]
    if let quote = start.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") { start = start.dropFirst() }
    guard start.starts(with: "${".utf8) else { return value }
    return DocumentValue(PlainScalar.content(of: word), offset: value.offset)
  }

  /// A reader of the object under `key`, which stands for one without members if it is missing.
  func child(_ key: String, _ value: DocumentValue?, what: String) throws(DocumentError) -> OptionReader {
    guard let value else {
      return OptionReader(
        object: DocumentObject([]), offset: offset, text: text, what: what, path: path(of: key),
        isDescribing: isDescribing)
    }
    return try OptionReader(value: value, text: text, what: what, path: path(of: key))
  }

  /// The same reader under another name in messages, once it is known what is read.
  func called(_ what: String) -> OptionReader {
    var reader = self
    reader.what = what
    return reader
  }

  private func spellings(of key: String) -> [String] { [key] + aliases.filter { $0.key == key }.map(\.name) }

  /// The spellings that the object has, of other libraries' names those that mean this key with their value.
  private func givenSpellings(of key: String) -> [String] {
    let others = aliases.filter { alias in
      alias.key == key && (object[alias.name].map { alias.applies(to: $0) } ?? false)
    }
    return (object[key] == nil ? [] : [key]) + others.map(\.name)
  }

  private func givenValue(_ key: String) -> DocumentValue? {
    for spelling in givenSpellings(of: key) {
      if let value = object[spelling], !value.isNull { return value }
    }
    return nil
  }
}

extension String {
  /// The key in messages: itself, or quoted where it holds something that would confuse a reader or a terminal.
  fileprivate var shownKey: String {
    let isPlain = unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    return isPlain && !isEmpty && count <= 80 ? self : String(prefix(80)).debugDescription
  }
}

extension DocumentValue {
  /// What it is with its content where that is short: `a string ("sixteen")`, `0.5`, `a list`.
  public var shown: String {
    switch content {
    case .integer(let value): "\(value)"
    case .number(let value): RangeText.short(value)
    case .bool(let value): "\(value)"
    case .string(let text):
      "a string (\((text.count > 40 ? text.prefix(40) + "…" : text[...]).debugDescription))"
    case .null, .array, .object: kindName
    }
  }
}
