/// What the two matrices of a LoRA start from.
enum LoRAStart: String, CaseIterable, Sendable {
  /// A at random, B at zero.
  case zero
  /// A at random with deviation 1/rank, B at zero.
  case gaussian
  /// A and B at random in orthogonal parts of the rank, so that their product is zero.
  case orthogonal
  /// The principal components of the weight, which are taken out of it.
  case pissa
  /// The first columns and rows of the weight's QR decomposition, which are taken out of it.
  case olora
  /// A from the principal components of the map's inputs, which also share the ranks out; B at zero.
  case eva
  /// The principal (or last) components of the weight as the inputs see it, which are taken out of it.
  case corda
  /// Singular vectors of the weight's gradient, whose product is taken out of the weight.
  case loraGA = "lora-ga"
  /// B from the weight's last left singular vectors, and kept there; A at zero.
  case mica
  /// The principal components of what 4 bits lose of the weight, which is in 4 bits.
  case loftq

  /// Whether it is computed from training rows.
  var needsRows: Bool { [.eva, .corda, .loraGA].contains(self) }

  /// Whether two factors are taken out of the weight, as `LowRankOrigin` does it.
  var isTakenOut: Bool { [.pissa, .olora, .corda, .loraGA].contains(self) }

  /// Whether it is drawn without a look at weight or rows.
  var isDrawn: Bool { [.zero, .gaussian, .orthogonal].contains(self) }

  /// Whether step 0 is another function than LoRA's around the frozen weight.
  var changesWeight: Bool { isTakenOut || self == .loftq }

  /// What PEFT calls it in `init_lora_weights`.
  var peftName: String { self == .loraGA ? "lora_ga" : rawValue }
}
