import PEFTBench

/// The means that PSCP is computed from, by method.
struct PenaltyMeans {
  /// By method.
  private(set) var candidates: [Int: PSCPSensitivity.Candidate] = [:]
  /// The exponents; nil where no run has PSCP.
  private(set) var beta: PSCP.Exponents?
  /// What readers must know.
  private(set) var notes: [String] = []
  private var preset = ""

  init(_ suite: SuiteResults, methods: [Int]) {
    for method in methods {
      let runs = suite.sharedDatasets.map { suite.sharedRuns(method, $0) }
      let penalties = runs.map { $0.compactMap(\.penalties) }
      guard zip(runs, penalties).allSatisfy({ $0.count == $1.count }), let first = penalties.first?.first else {
        notes.append("\(suite.methods[method].title) has runs without PSCP, so it has none.")
        continue
      }
      if beta == nil {
        beta = first.beta
        preset = first.preset
      }
      guard penalties.allSatisfy({ $0.allSatisfy { $0.preset == preset && $0.beta == beta } }) else {
        notes.append(
          "\(suite.methods[method].title) has runs with another preset or other exponents of PSCP than \(preset), so it "
            + "has none; report --preset or --beta puts all runs under one.")
        continue
      }
      func mean(_ value: (ReportedRun.Penalties) -> Double) -> Double {
        Summary.mean(penalties.map { Summary.mean($0.map(value)) })
      }
      candidates[method] = PSCPSensitivity.Candidate(
        performance: Summary.mean(runs.map { Summary.mean($0.map { 100 * max(0, $0.value) }) }),
        costs: PSCP.Costs(
          parameters: mean(\.costs.parameters), flops: mean(\.costs.flops), memory: mean(\.costs.memory)),
        constants: PSCP.Costs(
          parameters: mean(\.constants.parameters), flops: mean(\.constants.flops), memory: mean(\.constants.memory)))
    }
  }
}
