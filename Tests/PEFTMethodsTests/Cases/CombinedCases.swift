extension MethodCase {
  static let combined: [MethodCase] = [
    MethodCase(
      name: "combined", options: #"{"parts": [{"name": "lora", "rank": 2}, "ia3"]}"#, model: "",
      closedForm: { $0.queryAndValue { 2 * ($0 + $1) } + $0.ia3(feedForwardInput: true) }),
    MethodCase(
      name: "combined",
      options: #"{"parts": [{"name": "lora", "rank": 2}, {"name": "lora", "rank": 4, "init": "pissa"}]}"#, model: "",
      closedForm: { $0.queryAndValue { 6 * ($0 + $1) } }, start: .rounding, isSavedConverted: true),
    MethodCase(
      name: "combined",
      options: #"""
        {"parts": [{"name": "lora", "rank": 2}, {"name": "prefix-tuning", "tokens": 3},
          {"name": "adapter", "kind": "pfeiffer", "reduction_factor": 4}]}
        """#,
      model: "",
      closedForm: {
        $0.queryAndValue { 2 * ($0 + $1) } + 3 * $0.layers * 2 * $0.keyValue + $0.layers * $0.bottleneck(4)
      }, start: .elsewhere, cannotBeMerged: true),
  ]
}
