extension MethodCase {
  /// Structured low-rank updates.
  static let lowRank: [MethodCase] = [
    MethodCase(
      name: "hira", options: #"{"rank": 3, "init": "gaussian", "dropout": 0.2}"#, model: "",
      closedForm: { $0.queryAndValue { 3 * ($0 + $1) } }),
    MethodCase(
      name: "hira", options: #"{"rank": 2, "target_modules": "all-linear", "modules_to_save": ["lm_head"]}"#, model: "",
      closedForm: { $0.linears.reduce(96 * $0.hidden) { $0 + 2 * ($1.inputs + $1.outputs) } }),
    MethodCase(
      name: "loha", options: #"{"rank": 3, "rank_dropout": 0.3, "module_dropout": 0.2}"#, model: "",
      closedForm: { $0.queryAndValue { 2 * 3 * ($0 + $1) } }),
    MethodCase(
      name: "loha",
      options:
        #"{"rank": 3, "target_modules": "all-linear", "rank_pattern": {".*\\.0\\..*": 1}, "alpha_pattern": {".*\\.1\\..*": 2}}"#,
      model: "",
      closedForm: { sizes in
        let first = sizes.linears.count / sizes.layers
        return sizes.linears.enumerated().reduce(0) {
          $0 + 2 * ($1.offset < first ? 1 : 3) * ($1.element.inputs + $1.element.outputs)
        }
      }),
    MethodCase(
      name: "lokr", options: #"{"rank": 1, "target_modules": "all-linear"}"#, model: "",
      closedForm: { $0.linears.reduce(0) { $0 + kronecker($1.inputs, $1.outputs, rank: 1, both: false) } }),
    MethodCase(
      name: "lokr", options: #"{"rank": 1, "decompose_both": true, "init": "lycoris", "rank_dropout": 0.1}"#, model: "",
      closedForm: { $0.queryAndValue { kronecker($0, $1, rank: 1, both: true) } }),
    MethodCase(
      name: "lokr", options: #"{"rank": 12, "factor": 2}"#, model: "",
      closedForm: { $0.queryAndValue { 4 + $0 * $1 / 4 } }),
    MethodCase(
      name: "miss", options: #"{"rank": 5, "dropout": 0.1}"#, model: "", closedForm: { $0.queryAndValue { 5 * $1 } },
      drawsNothing: true),
    MethodCase(
      name: "miss", options: #"{"rank": 3, "mode": "mini", "mini_rank": 4, "target_modules": "all-linear"}"#, model: "",
      closedForm: { 12 * $0.linears.count }, drawsNothing: true),
    MethodCase(
      name: "miss", options: #"{"rank": 4, "mode": "bat"}"#, model: "", closedForm: { $0.queryAndValue { 4 * $1 } },
      drawsNothing: true),
    MethodCase(
      name: "gralora", options: #"{"rank": 4, "blocks": 4}"#, model: "",
      closedForm: { $0.queryAndValue { 4 * ($0 + $1) } }),
    MethodCase(
      name: "gralora", options: #"{"rank": 2, "hybrid_rank": 3, "dropout": 0.1, "target_modules": "all-linear"}"#,
      model: "", closedForm: { $0.linears.reduce(0) { $0 + 5 * ($1.inputs + $1.outputs) } }),
    MethodCase(
      name: "delora", options: #"{"rank": 3, "lambda_pattern": {".*\\.0\\..*": 2}}"#, model: "",
      closedForm: { $0.queryAndValue { 3 * ($0 + $1) + 1 } }),
    MethodCase(
      name: "glora", options: #"{"rank": 2}"#, model: "",
      closedForm: { sizes in
        sizes.queryAndValue { 4 * ($0 + $1) + (sizes.family == "llama" ? 0 : 2 * ($0 + 1) + 2) }
      }),
    MethodCase(
      name: "glora", options: #"{"weights": "vector", "coupling": "vector", "biases": "vector"}"#, model: "",
      closedForm: { sizes in sizes.queryAndValue { 2 * $1 + (sizes.family == "llama" ? 0 : $0 + 2 * $1) } },
      drawsNothing: true),
    MethodCase(
      name: "glora", options: #"{"weights": "constant", "coupling": "none", "biases": "none"}"#, model: "",
      closedForm: { $0.queryAndValue { _, _ in 2 } }, drawsNothing: true),
    MethodCase(
      name: "deft", options: #"{"rank": 3, "alpha": 2, "dropout": 0.1}"#, model: "",
      closedForm: { $0.queryAndValue { 3 * ($0 + $1) } }, start: .rounding),
    MethodCase(
      name: "deft", options: #"{"rank": 10, "decomposition": "qr"}"#, model: "",
      closedForm: { $0.queryAndValue { min(10, $1) * ($0 + $1) } }),
    MethodCase(
      name: "deft", options: #"{"rank": 2, "para": true}"#, model: "", closedForm: { $0.queryAndValue { 2 * $1 } },
      start: .elsewhere),
    MethodCase(
      name: "lora",
      options: #"{"rank": 4, "block_diagonal": {"a": ["v_proj"], "b": ["q_proj", "c_attn"], "blocks": 2}}"#, model: "",
      closedForm: { sizes in
        let query = 4 * (sizes.hidden + (sizes.family == "gpt2" ? 3 * sizes.hidden : sizes.query) / 2)
        return sizes.layers * (query + (sizes.family == "gpt2" ? 0 : 4 * (sizes.hidden / 2 + sizes.keyValue)))
      }),
    // With blocks in A alone, whose rank is that of a plain pair.
    MethodCase(
      name: "lora", options: #"{"rank": 4, "block_diagonal": {"a": ["q_proj", "v_proj", "c_attn"], "blocks": 2}}"#,
      model: "", closedForm: { $0.queryAndValue { 4 * ($0 / 2 + $1) } }),
  ]

  /// Trainable values of LoKr at a map, with the most even cut of both widths.
  private static func kronecker(_ inputs: Int, _ outputs: Int, rank: Int, both: Bool) -> Int {
    func cut(_ width: Int) -> (Int, Int) {
      let least = (1...width).last { width % $0 == 0 && $0 * $0 <= width } ?? 1
      return (least, width / least)
    }
    let ((i, j), (l, k)) = (cut(inputs), cut(outputs))
    let first = both && 2 * rank < max(l, i) ? rank * (l + i) : l * i
    return first + (2 * rank < max(k, j) ? rank * (k + j) : k * j)
  }
}
