public import PEFTCore

/// Chooses linear maps of a model by the rules of Hugging Face PEFT's `target_modules`.
///
/// A list matches a site that is equal to an element or ends with a dot and the element; a string is
/// `all-linear` (every map but the projection to the vocabulary) or a regular expression that must match the
/// whole site.
public struct TargetSelector: Sendable, Equatable {
  /// How sites are named.
  public enum Pattern: Sendable, Equatable {
    case suffixes([String])
    case allLinear
    case expression(String)
  }

  /// How sites are named.
  public let pattern: Pattern
  /// Sites left out, by the same rule as a list.
  public let excluded: [String]
  /// Layers to transform; nil for all.
  public let layers: [Int]?

  /// Creates a selector.
  public init(_ pattern: Pattern, excluded: [String] = [], layers: [Int]? = nil) {
    self.pattern = pattern
    self.excluded = excluded
    self.layers = layers
  }

  /// Reads `target_modules`, `exclude_modules` and `layers_to_transform`; nil if no targets are given.
  public static func read(_ options: inout OptionReader) throws -> TargetSelector? {
    let excluded =
      try options.optionalStrings("exclude_modules", about: "names left out of target_modules") ?? []
    let layers = try options.optionalIntegers(
      "layers_to_transform", in: 0..., about: "layers to attach to; all without it")
    guard
      let targets = try options.optionalStrings(
        "target_modules",
        about: "names, \"all-linear\" or one regular expression; the model family's default without it")
    else {
      guard layers == nil, excluded.isEmpty else {
        throw options.error("layers_to_transform", "needs \"target_modules\" beside it")
      }
      return nil
    }
    return TargetSelector(Self.pattern(of: targets), excluded: excluded, layers: layers)
  }

  /// The pattern that a list, or a single string, of `target_modules` means.
  public static func pattern(of targets: [String]) -> Pattern {
    if targets == ["all-linear"] { return .allLinear }
    // A plain name means the same as suffix and as expression only where it is a whole path; people write one
    // name for a list of one, so only what cannot be a name is an expression.
    if targets.count == 1, let only = targets.first,
      !only.allSatisfy({ $0.isLetter || $0.isNumber || "._-".contains($0) })
    {
      return .expression(only)
    }
    return .suffixes(targets)
  }

  /// The linear maps that it chooses, in the model's order.
  ///
  /// - Throws: `AttachError` that lists the names there are, if nothing matches or an expression is none.
  public func linears(of model: CausalLanguageModel) throws -> [Linear] {
    try choose(from: model.linears + (namesHead ? [model.head] : []), named: "linear map", site: \.site)
  }

  /// The norms that it chooses, in the model's order.
  ///
  /// - Throws: `AttachError` that lists the names there are, if nothing matches or an expression is none.
  public func norms(of model: CausalLanguageModel) throws -> [NormLayer] {
    try choose(from: model.norms, named: "norm", site: \.site)
  }

  private func choose<Part>(from parts: [Part], named kind: String, site: (Part) -> String) throws -> [Part] {
    let expression: SiteExpression?
    if case .expression(let text) = pattern {
      guard let made = SiteExpression(text) else {
        throw AttachError(
          "target_modules: \"\(text)\" is not a regular expression, or is one that is not supported",
          option: "target_modules")
      }
      expression = made
    } else {
      expression = nil
    }
    let sites = parts.map(site)
    if case .suffixes(let names) = pattern {
      if let unmatched = names.first(where: { name in !sites.contains { Self.ends($0, with: [name]) } }) {
        throw noMatch("\"\(unmatched)\"", kind, sites)
      }
    }
    let chosen = zip(parts, sites).filter { _, site in
      matches(site, expression) && !Self.ends(site, with: excluded) && isInLayers(site)
    }
    guard !chosen.isEmpty else { throw noMatch(described, kind, sites) }
    return chosen.map(\.0)
  }

  private var namesHead: Bool {
    switch pattern {
    case .suffixes(let names): names.contains("lm_head")
    case .allLinear: false
    case .expression: true
    }
  }

  private var described: String {
    switch pattern {
    case .suffixes(let names): names.map { "\"\($0)\"" }.joined(separator: ", ")
    case .allLinear: "all-linear"
    case .expression(let text): "the expression \"\(text)\""
    }
  }

  private func matches(_ site: String, _ expression: SiteExpression?) -> Bool {
    switch pattern {
    case .suffixes(let names): Self.ends(site, with: names)
    case .allLinear: true
    case .expression:
      expression?.matches(site) == true
    }
  }

  private func isInLayers(_ site: String) -> Bool {
    guard let layers else { return true }
    return site.split(separator: ".").compactMap { Int($0) }.contains { layers.contains($0) }
  }

  private static func ends(_ site: String, with names: [String]) -> Bool {
    names.contains { site == $0 || site.hasSuffix("." + $0) }
  }

  private func noMatch(_ what: String, _ kind: String, _ sites: [String]) -> AttachError {
    var names: [String] = []
    for site in sites {
      let name = site.split(separator: ".").last.map(String.init) ?? site
      if !names.contains(name) { names.append(name) }
    }
    let layerHint = layers.map { " in layers \($0)" } ?? ""
    return AttachError(
      "target_modules: \(what) matches no \(kind)\(layerHint); this model has \(names.joined(separator: ", "))",
      option: "target_modules")
  }
}
