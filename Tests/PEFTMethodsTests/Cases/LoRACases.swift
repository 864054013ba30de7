extension MethodCase {
  static let lora: [MethodCase] = [
    MethodCase(name: "lora", options: #"{"rank": 4}"#, model: "", closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "rslora": true, "target_modules": "all-linear", "loraplus_ratio": 4}"#,
      model: "", closedForm: { $0.linears.reduce(0) { $0 + 2 * ($1.inputs + $1.outputs) } }),
    MethodCase(
      name: "lora",
      options: #"""
        {"rank": 3, "target_modules": "all-linear", "rank_pattern": {".*\\.0\\..*": 1}, "alpha_pattern": {".*\\.1\\..*": 2}}
        """#,
      model: "",
      closedForm: { sizes in
        // The first layer's maps have rank 1.
        let first = sizes.linears.count / sizes.layers
        return sizes.linears.enumerated().reduce(0) {
          $0 + ($1.offset < first ? 1 : 3) * ($1.element.inputs + $1.element.outputs)
        }
      }),
    MethodCase(
      name: "lora", options: #"{"rank": 3, "dora": true}"#, model: "",
      closedForm: { $0.queryAndValue { 3 * ($0 + $1) + $1 } }),
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "pissa"}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }, start: .rounding, isSavedConverted: true),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "init": "gaussian", "lora_dropout": 0.1}"#, model: "",
      closedForm: { $0.queryAndValue { 2 * ($0 + $1) } }),
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "orthogonal"}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }, start: .rounding),
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "olora"}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }, start: .rounding, drawsNothing: true,
      isSavedConverted: true),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "init": "eva", "eva_rho": 1, "eva_tau": 0.9}"#, model: "",
      closedForm: { $0.queryAndValue { 2 * ($0 + $1) } }, drawsNothing: true),
    MethodCase(
      name: "lora", options: #"{"rank": 3, "init": "corda"}"#, model: "",
      closedForm: { $0.queryAndValue { 3 * ($0 + $1) } }, start: .rounding, drawsNothing: true,
      isSavedConverted: true),
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "lora-ga", "ga_direction": "random", "ga_scale": "unit"}"#,
      model: "", closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }, start: .rounding, isSavedConverted: true),
    // A alone is trained, and starts at zero.
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "mica"}"#, model: "",
      closedForm: { $0.queryAndValue { inputs, _ in 4 * inputs } }, drawsNothing: true),
    // Step 0 is what 4 bits and the rank leave of the base model.
    MethodCase(
      name: "lora", options: #"{"rank": 4, "init": "loftq", "loftq_iter": 2}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }, start: .elsewhere, drawsNothing: true),
    // B alone is trained, and starts at zero.
    MethodCase(
      name: "lora", options: #"{"rank": 4, "rule": "lora-fa"}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * $1 } }, drawsNothing: true),
    MethodCase(
      name: "lora", options: #"{"rank": 4, "rule": "riemannian", "damping": 0.1}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "lora_bias": true}"#, model: "",
      closedForm: { $0.queryAndValue { 2 * ($0 + $1) + $1 } }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "bias": "all", "dora": true}"#, model: "",
      closedForm: { sizes in
        sizes.queryAndValue { 2 * ($0 + $1) + $1 } + (sizes.family == "llama" ? 0 : sizes.biases)
      }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "target_modules": "all-linear", "modules_to_save": ["lm_head"]}"#, model: "",
      closedForm: { $0.linears.reduce(96 * $0.hidden) { $0 + 2 * ($1.inputs + $1.outputs) } }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "trainable_token_indices": [62, 5, 17]}"#, model: "",
      closedForm: { sizes in sizes.queryAndValue { 2 * ($0 + $1) } + 3 * sizes.hidden }),
    MethodCase(
      name: "lora", options: #"{"rank": 2, "target_modules": ".*(embed_tokens|wte)|lm_head"}"#, model: "",
      closedForm: { 2 * 2 * (96 + $0.hidden) }),
  ]
}
