/// Rotary embedding's settings.
public struct RotaryConfiguration: Sendable, Equatable {
  /// Base of the frequencies.
  public var theta: Double
  /// Leading elements of each head that are rotated; the rest pass through.
  public var dimension: Int
  /// Change of the frequencies for longer contexts.
  public var scaling: RotaryScaling
  /// Divisors of the frequencies, one a pair of dimensions, in place of `scaling` (GGUF's `rope_freqs`, longrope).
  public var divisors: [Double]?
  /// Multiplies cosines and sines (longrope).
  public var attentionFactor: Double = 1
  /// Base of the frequencies of windowed layers, where it differs (Gemma 3); those are not scaled.
  public var localTheta: Double?
  /// Layers without rotary embedding (SmolLM3).
  public var unrotatedLayers: Set<Int> = []
}
