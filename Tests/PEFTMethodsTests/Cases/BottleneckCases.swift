extension MethodCase {
  static let bottleneck: [MethodCase] = [
    MethodCase(
      name: "adapter", options: #"{"reduction_factor": 4}"#, model: "",
      closedForm: { $0.layers * 2 * $0.bottleneck(4) }, cannotBeMerged: true),
    MethodCase(
      name: "adapter", options: #"{"kind": "pfeiffer", "reduction_factor": 2, "non_linearity": "gelu"}"#, model: "",
      closedForm: { $0.layers * $0.bottleneck(2) }, cannotBeMerged: true),
    MethodCase(
      name: "adapter", options: #"{"kind": "parallel", "reduction_factor": 4, "non_linearity": "silu"}"#, model: "",
      closedForm: { $0.layers * $0.bottleneck(4) }, cannotBeMerged: true),
  ]
}
