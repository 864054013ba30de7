extension MethodCase {
  static let inPlace: [MethodCase] = [
    MethodCase(name: "bitfit", options: "{}", model: "", closedForm: { $0.biases }, drawsNothing: true),
    MethodCase(name: "ln-tuning", options: "{}", model: "", closedForm: { $0.norms }, drawsNothing: true),
  ]
}
