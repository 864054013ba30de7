import PEFTCore

/// DoRA: LoRA with trained lengths of the weight's rows (`DoRAAdapter`).
struct DoRA: MethodVariant {
  static let name = "dora"
  static let summary = "low-rank update with trained lengths of the weight's rows: lora with dora: true"
  static let source = "Liu et al. 2024, arXiv 2402.09353"
  static let decided: [(key: String, value: JSONValue)] = [
    ("dora", true), ("lora_bias", .null), ("target_parameters", .null), ("block_diagonal", .null),
    ("corda_method", .null),
    ("ga_direction", .null), ("ga_scale", .null), ("ga_gamma", .null), (LoRAStartOptions.iterationsName, .null),
  ]

  let base: LoRA
}

/// PiSSA: LoRA that starts from the principal components of the weight, which are taken out of it (`LowRankOrigin`).
struct PiSSA: MethodVariant {
  static let name = "pissa"
  static let summary = "low-rank update that starts from the weight's principal components: lora with init: pissa"
  static let source = "Meng et al. 2024, arXiv 2404.02948"
  static let decided: [(key: String, value: JSONValue)] =
    [
      ("init", "pissa"), ("dora", false), ("lora_bias", .null), ("target_parameters", .null), ("block_diagonal", .null),
    ] + (LoRAStartOptions.namesOfSearches + [LoRAStartOptions.iterationsName]).map { ($0, .null) }

  let base: LoRA
}

/// LoRA+: LoRA whose B learns faster than its A, sixteen times unless `loraplus_ratio` is given.
struct LoRAPlus: MethodVariant {
  static let name = "lora-plus"
  static let summary = "low-rank update whose B learns faster than its A: lora with loraplus_ratio"
  static let source = "Hayou et al. 2024, arXiv 2402.12354"
  static let decided: [(key: String, value: JSONValue)] = []
  static let defaults: [(key: String, value: JSONValue)] = [("loraplus_ratio", 16)]

  let base: LoRA
}

/// QLoRA: LoRA on a base whose maps are in NF4 with double quantization (`NF4`).
struct QLoRA: MethodVariant {
  static let name = "qlora"
  static let summary = "low-rank update on a base in 4 bits (NF4), which model convert makes: lora"
  static let source = "Dettmers et al. 2023, arXiv 2305.14314"
  static let decided: [(key: String, value: JSONValue)] = []

  let base: LoRA

  func check(_ model: CausalLanguageModel) throws {
    // A model without weights is there to be counted.
    let weights = model.linears.compactMap(\.weight)
    guard weights.isEmpty || weights.contains(where: { $0.format == .nf4 }) else {
      throw AttachError(
        "qlora is LoRA on a model in NF4, and this one's maps are \(weights[0].format.name): make one with model convert "
          + "--to nf4, or name the method lora")
    }
  }
}
