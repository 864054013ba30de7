import PEFTBench
import PEFTCore

/// What a run's numbers depend on beside its settings: the template, the form of the weights, the adapter that it
/// starts from.
///
/// A label, a dataset and a seed do not tell such runs apart, so what differs is named.
struct RunContents: Sendable, Equatable {
  /// One part with what identifies it: digits of a hash, or the value itself.
  struct Part: Sendable, Equatable {
    let name: String
    let value: String

    /// As a label has it: `dtype=float16`, `template 6f2463`.
    var text: String {
      value.count >= RunContents.hashDigits ? "\(name) \(value.prefix(6))" : ShortLabel.of(name, value)
    }
  }

  /// What tells runs from others of their label by one part, in a label's words: `template 6f2463`, or
  /// `start adapter, set 1 of 2` where the part itself differs by seed.
  struct Distinction: Sendable, Hashable {
    /// The part's name.
    let part: String
    let text: String
  }

  /// The member of a report's run that has these.
  static let key = "contents"
  /// The template of the model's chats, which is part of every prompt.
  static let chat = "chat template"
  /// The further rows that a strategy trained on.
  static let augmentedRows = "augmented rows"
  private static let hashDigits = 16

  /// The parts that an identity has and a record says nowhere else, each name once.
  let parts: [Part]

  /// The parts of a record's identity; none for a record of engine 1, which has no identity.
  init(identity: JSONValue?) {
    func members(_ name: String, without known: [String], names: [String: String]) -> [Part] {
      guard case .object(let object)? = identity?[name] else { return [] }
      return object.members.compactMap { key, value in
        known.contains(key) ? nil : Part(name: names[key] ?? key, value: Self.digest(value))
      }
    }
    parts =
      members(
        "model", without: ["weights", "dtype"],
        names: ["description": "config.json", "chat": Self.chat, "end_tokens": "end tokens"])
      + members(
        "dataset", without: ["name", "train", "eval"],
        names: ["metric": "scoring", "test": "test rows", "augmented": Self.augmentedRows, "sets": "further rows"])
      + members(
        "method", without: ["name", "options"], names: ["init_from": "start adapter", "init_seed": "initial seed"])
  }

  /// The value of the part of that name; nil where there is none.
  subscript(name: String) -> String? { parts.first { $0.name == name }?.value }

  /// The parts as a report's run has them; nil where it has none.
  init?(reported json: JSONValue?) {
    guard case .object(let object)? = json else { return nil }
    parts = object.members.compactMap { name, value in value.text.map { Part(name: name, value: $0) } }
  }

  /// As a member of a report's run; nil for nothing.
  var json: JSONValue? {
    parts.isEmpty ? nil : .object(JSONObject(distinct: parts.map { ($0.name, JSONValue($0.value)) }))
  }

  /// What follows a method's name, in brackets; empty without distinctions.
  static func name(of distinctions: [Distinction]) -> String {
    distinctions.isEmpty ? "" : " (\(distinctions.map(\.text).joined(separator: ", ")))"
  }

  /// The text of a short value, and digits of the hash of a long one.
  private static func digest(_ value: JSONValue) -> String {
    let text = value == .null ? "none" : value.text ?? value.compactText
    if text.count < hashDigits { return text }
    // A hash is known by its own digits, which other places show too.
    let isHash = text.allSatisfy(\.isHexDigit)
    return String((isHash ? text : SHA256.hexadecimal(of: Array(text.utf8))).prefix(hashDigits))
  }
}

extension ReportedRun {
  /// All that can tell the run from another one of its label, dataset, seed and settings.
  var ownParts: [RunContents.Part] {
    [("dtype", dataType), ("template", rows.template)].compactMap { name, value in
      value.map { RunContents.Part(name: name, value: $0) }
    } + contents.parts.filter { $0.name != RunContents.chat }
  }

  /// What follows from other parts where they are known: asked where those tell nothing apart.
  var derivedParts: [RunContents.Part] {
    contents.parts.filter { $0.name == RunContents.chat }
      + [rows.identity(byContent: false, isTrained: isTrained)].compactMap { hash in
        hash.map {
          RunContents.Part(name: "prompts", value: String(SHA256.hexadecimal(of: Array($0.utf8)).prefix(16)))
        }
      }
  }
}
