import PEFTCore

/// A number that the adapted maps share, and what some of them have in its place: `rank` with `rank_pattern`.
struct PatternedOption<Value: Sendable>: Sendable {
  /// The number of all maps that no key of the pattern matches.
  let value: Value
  /// The others' numbers.
  let pattern: SitePatterns<Value>

  /// The number at a map.
  func value(at site: String) -> Value { pattern.value(for: site) ?? value }
}

extension PatternedOption<Int> {
  /// Reads the option, a whole number above 0, and `NAME_pattern`.
  init(_ name: String, default fallback: Int, options: inout OptionReader, about: String) throws {
    value = try options.integer(name, default: fallback, in: 1..., about: about)
    pattern = SitePatterns(
      try options.integerMembers(
        "\(name)_pattern", in: 1...,
        about: "\(name)s of some maps: a name, path or regular expression with its \(name)"), mustMatch: true)
    if let problem = pattern.problem { throw options.error("\(name)_pattern", problem) }
  }

  /// Reads the members of a saved adapter's settings.
  init(_ member: String, pattern patternMember: String, peft settings: AdapterSettings) throws {
    value = try settings.integer(member, in: 1...65_536)
    pattern = SitePatterns(
      try settings.members(patternMember, expected: "whole numbers from 1 to 65536") { value in
        value.integer.flatMap { (1...65_536).contains($0) ? $0 : nil }
      }, mustMatch: false)
    if let problem = pattern.problem { throw settings.error(patternMember, problem) }
  }

  /// The pattern as PEFT writes it.
  var patternDocument: JSONValue { pattern.document { JSONValue($0) } }

  /// The options that make it again.
  func options(_ name: String) -> [(name: String, value: JSONValue)] {
    [(name, JSONValue(value)), ("\(name)_pattern", pattern.entries.isEmpty ? .null : patternDocument)]
  }
}

extension PatternedOption<Double> {
  /// Reads the option, a number above 0, without which there would be no update to train, and `NAME_pattern`.
  init(_ name: String, default fallback: Double, options: inout OptionReader, about: String) throws {
    let positive = Double.leastNonzeroMagnitude
    value = try options.number(name, default: fallback, in: positive..., about: about)
    pattern = SitePatterns(
      try options.numberMembers("\(name)_pattern", in: positive..., about: "\(name)s of some maps, in the same way"),
      mustMatch: true)
    if let problem = pattern.problem { throw options.error("\(name)_pattern", problem) }
  }

  /// Reads the members of a saved adapter's settings.
  init(_ member: String, default fallback: Double, pattern patternMember: String, peft settings: AdapterSettings) throws
  {
    value = try settings.number(member, default: fallback)
    pattern = SitePatterns(
      try settings.members(patternMember, expected: "numbers") { value in
        value.number.flatMap { $0.isFinite ? $0 : nil }
      }, mustMatch: false)
    if let problem = pattern.problem { throw settings.error(patternMember, problem) }
  }

  /// The pattern as PEFT writes it.
  var patternDocument: JSONValue { pattern.document { $0.document } }

  /// The options that make it again.
  func options(_ name: String) -> [(name: String, value: JSONValue)] {
    [(name, value.document), ("\(name)_pattern", pattern.entries.isEmpty ? .null : patternDocument)]
  }
}
