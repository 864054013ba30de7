/// A model's config.json (or a GGUF header in the same terms), read key by key with located errors.
public struct ModelDescription {
  /// The values.
  public let root: DocumentValue
  /// The text they come from.
  public let text: DocumentText
  /// Whether the values come from a GGUF header, and mean what they mean in llama.cpp.
  public let isHeader: Bool

  /// Creates a reader of `root`, which was parsed from `text`.
  public init(root: DocumentValue, text: DocumentText, isHeader: Bool = false) {
    self.root = root
    self.text = text
    self.isHeader = isHeader
  }

  /// A whole number that must be there and lie in `range`.
  public func integer(_ key: String, in range: ClosedRange<Int> = 1...10_000_000) throws(DocumentError) -> Int {
    guard let value = root[key] else {
      throw DocumentError("the model's description lacks \"\(key)\"", at: root.offset, of: text)
    }
    return try checked(value, key, range)
  }

  /// A whole number that may be absent or null.
  public func integer(
    _ key: String, default fallback: Int, in range: ClosedRange<Int> = 1...10_000_000
  ) throws(DocumentError) -> Int {
    guard let value = root[key] else { return fallback }
    return try checked(value, key, range)
  }

  /// A number that may be absent or null.
  public func number(_ key: String, default fallback: Double) throws(DocumentError) -> Double {
    guard let value = root[key] else { return fallback }
    guard let number = value.number else { throw wrong(value, key, "a number") }
    return number
  }

  /// A number above zero that may be absent or null.
  public func positive(_ key: String, default fallback: Double) throws(DocumentError) -> Double {
    let value = try number(key, default: fallback)
    guard value > 0, value.isFinite else { throw refuse(key, "expected a positive number, found \(value)") }
    return value
  }

  /// A number, or nil where it is absent or null.
  public func number(_ key: String) throws(DocumentError) -> Double? {
    guard root[key] != nil else { return nil }
    return try number(key, default: 0)
  }

  /// True or false, which may be absent.
  public func bool(_ key: String, default fallback: Bool) throws(DocumentError) -> Bool {
    guard let value = root[key] else { return fallback }
    guard let bool = value.bool else { throw wrong(value, key, "true or false") }
    return bool
  }

  /// A text that may be absent.
  public func string(_ key: String, default fallback: String) throws(DocumentError) -> String {
    guard let value = root[key] else { return fallback }
    guard let string = value.string else { throw wrong(value, key, "a string") }
    return string
  }

  /// One token id or a list of them; empty where the key is absent.
  public func tokens(_ key: String) throws(DocumentError) -> [Int32] {
    guard let value = root[key] else { return [] }
    var ids: [Int32] = []
    for element in value.array ?? [value] {
      guard let id = element.integer, let token = Int32(exactly: id), token >= 0 else {
        throw wrong(value, key, "a token id or a list of them")
      }
      ids.append(token)
    }
    return ids
  }

  /// The non-linearity that config.json calls `hidden_act` or the like.
  public func activation(_ key: String, default fallback: String) throws(DocumentError) -> Activation {
    let name = try string(key, default: fallback)
    switch name {
    case "silu", "swish": return .silu
    case "gelu": return .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
    case "relu": return .relu
    default:
      throw DocumentError(
        "\"\(key)\": the activation \"\(name)\" is not supported (silu, gelu, gelu_new, gelu_pytorch_tanh, relu are)",
        at: root[key]?.offset ?? root.offset, of: text)
    }
  }

  /// Layers that see only the last positions, as `layer_types` names them; where that is absent, by `isWindowed`.
  ///
  /// - Parameters:
  ///   - size: Positions that a windowed layer sees; nil if no layer is windowed.
  ///   - layers: Number of layers.
  ///   - isWindowed: The family's own pattern.
  public func windows(
    _ size: Int?, layers: Int, isWindowed: (_ layer: Int) -> Bool
  ) throws(DocumentError) -> [Int?] {
    guard let size else { return [Int?](repeating: nil, count: layers) }
    guard let types = root["layer_types"] else { return (0..<layers).map { isWindowed($0) ? size : nil } }
    let names = types.array?.compactMap(\.string) ?? []
    guard names.count == layers, names.allSatisfy({ ["sliding_attention", "full_attention"].contains($0) }) else {
      throw DocumentError(
        "\"layer_types\": expected \(layers) entries that are sliding_attention or full_attention", at: types.offset,
        of: text)
    }
    return names.map { $0 == "sliding_attention" ? size : nil }
  }

  /// The value of `sliding_window`; null means none, and where it is absent `fallback` counts.
  public func window(default fallback: Int?) throws(DocumentError) -> Int? {
    guard mentions("sliding_window") else { return fallback }
    return root["sliding_window"] == nil ? nil : try integer("sliding_window")
  }

  /// What the value under a key says about itself; nil where the key is absent, null, or no object.
  public func section(_ key: String) -> ModelDescription? {
    guard let value = root[key], value.object != nil else { return nil }
    return ModelDescription(root: value, text: text, isHeader: isHeader)
  }

  /// Whether the key is there, be it with null.
  public func mentions(_ key: String) -> Bool { root.object?[key] != nil }

  /// Refuses a setting that this program does not compute.
  public func refuse(_ key: String, _ reason: String) -> DocumentError {
    DocumentError("\"\(key)\": \(reason)", at: root[key]?.offset ?? root.offset, of: text)
  }

  private func checked(_ value: DocumentValue, _ key: String, _ range: ClosedRange<Int>) throws(DocumentError) -> Int {
    guard let number = value.integer, range.contains(number) else {
      throw wrong(value, key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func wrong(_ value: DocumentValue, _ key: String, _ expected: String) -> DocumentError {
    DocumentError("\"\(key)\": expected \(expected), found \(value.kindName)", at: value.offset, of: text)
  }
}
