import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Parameter snapshots") struct ParameterSnapshotTests {
  private let context = ComputeContext(threads: 2)
  private static let values: [[[Float]]] = [
    [[0.5, -1.25, 2], [3, -0.1]], [[0.7, -1, 1.5], [2.5, 0.4]], [[0.1, 0.3, -4], [1, 0.9]],
  ]

  private func parameters() -> [Parameter] {
    [("a", 3), ("b", 2)].map { name, count in
      Parameter(name, shape: [count], in: context.pool) { [Float](repeating: 0, count: count) }
    }
  }

  private func set(_ parameters: [Parameter], _ values: [[Float]]) {
    for (parameter, values) in zip(parameters, values) { parameter.assign(values) }
  }

  @Test("Averages are those of torch.optim.swa_utils") func averages() {
    // torch 2.13: AveragedModel, and AveragedModel with get_ema_multi_avg_fn(0.9), after update_parameters for each of the
    // values.
    let golden: [String: [[Float]]] = [
      "mean": [[0.433333337, -0.649999976, -0.166666627], [2.16666675, 0.400000006]],
      "exponential": [[0.477999985, -1.07249999, 1.35500002], [2.75500011, 0.0449999981]],
    ]
    for (name, expected) in golden {
      let parameters = parameters()
      set(parameters, Self.values[0])
      let snapshot = ParameterSnapshot(of: parameters, as: .optimizer, context: context)
      for (count, values) in Self.values.enumerated().dropFirst() {
        set(parameters, values)
        snapshot.average(with: parameters, share: name == "mean" ? 1 / Float(count + 1) : 0.1)
      }
      for (tensor, expected) in zip(snapshot.tensors, expected) {
        expectClose(tensor.values, expected, relative: 2e-7, absolute: 1e-7, name)
      }
    }
  }

  @Test("A copy is apart from the parameters, and goes back into their own memory") func copies() {
    let parameters = parameters()
    set(parameters, Self.values[0])
    let memory = parameters.map { $0.value.elements }
    let before = context.pool.live
    let snapshot = ParameterSnapshot(of: parameters, as: .optimizer, context: context)
    #expect(context.pool.live[.optimizer] == before[.optimizer] + 4 * 5)
    #expect(context.pool.live[.adapter] == before[.adapter])
    for parameter in parameters { parameter.value.mutableElements[0] = 9 }
    #expect(snapshot.tensors.map(\.values) == Self.values[0])
    snapshot.exchange(with: parameters)
    #expect(parameters.map { $0.value.values } == Self.values[0])
    #expect(snapshot.tensors.map { $0.values[0] } == [9, 9])
    snapshot.update(from: parameters)
    parameters[1].value.mutableElements[1] = 7
    snapshot.assign(to: parameters)
    #expect(parameters.map { $0.value.values } == Self.values[0])
    #expect(parameters.map { $0.value.elements } == memory)
  }

  @Test("What is saved comes back to the bit; what does not fit changes nothing") func saving() throws {
    let parameters = parameters()
    set(parameters, Self.values[1])
    let first = ParameterSnapshot(of: parameters, as: .adapter, context: context)
    var state = SavedState()
    first.save(to: &state, as: "own")
    for number in [0.1, -.infinity, .leastNonzeroMagnitude, .nan] { state.add("\(number)", number) }
    state.add("count", 12)
    state.add("text", "an é")
    #expect(
      try state.number("0.1") == 0.1 && state.number("-inf") == -.infinity
        && state.number("5e-324") == .leastNonzeroMagnitude)
    #expect(try state.number("nan").isNaN && state.count("count") == 12 && state.text("text") == "an é")

    set(parameters, Self.values[2])
    let second = ParameterSnapshot(of: parameters, as: .adapter, context: context)
    #expect(throws: SavedStateError.self) { try second.restore(from: state, as: "other") }
    let other = ParameterSnapshot(of: [parameters[0], parameters[0]], as: .adapter, context: context)
    let error = #expect(throws: SavedStateError.self) { try other.restore(from: state, as: "own") }
    #expect(error?.description == #"the tensor "own.1" has the shape [2], expected [3]"#)
    #expect(other.tensors.map(\.values) == [Self.values[2][0], Self.values[2][0]])
    try second.restore(from: state, as: "own")
    #expect(second.tensors.map(\.values) == Self.values[1])
    #expect(throws: SavedStateError.self) { try state.count("text") }
    #expect(throws: SavedStateError.self) { try state.number("missing") }
  }
}
