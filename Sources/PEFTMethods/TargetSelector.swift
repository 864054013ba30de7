public import PEFTCore

/// Chooses parts of a model by the rules of Hugging Face PEFT's `target_modules` and `exclude_modules`.
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
  /// Sites left out; nil for none.
  public let excluded: Pattern?
  /// Layers to transform; nil for all.
  public let layers: [Int]?
  /// What comes before a layer's number in a site, such as `layers`; any name if empty.
  public let layersPattern: [String]
  /// Whether every name must match something: a misspelt name of a config is an error, but lists of saved adapters
  /// name the maps of several architectures.
  let mustMatch: Bool

  /// Creates a selector, each of whose names must match.
  public init(_ pattern: Pattern, excluded: Pattern? = nil, layers: [Int]? = nil, layersPattern: [String] = []) {
    self.init(pattern, excluded: excluded, layers: layers, layersPattern: layersPattern, mustMatch: true)
  }

  init(_ pattern: Pattern, excluded: Pattern?, layers: [Int]?, layersPattern: [String], mustMatch: Bool) {
    self.pattern = pattern
    self.excluded = excluded
    self.layers = layers
    self.layersPattern = layersPattern
    self.mustMatch = mustMatch
  }

  /// Reads `target_modules`, `exclude_modules`, `layers_to_transform` and `layers_pattern`; nil if no targets are given.
  public static func read(_ options: inout OptionReader) throws -> TargetSelector? {
    let excluded = try options.optionalStrings(
      "exclude_modules", about: "names, or one regular expression, left out of target_modules")
    let layers = try options.optionalIntegers(
      "layers_to_transform", in: 0..., about: "layers to attach to; all unless given")
    let layersPattern = try options.optionalStrings(
      "layers_pattern", about: "the name before a layer's number, such as \"layers\"; any name unless given")
    guard
      let targets = try options.optionalStrings(
        "target_modules",
        about: "names, \"all-linear\" or one regular expression; the model family's default unless given")
    else {
      for option in ["layers_to_transform", "exclude_modules", "layers_pattern"] where options.has(option) {
        throw options.error(option, "needs \"target_modules\" too")
      }
      return nil
    }
    for (option, isEmpty) in [
      ("target_modules", targets.isEmpty), ("layers_to_transform", layers?.isEmpty == true),
      ("layers_pattern", layersPattern?.isEmpty == true),
    ] where isEmpty {
      throw options.error(option, "an empty list chooses nothing: name one at least, or leave the option out")
    }
    if layersPattern != nil, layers == nil {
      throw options.error("layers_pattern", "needs \"layers_to_transform\" too")
    }
    return TargetSelector(
      Self.pattern(of: targets), excluded: excluded.map(Self.pattern), layers: layers,
      layersPattern: layersPattern ?? [])
  }

  /// The pattern that a list, or a single string, of names means.
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
  /// - Parameter saved: Modules that are trained as a whole, which no adapter is put around.
  /// - Throws: `AttachError` that lists the names there are, if nothing matches or an expression is none.
  func linears(of model: CausalLanguageModel, except saved: SavedModules = .none) throws -> [Linear] {
    let parts = model.linears + [model.head]
    let chosen = try choose(from: parts.map(\.site), named: "linear map", head: model.head.site, except: saved)
    return parts.filter { chosen.contains($0.site) }
  }

  /// The linear maps and embedding tables that it chooses, each in the model's order.
  ///
  /// - Throws: As `linears(of:except:)`.
  func mapsAndTables(
    of model: CausalLanguageModel, except saved: SavedModules
  ) throws -> (linears: [Linear], tables: [TokenEmbedding]) {
    let linears = model.linears + [model.head]
    let tables = pattern == .allLinear ? [] : [model.embedding, model.positionEmbedding].compactMap { $0 }
    let chosen = try choose(
      from: linears.map(\.site) + tables.map(\.site), named: "linear map or embedding table", head: model.head.site,
      except: saved)
    return (linears.filter { chosen.contains($0.site) }, tables.filter { chosen.contains($0.site) })
  }

  /// The norms that it chooses, in the model's order.
  ///
  /// - Throws: `AttachError` that lists the names there are, if nothing matches or an expression is none.
  func norms(of model: CausalLanguageModel, except saved: SavedModules = .none) throws -> [NormLayer] {
    let chosen = try choose(from: model.norms.map(\.site), named: "norm", head: nil, except: saved)
    return model.norms.filter { chosen.contains($0.site) }
  }

  private func choose(
    from sites: [String], named kind: String, head: String?, except saved: SavedModules
  ) throws -> Set<String> {
    let matches = try matcher(of: pattern, option: "target_modules")
    let isExcluded = try excluded.map { try matcher(of: $0, option: "exclude_modules") } ?? { _ in false }
    if mustMatch {
      if case .suffixes(let names) = pattern,
        let unmatched = names.first(where: { name in !sites.contains { Self.ends($0, with: [name]) } })
      {
        throw noMatch("target_modules: \"\(unmatched)\"", kind, sites, option: "target_modules")
      }
      try checkExclusion(isExcluded, kind, sites)
    }
    let isInLayers = try layerTest()
    // Every linear map means those of the blocks.
    let candidates = pattern == .allLinear ? sites.filter { $0 != head } : sites
    let chosen = candidates.filter { matches($0) && isInLayers($0) }
    guard !chosen.isEmpty else {
      throw noMatch("target_modules: \(pattern.described)", kind, sites, option: "target_modules")
    }
    if mustMatch { try checkLayers(among: candidates.filter(matches)) }
    let rest = chosen.filter { !isExcluded($0) && !saved.contains($0) }
    guard !rest.isEmpty else {
      throw AttachError(
        "exclude_modules and modules_to_save leave none of the modules that target_modules chooses",
        option: isExcluded(chosen[0]) ? "exclude_modules" : "modules_to_save")
    }
    return Set(rest)
  }

  /// Refuses an exclusion that excludes nothing, such as a misspelt name.
  private func checkExclusion(_ isExcluded: (String) -> Bool, _ kind: String, _ sites: [String]) throws {
    switch excluded {
    case nil, .allLinear: return
    case .expression where sites.contains(where: isExcluded): return
    case .suffixes(let names):
      guard let unmatched = names.first(where: { name in !sites.contains { Self.ends($0, with: [name]) } }) else {
        return
      }
      throw noMatch("exclude_modules: \"\(unmatched)\"", kind, sites, option: "exclude_modules")
    case .expression(let text)?:
      throw noMatch("exclude_modules: the expression \"\(text)\"", kind, sites, option: "exclude_modules")
    }
  }

  private func matcher(of pattern: Pattern, option: String) throws -> (String) -> Bool {
    switch pattern {
    case .allLinear: return { _ in true }
    case .suffixes(let names): return { Self.ends($0, with: names) }
    case .expression(let text):
      guard let expression = SiteExpression(text) else {
        throw AttachError(
          "\(option): \"\(text)\" is not a regular expression, or is one that is not supported", option: option)
      }
      return { expression.matches($0) }
    }
  }

  /// Whether a site is in one of the layers: the first number in it, after what `layersPattern` asks for.
  private func layerTest() throws -> (String) -> Bool {
    guard let layers, !layers.isEmpty else { return { _ in true } }
    let patterns = try (layersPattern.isEmpty ? ["[^.]*"] : layersPattern).map(Self.layerExpression)
    let wanted = Set(layers)
    return { site in
      guard let (before, layer) = Self.layer(of: site) else { return false }
      return wanted.contains(layer) && patterns.contains { $0.matches(before) }
    }
  }

  /// Refuses a layer's number, or a name before it, that none of the sites has.
  private func checkLayers(among sites: [String]) throws {
    let found = sites.compactMap(Self.layer)
    let known = Set(found.map(\.layer))
    if let layer = layers?.first(where: { !known.contains($0) }) {
      throw AttachError(
        "layers_to_transform: there is no layer \(layer) among the modules that target_modules chooses, which are in "
          + "the layers \(known.min() ?? 0) to \(known.max() ?? 0)", option: "layers_to_transform")
    }
    for pattern in layersPattern {
      let expression = try Self.layerExpression(pattern)
      if found.contains(where: { expression.matches($0.before) }) { continue }
      let names = found.map(\.before).lastNames
      let hint = NearestName.of(pattern, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
      throw AttachError(
        "layers_pattern: \"\(pattern)\" comes before no layer's number; expected \(names.joined(separator: ", "))\(hint)",
        option: "layers_pattern")
    }
  }

  /// What comes before a layer's number in a path, at its end.
  private static func layerExpression(_ pattern: String) throws -> SiteExpression {
    guard let expression = SiteExpression("(?:.*\\.)?(?:\(pattern))") else {
      throw AttachError(
        "layers_pattern: \"\(pattern)\" is not a regular expression, or is one that is not supported",
        option: "layers_pattern")
    }
    return expression
  }

  /// Whether a pattern is what comes before the layer's number of a site.
  static func isLayerName(_ pattern: String, in before: String) -> Bool {
    (try? layerExpression(pattern))?.matches(before) ?? false
  }

  /// The number of the layer that a site is in, the first one of its path, and what comes before it.
  static func layer(of site: String) -> (before: String, layer: Int)? {
    let components = site.split(separator: ".")
    guard let index = components.firstIndex(where: { Int($0) != nil }), let layer = Int(components[index]) else {
      return nil
    }
    return (components[..<index].joined(separator: "."), layer)
  }

  private static func ends(_ site: String, with names: [String]) -> Bool {
    names.contains { site == $0 || site.hasSuffix("." + $0) }
  }

  private func noMatch(_ what: String, _ kind: String, _ sites: [String], option: String) -> AttachError {
    let layerHint = option == "target_modules" ? layers.map { " in layers \($0)" } ?? "" : ""
    let verb = what.contains("\", \"") ? "match" : "matches"
    return AttachError(
      "\(what) \(verb) no \(kind)\(layerHint); this model has \(sites.lastNames.joined(separator: ", "))",
      option: option)
  }
}

extension TargetSelector.Pattern {
  fileprivate var described: String {
    switch self {
    case .suffixes(let names): names.map { "\"\($0)\"" }.joined(separator: ", ")
    case .allLinear: "all-linear"
    case .expression(let text): "the expression \"\(text)\""
    }
  }

  /// As a list of names, or a string with one expression.
  var document: JSONValue {
    switch self {
    case .suffixes(let names): JSONValue(names.sorted())
    case .allLinear: "all-linear"
    case .expression(let text): JSONValue(text)
    }
  }
}

extension TargetSelector {
  /// `target_modules` as PEFT writes it.
  ///
  /// - Parameter sites: What it chose, to be listed in place of layers and exclusions where the method's settings in
  ///   PEFT do not have both; nil where they have.
  func document(sites: [String]? = nil) -> JSONValue {
    if let sites, layers != nil || excluded != nil { return JSONValue(sites) }
    return pattern.document
  }

  /// `exclude_modules` as PEFT writes it.
  var excludedDocument: JSONValue { excluded?.document ?? .null }

  /// `layers_to_transform` as PEFT writes it.
  var layersDocument: JSONValue { layers.map { .array($0.map { JSONValue($0) }) } ?? .null }

  /// `layers_pattern` as PEFT writes it.
  var layersPatternDocument: JSONValue { layersPattern.isEmpty ? .null : JSONValue(layersPattern) }

  /// The options that would make this selector again.
  static func options(_ selector: TargetSelector?) -> [(String, JSONValue)] {
    guard let selector else { return [] }
    return [
      ("target_modules", selector.pattern.document), ("exclude_modules", selector.excludedDocument),
      ("layers_to_transform", selector.layersDocument), ("layers_pattern", selector.layersPatternDocument),
    ].filter { $0.1 != .null }
  }
}
