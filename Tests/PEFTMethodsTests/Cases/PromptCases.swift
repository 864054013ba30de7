extension MethodCase {
  static let prompts: [MethodCase] = [
    MethodCase(
      name: "prompt-tuning", options: #"{"tokens": 5}"#, model: "", closedForm: { 5 * $0.hidden }, start: .elsewhere,
      cannotBeMerged: true),
    MethodCase(
      name: "prompt-tuning", options: #"{"tokens": 5, "init": "random"}"#, model: "", closedForm: { 5 * $0.hidden },
      start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "mpt", options: #"{"tokens": 5}"#, model: "", closedForm: { 5 * $0.hidden + 5 + $0.hidden },
      start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "mpt", options: #"{"tokens": 5, "rank": 2, "tasks": 3, "init": "vocabulary"}"#, model: "",
      closedForm: { 5 * $0.hidden + 3 * 2 * (5 + $0.hidden) }, start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "prefix-tuning", options: #"{"tokens": 5}"#, model: "", closedForm: { 5 * $0.layers * 2 * $0.keyValue },
      start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "prefix-tuning", options: #"{"tokens": 5, "projection": true, "encoder_hidden_size": 12}"#, model: "",
      closedForm: { 5 * $0.keyValue + ($0.keyValue + 1) * 12 + 13 * $0.layers * 2 * $0.keyValue }, start: .elsewhere,
      cannotBeMerged: true),
    MethodCase(
      name: "p-tuning", options: #"{"tokens": 5, "encoder_hidden_size": 12}"#, model: "",
      closedForm: { 5 * $0.hidden + ($0.hidden + 1) * 12 + 13 * 12 + 13 * $0.hidden }, start: .elsewhere,
      cannotBeMerged: true),
    MethodCase(
      name: "p-tuning", options: #"{"tokens": 5, "encoder": "lstm", "encoder_hidden_size": 6}"#, model: "",
      closedForm: {
        let layers = 8 * 6 * ($0.hidden + 6 + 2) + 8 * 6 * (3 * 6 + 2)
        return 5 * $0.hidden + layers + 13 * 12 + 13 * $0.hidden
      }, start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "llama-adapter", options: #"{"tokens": 3, "layers": 1}"#, model: "", closedForm: { 3 * $0.hidden + 1 },
      cannotBeMerged: true),
    MethodCase(
      name: "llama-adapter", options: #"{"tokens": 4}"#, model: "", closedForm: { $0.layers * (4 * $0.hidden + 1) },
      cannotBeMerged: true),
  ]
}
