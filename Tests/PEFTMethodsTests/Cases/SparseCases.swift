extension MethodCase {
  /// Methods that train a choice of single entries, rows or biases.
  static let sparse: [MethodCase] = [
    // The places are drawn, the values begin at zero.
    MethodCase(
      name: "shira", options: #"{"rank": 2}"#, model: "", closedForm: { $0.queryAndValue { 2 * ($0 + $1) } },
      drawsNothing: true),
    MethodCase(
      name: "shira", options: #"{"rank": 1, "target_modules": "all-linear"}"#, model: "",
      closedForm: { $0.linears.reduce(0) { $0 + $1.inputs + $1.outputs } }, drawsNothing: true),
    MethodCase(
      name: "super-tuning", options: #"{"sparsity": 0.9}"#, model: "",
      closedForm: { $0.queryAndValue { Int(Double($0 * $1) * (1 - 0.9)) } }, drawsNothing: true),
    MethodCase(
      name: "super-tuning",
      options: #"{"sparsity": 0.5, "select_top": false, "rank": 2, "target_modules": "all-linear"}"#,
      model: "", closedForm: { $0.linears.reduce(0) { $0 + $1.inputs * $1.outputs / 2 + 2 * ($1.inputs + $1.outputs) } }
    ),
    MethodCase(
      name: "beft", options: "{}", model: "",
      closedForm: { $0.layers * ($0.family == "gpt2" ? 3 * $0.hidden : $0.keyValue) }, drawsNothing: true),
    MethodCase(
      name: "trainable-tokens", options: #"{"tokens": [5, 41, 3]}"#, model: "", closedForm: { 3 * $0.hidden },
      drawsNothing: true),
  ]
}
