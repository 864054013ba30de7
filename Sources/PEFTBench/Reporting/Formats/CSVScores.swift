import PEFTBench
import PEFTCore

/// Columns of a CSV report beside those that every run has: what PSCP was computed with, every score, the headline
/// score on every other set of rows, and the parameters of all members where some vote.
struct CSVScores {
  /// The names of all scores that a run of the report has, in the order in which runs have them.
  private let names: [String]
  /// The names of all other sets that a run of the report answered, in that order.
  private let sets: [String]
  /// Whether members vote in a run of the report.
  private let hasVoters: Bool

  init(_ runs: [ReportedRun]) {
    var names: [String] = []
    var known: Set<String> = []
    for score in runs.flatMap(\.scores) where known.insert(score.name).inserted { names.append(score.name) }
    self.names = names
    sets = runs.setNames
    hasVoters = runs.contains { $0.costs.deployedParameters != nil }
  }

  /// Columns that do not depend on the runs: counts and bytes are plain, whatever the units of the preset are.
  private static let fixed = [
    "pscp_preset", "pscp_beta", "pscp_constant_parameters", "pscp_constant_flops", "pscp_constant_memory",
  ]

  /// The titles: `score_accuracy` is the accuracy, wherever a run has one, and `set_typos` the headline score on the
  /// set `typos`.
  var columns: [String] {
    Self.fixed + names.map { "score_" + $0 } + sets.map { "set_" + $0 }
      + (hasVoters ? [RunRecord.Costs.deployedKey] : [])
  }

  /// The cells of a run, as they are before quoting.
  func cells(of run: ReportedRun) -> [String] {
    func number(_ value: Double?) -> String { value.map { JSONValue.count($0).compactText } ?? "" }
    var cells: [String]
    if let penalties = run.penalties {
      let (beta, constants) = (penalties.beta, penalties.constants)
      // The paper counts TFLOP and GB.
      let unit: (flops: Double, memory: Double) = penalties.preset == PSCP.Preset.paper.name ? (1e12, 1e9) : (1, 1)
      cells = [penalties.preset, [beta.parameters, beta.flops, beta.memory].map(number).joined(separator: ",")]
      cells += [constants.parameters, constants.flops * unit.flops, constants.memory * unit.memory].map(number)
    } else {
      cells = Array(repeating: "", count: Self.fixed.count)
    }
    cells += names.map { name in number(run.scores.first { $0.name == name }?.value) }
    cells += sets.map { name in number(run.sets.first { $0.name == name }?.value) }
    return cells + (hasVoters ? [number(run.costs.deployedParameters)] : [])
  }
}
