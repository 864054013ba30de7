import PEFTBench

/// Something of a run that a comparison looks at.
enum ComparedMetric: Equatable {
  /// A score by its name; the headline score may also be meant by `score`.
  case score(String)
  case pscp
  case parameters
  case flops
  case memory
  /// Training tokens a second.
  case speed

  /// What a tolerance calls any headline score.
  static let anyScore = "score"
  /// The names that a tolerance can have beside those of scores.
  static let names = [anyScore, "pscp", "parameters", "flops", "memory", "speed"]

  var name: String {
    switch self {
    case .score(let name): name
    case .pscp: "pscp"
    case .parameters: "parameters"
    case .flops: "flops"
    case .memory: "memory"
    case .speed: "speed"
    }
  }

  /// Whether a larger value is a better one.
  var higherIsBetter: Bool {
    switch self {
    case .score, .pscp, .speed: true
    case .parameters, .flops, .memory: false
    }
  }

  func value(of run: ReportedRun) -> Double? {
    switch self {
    case .score(let name): run.metric == name ? run.value : run.scores.first { $0.name == name }?.value
    case .pscp: run.penalties?.value
    case .parameters: run.costs.trainableParameters
    case .flops: run.costs.inferenceFLOPs
    case .memory: run.costs.tensorBytes.total
    case .speed: run.costs.tokensPerSecond
    }
  }

  /// A value as people read it.
  func text(_ value: Double?) -> String {
    switch self {
    case .score: NumberText.decimal(value, digits: 4)
    case .pscp: NumberText.decimal(value, digits: 2)
    case .parameters: NumberText.count(value)
    case .flops: NumberText.count(value)
    case .memory: NumberText.count(value)
    case .speed: NumberText.decimal(value, digits: 1)
    }
  }

  /// A change as people read it: points for scores, percent for the rest.
  func changeText(from baseline: Double, to candidate: Double) -> String {
    switch self {
    case .score: NumberText.signed(100 * (candidate - baseline), digits: 2) + " points"
    case .pscp: NumberText.signed(candidate - baseline, digits: 2)
    case .speed: "× " + NumberText.decimal(baseline > 0 ? candidate / baseline : nil, digits: 3)
    case .parameters, .flops, .memory:
      baseline == 0
        ? NumberText.signed(candidate - baseline, digits: 0)
        : NumberText.signed(100 * (candidate / baseline - 1), digits: 2) + " %"
    }
  }
}
