import PEFTCore

/// Values of an option for some sites, as Hugging Face PEFT's `rank_pattern` and `alpha_pattern` give them.
///
/// A key is a regular expression that must match a whole site, or all of it after one of its dots. Of several keys
/// that match, the first one counts. Some methods write one key for each map of a large model, so that keys which are
/// plain paths are looked up by their length and only the others are run as expressions.
struct SitePatterns<Value: Sendable>: Sendable {
  /// Most keys that are expressions and not plain paths.
  static var maximumExpressions: Int { 500 }

  /// The keys with their values, in the order in which they were given.
  let entries: [(key: String, value: Value)]
  /// Whether a key that matches no site is an error; PEFT overlooks it, so that its files may have some.
  let mustMatch: Bool
  /// What is wrong with a key; nil if nothing is.
  let problem: String?

  /// Plain paths by their length, each letter with whether it is a dot that means any letter.
  private let paths: [Int: [(priority: Int, letters: [UInt8])]]
  private let expressions: [(priority: Int, expression: SiteExpression)]

  private static var anyLetter: UInt8 { UInt8(ascii: "*") }

  init(_ entries: [(key: String, value: Value)], mustMatch: Bool) {
    self.entries = entries
    self.mustMatch = mustMatch
    var paths: [Int: [(priority: Int, letters: [UInt8])]] = [:]
    var expressions: [(priority: Int, expression: SiteExpression)] = []
    var problem: String?
    for (priority, entry) in entries.enumerated() {
      if let letters = Self.plainPath(entry.key) {
        paths[letters.count, default: []].append((priority, letters))
      } else if expressions.count == Self.maximumExpressions {
        problem = problem ?? "more than \(Self.maximumExpressions) keys are regular expressions and not plain paths"
      } else if let expression = Self.expression(entry.key) {
        expressions.append((priority, expression))
      } else {
        problem = problem ?? "\(entry.key.debugDescription) is not a regular expression"
      }
    }
    self.paths = paths
    self.expressions = expressions
    self.problem = problem
  }

  /// The value for a site, nil where no key matches.
  func value(for site: String) -> Value? { priority(for: site).map { entries[$0].value } }

  /// Refuses a key that matches none of the sites.
  ///
  /// - Throws: `AttachError` that lists what the sites are called.
  func check(_ option: String, sites: [String]) throws {
    guard mustMatch else { return }
    for entry in entries where !SitePatterns([entry], mustMatch: false).matchesAny(of: sites) {
      throw AttachError(
        "\(option): \"\(entry.key)\" matches none of the adapted maps, which are \(sites.lastNames.joined(separator: ", "))",
        option: option)
    }
  }

  /// Only the keys that match one of the sites.
  func matching(_ sites: [String]) -> SitePatterns {
    SitePatterns(
      entries.filter { SitePatterns([$0], mustMatch: false).matchesAny(of: sites) }, mustMatch: mustMatch)
  }

  /// The same keys with other values.
  func mapValues<Other: Sendable>(_ change: (Value) -> Other) -> SitePatterns<Other> {
    SitePatterns<Other>(entries.map { ($0.key, change($0.value)) }, mustMatch: mustMatch)
  }

  /// As PEFT writes it, with values made by `value`.
  func document(_ value: (Value) -> JSONValue) -> JSONValue {
    var object = JSONObject()
    for entry in entries { object[entry.key] = value(entry.value) }
    return .object(object)
  }

  private func matchesAny(of sites: [String]) -> Bool { sites.contains { priority(for: $0) != nil } }

  /// The first entry whose key matches.
  private func priority(for site: String) -> Int? {
    let letters = Array(site.utf8)
    var first: Int?
    for start in letters.indices where start == 0 || letters[start - 1] == UInt8(ascii: ".") {
      let end = letters[start...]
      for path in paths[end.count] ?? [] where path.priority < first ?? .max {
        if zip(path.letters, end).allSatisfy({ $0 == Self.anyLetter || $0 == $1 }) { first = path.priority }
      }
    }
    for (priority, expression) in expressions where priority < first ?? .max {
      if expression.matches(site) { return priority }
    }
    return first
  }

  /// The letters of a key that has no more to it than names and dots; a dot that is not escaped means any letter.
  private static func plainPath(_ key: String) -> [UInt8]? {
    var letters: [UInt8] = []
    var isEscaped = false
    for letter in key.utf8 {
      let isName =
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(letter) || letter == UInt8(ascii: "_")
      switch letter {
      case UInt8(ascii: "."): letters.append(isEscaped ? letter : anyLetter)
      case UInt8(ascii: "\\") where !isEscaped:
        isEscaped = true
        continue
      default:
        guard isName, !isEscaped else { return nil }
        letters.append(letter)
      }
      isEscaped = false
    }
    return isEscaped ? nil : letters
  }

  private static func expression(_ key: String) -> SiteExpression? {
    // The key by itself first: put into a group, a stray bracket might find its partner.
    SiteExpression(key) == nil ? nil : SiteExpression("(?:.*\\.)?(?:\(key))")
  }
}
