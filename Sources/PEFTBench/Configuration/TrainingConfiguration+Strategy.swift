import PEFTCore
import PEFTMethods

extension TrainingConfiguration {
  /// The settings that the strategy trains with.
  package var underStrategy: TrainingConfiguration {
    var own = self
    if strategy.resultIsLast { own.keepBest = false }
    if case .bestPractices(let practices) = strategy {
      own.optimizer = .adamw
      own.scheduler = .linear
      (own.warmupSteps, own.warmupRatio) = (nil, practices.warmup)
      own.lengthen(by: practices.lengthening)
    }
    if let rows = strategy.augmentation { own.lengthen(by: rows.lengthening) }
    return own
  }

  /// The keys whose values the strategy replaces whatever they are; those that it multiplies still count.
  var keysReplacedByStrategy: [String] {
    if case .bestPractices = strategy { return ["optimizer", "scheduler", "warmup_steps", "warmup_ratio"] }
    return strategy.resultIsLast ? ["keep_best"] : []
  }

  /// The same settings with plain steps, which the cost of a strategy is held against.
  package var withoutStrategy: TrainingConfiguration {
    var own = self
    own.strategy = .standard
    return own
  }

  /// The settings, under their keys, that are other ones than those of a config; nil where none is.
  func replaced(from given: TrainingConfiguration) -> JSONValue? {
    guard case .object(let own) = resultJSON else { return nil }
    let others = given.resultJSON
    let replaced = own.members.filter { others[$0.key] != $0.value }
    return replaced.isEmpty ? nil : .object(JSONObject(distinct: replaced.map { ($0.key, $0.value) }))
  }

  /// Values that the optimizer keeps for each that is trained.
  var momentsPerValue: Int {
    switch optimizer {
    case .adamw: 2
    case .sgd: momentum > 0 ? 1 : 0
    }
  }

  /// Bytes of one optimizer's state, of what a method trains.
  func optimizerStateBytes(of shape: OptimizerStateShape) -> Int {
    shape.byteCount(momentsPerValue: momentsPerValue, as: optimizerState)
  }

  private mutating func lengthen(by factor: Double) {
    epochs *= factor
    steps = steps.map { Int(min(Double(Self.mostSteps), (factor * Double($0)).rounded())) }
  }
}
