public import PEFTCore

extension CombinationRecipe {
  /// Whether both mean the same of the same folders.
  public static func == (a: CombinationRecipe, b: CombinationRecipe) -> Bool {
    a.canonical(hashes: a.adapters.map(\.path), origin: a.origin)
      == b.canonical(hashes: b.adapters.map(\.path), origin: b.origin)
  }

  /// Whether the result depends on what each adapter says that it started from.
  public var readsOrigins: Bool { kind == .taskVector && origin == nil }

  /// Why the result cannot stand where an adapter is wanted, in words that follow the expression; nil where it can.
  public var vectorComplaint: String? {
    kind == .taskVector && expression.origin == nil ? "is a vector, not an adapter: write origin + \(text)" : nil
  }

  /// What the result depends on, in one form for each meaning.
  ///
  /// - Parameters:
  ///   - hashes: The contents of the adapters, in their order.
  ///   - origins: What identifies their origins, in the same order, where the result depends on them; nil for an adapter
  ///     that does not tell.
  ///   - origin: The content of the common origin, if one is given.
  public func canonical(hashes: [String], origins: [String?] = [], origin: String?) -> JSONValue {
    var contents: [String: JSONValue] = [:]
    for (index, (adapter, hash)) in zip(adapters, hashes).enumerated() {
      let own = readsOrigins && index < origins.count ? origins[index] : nil
      contents[adapter.name] = own.map { [JSONValue(hash), JSONValue($0)] } ?? JSONValue(hash)
    }
    func content(_ name: String) -> JSONValue { contents[name] ?? .null }
    let start: JSONValue =
      switch expression.origin {
      case nil: .null
      case .common?: "common"
      case .of(let name)?: content(name)
      }
    var json: JSONValue = [
      "terms": .array(expression.terms.map { ["adapter": content($0.name), "weight": JSONValue($0.weight)] }),
      "origin": start, "convention": JSONValue(kind.names.convention), "type": JSONValue(kind.names.type),
    ]
    // No term says whose origin it is.
    if expression.terms.isEmpty, expression.origin == .common {
      json["origin_of"] = .array(adapters.map { content($0.name) })
    }
    if origin != nil { json["origin_of_all"] = JSONValue(origin) }
    if kind.decomposes { json["rank"] = JSONValue(rank) }
    guard kind.isSparse || clamp != nil else { return json }
    json["density"] = JSONValue(density)
    json["signs"] = JSONValue(signs.rawValue)
    json["clamp"] = JSONValue(clamp)
    json["gamma"] = JSONValue(gamma)
    json["epsilon"] = JSONValue(epsilon)
    json["seed"] = JSONValue(seed)
    // Random masks are told apart by the names.
    json["names"] = JSONValue(expression.terms.map(\.name))
    return json
  }

  /// What the result depends on, in one form for each meaning, with the contents that the folders have now.
  ///
  /// - Parameter hash: Gives the hash of an adapter's folder.
  /// - Throws: What `hash` throws; `DocumentError` for an origin that is not understood.
  public func content(_ hash: (_ folder: String) throws -> String) throws -> JSONValue {
    let origin = try origin.map { $0 == Self.neutralOrigin ? $0 : try hash($0) }
    let origins = readsOrigins ? try adapters.map { try AdapterFile.originHash(of: $0.path) } : []
    return canonical(hashes: try adapters.map { try hash($0.path) }, origins: origins, origin: origin)
  }

  /// One hash of all that the result depends on.
  ///
  /// - Parameter hash: Gives the hash of an adapter's folder.
  /// - Throws: As `content`.
  public func contentHash(_ hash: (_ folder: String) throws -> String) throws -> String {
    Self.hash(of: try content(hash))
  }

  /// One hash of what one or several combinations depend on.
  public static func hash(of content: JSONValue) -> String {
    SHA256.hexadecimal(of: JSONWriter.bytes(content, isPretty: false))
  }
}
