/// A model's config.json (or a GGUF header in the same terms), read key by key with located errors.
public struct ModelDescription {
  /// The values.
  public let root: DocumentValue
  /// The text they come from.
  public let text: DocumentText

  /// Creates a reader of `root`, which was parsed from `text`.
  public init(root: DocumentValue, text: DocumentText) {
    self.root = root
    self.text = text
  }

  /// A whole number that must be there and lie in `range`.
  public func integer(_ key: String, in range: ClosedRange<Int> = 1...1_000_000_000) throws(DocumentError) -> Int {
    guard let value = root[key] else {
      throw DocumentError("the model's description lacks \"\(key)\"", at: root.offset, of: text)
    }
    return try checked(value, key, range)
  }

  /// A whole number that may be absent or null.
  public func integer(
    _ key: String, default fallback: Int, in range: ClosedRange<Int> = 1...1_000_000_000
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

  /// Rotary embedding's settings, in the spelling of transformers 4 or 5.
  public func rotary(headDimension: Int, defaultTheta: Double = 10_000) throws(DocumentError) -> RotaryConfiguration {
    let parameters = root["rope_parameters"] ?? root["rope_scaling"]
    let scaling = parameters.map { ModelDescription(root: $0, text: text) }
    var theta = try number("rope_theta", default: defaultTheta)
    var partial = try number("partial_rotary_factor", default: 1)
    if let scaling {
      theta = try scaling.number("rope_theta", default: theta)
      partial = try scaling.number("partial_rotary_factor", default: partial)
    }
    guard theta > 0, partial > 0, partial <= 1 else {
      throw DocumentError("rope_theta and partial_rotary_factor must be positive", at: root.offset, of: text)
    }
    return RotaryConfiguration(
      theta: theta, dimension: Int(Double(headDimension) * partial) / 2 * 2,
      scaling: try scaling.map { scaling throws(DocumentError) in try Self.scaling(scaling, of: self) } ?? .none)
  }

  private static func scaling(_ scaling: ModelDescription, of model: ModelDescription) throws(DocumentError)
    -> RotaryScaling
  {
    let type = try scaling.string("rope_type", default: try scaling.string("type", default: "default"))
    switch type {
    case "default": return .none
    case "linear": return .linear(factor: try scaling.number("factor", default: 1))
    case "llama3":
      return .llama3(
        factor: try scaling.number("factor", default: 8),
        lowFrequencyFactor: try scaling.number("low_freq_factor", default: 1),
        highFrequencyFactor: try scaling.number("high_freq_factor", default: 4),
        originalContext: Double(try scaling.integer("original_max_position_embeddings", default: 8192)))
    default:
      throw DocumentError(
        "rotary scaling \"\(type)\" is not supported (default, linear, llama3 are)", at: scaling.root.offset,
        of: scaling.text)
    }
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
