extension MethodCase {
  static let ia3: [MethodCase] = [
    MethodCase(
      name: "ia3", options: #"{"modules_to_save": ["lm_head"]}"#, model: "",
      closedForm: { $0.ia3(feedForwardInput: true) + 96 * $0.hidden }, drawsNothing: true),
    MethodCase(
      name: "ia3", options: "{}", model: "", closedForm: { $0.ia3(feedForwardInput: true) }, drawsNothing: true),
    MethodCase(
      name: "ia3", options: #"{"feedforward": "output"}"#, model: "", closedForm: { $0.ia3(feedForwardInput: false) },
      drawsNothing: true),
  ]
}
