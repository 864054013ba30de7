extension MethodCase {
  /// Methods that are others under a name of their own, with options that the others' cases do not have.
  static let named: [MethodCase] = [
    MethodCase(
      name: "dora", options: #"{"rank": 5}"#, model: "",
      closedForm: { $0.queryAndValue { 5 * ($0 + $1) + $1 } }),
    MethodCase(
      name: "pissa", options: #"{"rank": 3}"#, model: "", closedForm: { $0.queryAndValue { 3 * ($0 + $1) } },
      start: .rounding, isSavedConverted: true),
    MethodCase(
      name: "lora-plus", options: #"{"rank": 3}"#, model: "", closedForm: { $0.queryAndValue { 3 * ($0 + $1) } }),
    MethodCase(
      name: "p-tuning-v2", options: #"{"tokens": 6}"#, model: "", closedForm: { 6 * $0.layers * 2 * $0.keyValue },
      start: .elsewhere, cannotBeMerged: true),
    MethodCase(
      name: "sequential-adapter", options: #"{"reduction_factor": 8}"#, model: "",
      closedForm: { $0.layers * $0.bottleneck(8) }, cannotBeMerged: true),
    MethodCase(
      name: "parallel-adapter", options: #"{"reduction_factor": 8}"#, model: "",
      closedForm: { $0.layers * $0.bottleneck(8) }, cannotBeMerged: true),
  ]
}
