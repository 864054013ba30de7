extension MethodCase {
  static let base: [MethodCase] = [
    MethodCase(name: "none", options: "{}", model: "", closedForm: { _ in 0 }, drawsNothing: true),
    MethodCase(name: "full", options: "{}", model: "", closedForm: { $0.everything }, drawsNothing: true),
    MethodCase(
      name: "full", options: #"{"galore": {"rank": 3, "update_proj_gap": 1, "proj_type": "full"}}"#, model: "",
      closedForm: { $0.everything }, drawsNothing: true),
    MethodCase(
      name: "galore", options: #"{"rank": 2}"#, model: "", closedForm: { $0.everything }, drawsNothing: true),
  ]
}
