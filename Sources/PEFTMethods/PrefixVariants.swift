import PEFTCore

/// P-tuning v2: prefix tuning whose keys and values are trained as they are, without a projection.
struct PTuningV2: MethodVariant {
  static let name = "p-tuning-v2"
  static let summary = "trainable keys and values in every layer, without a projection: prefix-tuning"
  static let source = "Liu et al. 2022, arXiv 2110.07602"
  static let decided: [(key: String, value: JSONValue)] = [
    ("projection", false), ("encoder_hidden_size", .null),
  ]

  let base: PrefixTuning
}
