extension MethodCase {
  static let adalora: [MethodCase] = [
    MethodCase(
      name: "adalora", options: "{}", model: "", closedForm: { $0.queryAndValue { 12 * ($0 + $1 + 1) } }),
    MethodCase(
      name: "adalora",
      options: #"""
        {"init_r": 4, "target_r": 2, "lora_alpha": 16, "target_modules": "all-linear", "orth_reg_weight": 0,
          "dropout": 0.1, "modules_to_save": ["lm_head"]}
        """#,
      model: "", closedForm: { $0.linears.reduce(96 * $0.hidden) { $0 + 4 * ($1.inputs + $1.outputs + 1) } }),
    MethodCase(
      name: "adalora",
      options: #"{"initial_rank": 4, "target_rank": 2, "rank_pattern": {".*\\.0\\..*": 0, ".*\\.1\\..*": 3}}"#,
      model: "",
      closedForm: { sizes in sizes.queryAndValue { 3 * ($0 + $1 + 1) } * (sizes.layers - 1) / sizes.layers }),
  ]
}
