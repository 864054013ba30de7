extension MethodCase {
  static let projections: [MethodCase] = [
    MethodCase(
      name: "vera", options: #"{"rank": 4}"#, model: "", closedForm: { $0.queryAndValue { _, o in o + 4 } },
      drawsNothing: true),
    MethodCase(
      name: "vera", options: #"{"rank": 6, "save_projection": false, "target_modules": "all-linear", "dropout": 0.1}"#,
      model: "", closedForm: { $0.linears.reduce(0) { $0 + $1.outputs + 6 } }, drawsNothing: true),
    MethodCase(
      name: "pvera", options: #"{"rank": 4, "projection_seed": 5}"#, model: "",
      closedForm: { $0.queryAndValue { _, o in o + 8 } }, drawsNothing: true),
    MethodCase(
      name: "svft", options: "{}", model: "", closedForm: { $0.queryAndValue { 3 * min($0, $1) - 2 + 1 } },
      drawsNothing: true),
    MethodCase(
      name: "svft",
      options: #"{"rank": 4, "off_diag": 2, "pattern": "top_k", "gate": false, "target_modules": "all-linear"}"#,
      model: "",
      closedForm: { $0.linears.count * 14 }, drawsNothing: true),
    MethodCase(
      name: "svft", options: #"{"rank": 5, "off_diag": 9, "pattern": "random"}"#, model: "",
      closedForm: { $0.queryAndValue { _, _ in 26 } }, drawsNothing: true),
  ]
}
