extension MethodCase {
  static let rotations: [MethodCase] = [
    MethodCase(
      name: "oft", options: #"{"block_size": 4}"#, model: "", closedForm: { $0.queryAndValue { i, _ in i / 4 * 6 } },
      drawsNothing: true),
    MethodCase(
      name: "oft", options: #"{"blocks": 2, "form": "exact", "target_modules": "all-linear"}"#, model: "",
      closedForm: { $0.linears.reduce(0) { $0 + $1.inputs / 2 * ($1.inputs / 2 - 1) } }, drawsNothing: true),
    MethodCase(
      name: "oft", options: #"{"block_size": 8, "share_blocks": true, "constrained": true, "eps": 0.01}"#, model: "",
      closedForm: { $0.queryAndValue { _, _ in 28 } }, drawsNothing: true),
    MethodCase(
      name: "hra", options: #"{"rank": 4}"#, model: "", closedForm: { $0.queryAndValue { i, _ in 4 * i } },
      start: .rounding),
    MethodCase(
      name: "hra", options: #"{"rank": 3}"#, model: "", closedForm: { $0.queryAndValue { i, _ in 3 * i } },
      start: .elsewhere),
    MethodCase(
      name: "hra", options: #"{"rank": 2, "gram_schmidt": true, "target_modules": "all-linear"}"#, model: "",
      closedForm: { $0.linears.reduce(0) { $0 + 2 * $1.inputs } }, start: .elsewhere),
    MethodCase(
      name: "road", options: "{}", model: "", closedForm: { $0.queryAndValue { _, o in o } }, drawsNothing: true),
    MethodCase(
      name: "road", options: #"{"variant": "road_2", "group_size": 4}"#, model: "",
      closedForm: { $0.queryAndValue { _, o in 2 * o } }, drawsNothing: true),
    MethodCase(
      name: "road", options: #"{"variant": "road_4", "group_size": 4, "target_modules": "all-linear"}"#, model: "",
      closedForm: { $0.linears.reduce(0) { $0 + 4 * $1.outputs } }, drawsNothing: true),
  ]
}
