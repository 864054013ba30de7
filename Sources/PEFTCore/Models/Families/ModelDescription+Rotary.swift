import Foundation

extension ModelDescription {
  /// Names under which a family's description keeps rotary embedding's settings, and their values where absent.
  public struct RotaryKeys: Sendable {
    /// Key of the base of the frequencies.
    public var theta = "rope_theta"
    /// Key of the share of a head that is rotated.
    public var share = "partial_rotary_factor"
    /// The base where it is absent.
    public var defaultTheta = 10_000.0
    /// The share where it is absent.
    public var defaultShare = 1.0
    /// Whether the family rotates a part of each head where the share says so.
    ///
    /// The other families of transformers pass over the share; in a GGUF header all heed it, as in llama.cpp.
    public var heedsShare = true

    /// The keys of most families.
    public init() {}
  }

  /// Rotary embedding's settings, in the spelling of transformers 4 (`rope_scaling` beside `rope_theta`) or 5 (all in
  /// `rope_parameters`).
  ///
  /// - Parameters:
  ///   - headDimension: Width of a head.
  ///   - keys: Where the family keeps them.
  ///   - own: The object that holds them, where it is not one of the two.
  public func rotary(
    headDimension: Int, keys: RotaryKeys = .init(), parameters own: ModelDescription? = nil
  ) throws(DocumentError) -> RotaryConfiguration {
    let parameters = own ?? section("rope_parameters") ?? section("rope_scaling")
    var theta = try positive(keys.theta, default: keys.defaultTheta)
    var share = try number(keys.share, default: keys.defaultShare)
    var type = "default"
    if let parameters {
      type = try parameters.string("rope_type", default: try parameters.string("type", default: type))
      theta = try parameters.positive("rope_theta", default: theta)
      share = try parameters.number("partial_rotary_factor", default: share)
    }
    if !keys.heedsShare, !isHeader, share != 1 {
      guard type == "default" else {
        throw (parameters ?? self).refuse(
          keys.share, "\(share) together with rotary scaling is nothing that this architecture computes")
      }
      share = 1
    }
    let dimension = share > 0 && share <= 1 ? Int(Double(headDimension) * share) / 2 * 2 : 0
    guard dimension > 0 else {
      throw DocumentError(
        "rotary embedding cannot turn the share \(share) of heads of width \(headDimension)",
        at: parameters?.root.offset ?? root.offset, of: text)
    }
    var rotary = RotaryConfiguration(theta: theta, dimension: dimension, scaling: .none)
    guard let parameters else { return rotary }
    switch type {
    case "default": break
    case "linear": rotary.scaling = .linear(factor: try parameters.positive("factor", default: 1))
    case "llama3":
      rotary.scaling = .llama3(
        factor: try parameters.positive("factor", default: 8),
        lowFrequencyFactor: try parameters.positive("low_freq_factor", default: 1),
        highFrequencyFactor: try parameters.positive("high_freq_factor", default: 4),
        originalContext: Double(
          try parameters.integer("original_max_position_embeddings", default: 8192, in: 1...1_000_000_000)))
    case "longrope", "su": try applyLongRoPE(parameters, to: &rotary)
    default:
      throw DocumentError(
        "rotary scaling \"\(type)\" is not supported (default, linear, llama3, longrope are)",
        at: parameters.root.offset, of: text)
    }
    return rotary
  }

  /// The context for which a model with `longrope` has its short factors; nil for other models.
  ///
  /// Longer sequences would turn all their positions by the long factors, so that what a token sees would depend on
  /// how far its sequence goes on. Such sequences are not offered.
  public func shortContext() throws(DocumentError) -> Int? {
    guard let parameters = section("rope_parameters") ?? section("rope_scaling"),
      parameters.root["short_factor"] != nil
    else { return nil }
    return try originalContext(parameters)
  }

  /// LongRoPE (Ding and others, 2024) for sequences within the original context: frequencies divided by the short
  /// factors, and cosines and sines enlarged by √(1 + ln(extension) / ln(original context)).
  private func applyLongRoPE(
    _ parameters: ModelDescription, to rotary: inout RotaryConfiguration
  ) throws(DocumentError) {
    let factors = parameters.root["short_factor"]?.array?.compactMap(\.number) ?? []
    guard factors.count == rotary.dimension / 2, factors.allSatisfy({ $0 > 0 }) else {
      throw DocumentError(
        "\"short_factor\": expected \(rotary.dimension / 2) positive numbers",
        at: parameters.root["short_factor"]?.offset ?? parameters.root.offset, of: text)
    }
    rotary.divisors = factors
    let original = Double(try originalContext(parameters))
    let extended = Double(
      try integer("max_position_embeddings", default: Int(original), in: 1...1_000_000_000))
    let factor = try parameters.positive("factor", default: extended / original)
    rotary.attentionFactor = try parameters.positive(
      "attention_factor", default: factor > 1 ? (1 + log(factor) / log(original)).squareRoot() : 1)
  }

  private func originalContext(_ parameters: ModelDescription) throws(DocumentError) -> Int {
    let key = "original_max_position_embeddings"
    let longest = 1...1_000_000_000
    return try integer(
      key,
      default: try parameters.integer(key, default: try integer("max_position_embeddings", in: longest), in: longest),
      in: longest)
  }
}
