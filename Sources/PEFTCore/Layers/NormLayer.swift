/// A norm of the model, whose gain and bias a method may train.
public final class NormLayer: SitePart {
  /// The module's path as Hugging Face names it, such as `model.layers.3.input_layernorm`.
  public let site: String
  /// RMSNorm or LayerNorm.
  public let normalization: Normalization
  /// Width of what is normalized.
  public let width: Int
  /// Whether the architecture gives it a gain.
  public let hasGain: Bool
  /// Whether the architecture gives it a bias.
  public let hasBias: Bool

  /// The frozen gain, as stored in the checkpoint.
  public internal(set) var gain: Tensor?
  /// The frozen bias.
  public internal(set) var bias: Tensor?

  /// What methods attached.
  public let occupancy = Occupancy()

  /// Creates a norm without weights.
  public init(site: String, normalization: Normalization, width: Int, hasGain: Bool = true, hasBias: Bool = false) {
    self.site = site
    self.normalization = normalization
    self.width = width
    self.hasGain = hasGain
    self.hasBias = hasBias
  }

  /// Its gain and its bias, those that the architecture gives it.
  public var weightSlots: [WeightSlot] {
    (hasGain ? [WeightSlot(holder: .gain(self))] : []) + (hasBias ? [WeightSlot(holder: .normBias(self))] : [])
  }

  /// A gain or a bias in place of its own.
  public func takes(_ occupant: Occupant) -> Bool {
    switch occupant {
    case .weight: hasGain
    case .bias: hasBias
    default: false
    }
  }

  /// A trained gain in place of the frozen one (LN tuning, full fine-tuning).
  public var trainedGain: Parameter? { occupancy.weight }

  /// A trained bias in place of the frozen one (BitFit, LN tuning, full fine-tuning).
  public var trainedBias: Parameter? { occupancy.bias }

  /// Normalizes every row, or every one of `groups` equal parts of a row.
  ///
  /// - Returns: The shape of `x`, in memory of its own.
  public func callAsFunction(_ x: Variable, on tape: Tape, groups: Int = 1) -> Variable {
    tape.normalize(
      x, normalization, gain: trainedGain.map(tape.variable) ?? gain.map(Variable.init(constant:)),
      bias: trainedBias.map(tape.variable) ?? bias.map(Variable.init(constant:)), groups: groups)
  }
}
