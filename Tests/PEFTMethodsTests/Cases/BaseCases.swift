extension MethodCase {
  static let base: [MethodCase] = [
    MethodCase(name: "none", options: "{}", model: "", closedForm: { _ in 0 }, drawsNothing: true),
    MethodCase(name: "full", options: "{}", model: "", closedForm: { $0.everything }, drawsNothing: true),
  ]
}
