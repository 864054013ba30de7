import PEFTCore

/// Values of an option for some sites, as Hugging Face PEFT's `rank_pattern` and `alpha_pattern` give them.
///
/// A key is a regular expression that must match a whole site, or all of it behind one of its dots. Of several keys
/// that match, the first one counts.
struct SitePatterns<Value: Sendable>: Sendable {
  /// The keys with their values, in the order in which they were given.
  let entries: [(key: String, value: Value)]
  /// Whether a key that matches no site is an error; PEFT overlooks it, so that its files may have some.
  let mustMatch: Bool

  init(_ entries: [(key: String, value: Value)], mustMatch: Bool) {
    self.entries = entries
    self.mustMatch = mustMatch
  }

  /// The value for a site, nil where no key matches.
  func value(for site: String) -> Value? {
    entries.first { entry in
      Self.expression(entry.key)?.matches(site) == true
    }?.value
  }

  /// The first key that is no regular expression.
  var malformedKey: String? { entries.first { Self.expression($0.key) == nil }?.key }

  /// Refuses a key that matches none of the sites.
  ///
  /// - Throws: `AttachError` that lists what the sites are called.
  func check(_ option: String, sites: [String]) throws {
    guard mustMatch else { return }
    for entry in entries where SitePatterns([entry], mustMatch: false).matchesNone(of: sites) {
      var names: [String] = []
      for site in sites {
        let name = site.split(separator: ".").last.map(String.init) ?? site
        if !names.contains(name) { names.append(name) }
      }
      throw AttachError(
        "\(option): \"\(entry.key)\" matches none of the adapted maps, which are \(names.joined(separator: ", "))",
        option: option)
    }
  }

  /// As PEFT writes it, with values made by `value`.
  func document(_ value: (Value) -> JSONValue) -> JSONValue {
    var object = JSONObject()
    for entry in entries { object[entry.key] = value(entry.value) }
    return .object(object)
  }

  private func matchesNone(of sites: [String]) -> Bool { sites.allSatisfy { value(for: $0) == nil } }

  private static func expression(_ key: String) -> SiteExpression? {
    // The key by itself first: put into a group, a stray bracket might find its partner.
    SiteExpression(key) == nil ? nil : SiteExpression("(?:.*\\.)?(?:\(key))")
  }
}
