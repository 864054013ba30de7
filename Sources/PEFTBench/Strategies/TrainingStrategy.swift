import PEFTCore

/// What a training does beside plain steps so that its result depends less on chance.
///
/// After Pecher, Srba and Bielikova 2024 ("Fighting Randomness With Randomness", arXiv 2406.12471), whose DENI and the
/// strategies it is compared with these are, as algorithms and not as the released code has them: there the votes of an
/// ensemble are ten times the vote of one model. The paper trains an encoder with a head of its own, and disturbs the head
/// in full fine-tuning; a causal language model has no such head, so noise goes to all trainable parameters. The paper
/// counts in steps of one length of training (1250); here what is not given is the same share of any other length.
package enum TrainingStrategy: Sendable, Equatable {
  /// Plain steps.
  case standard
  /// AdamW, a warm-up and a linear decay over a longer training.
  case bestPractices(BestPractices)
  /// Independent trainings that differ in all draws, and vote.
  case ensemble(MemberCount)
  /// Noise on the embeddings of the prompts at some steps.
  case noiseInput(PeriodicNoise)
  /// Noise on the trainable parameters before some steps.
  case noiseWeights(PeriodicNoise)
  /// The mean of the parameters over the last part of the steps (stochastic weight averaging).
  case meanWeights(WeightAverage.Mean)
  /// An exponential average of the parameters.
  case movingAverage(WeightAverage.Moving)
  /// Parameters are replaced by their first values at random in every step.
  case mixout(probability: Double)
  /// Noise on the first values of the parameters.
  case priorNoise(intensity: Double)
  /// Further training rows in other words.
  case augmentation(AugmentedRows)
  /// All training rows, up to a number, whatever the limit of the data.
  case allData(rows: Int)
  /// Noisy interpolation, a delayed ensemble, or both.
  case members(MemberPhases)
  /// Such members on further training rows.
  case augmentedMembers(MemberPhases, AugmentedRows)

  /// The key of a strategy in a config.
  static let key = "strategy"
  /// The name of plain steps in a config.
  package static let standardName = "default"

  /// Its name in a config.
  package var name: String {
    switch self {
    case .standard: Self.standardName
    case .bestPractices: "best-practices"
    case .ensemble: "ensemble"
    case .noiseInput: "noise-input"
    case .noiseWeights: "noise-weights"
    case .meanWeights: "swa"
    case .movingAverage: "ema"
    case .mixout: "mixout"
    case .priorNoise: "prior-noise"
    case .augmentation: "augmentation"
    case .allData: "all-data"
    case .members(let phases): phases.kind.rawValue
    case .augmentedMembers(let phases, _): "\(phases.kind.rawValue)+augmentation"
    }
  }

  /// Each strategy with its defaults.
  package static let all: [TrainingStrategy] =
    [
      .standard, .bestPractices(BestPractices()), .ensemble(MemberCount()), .noiseInput(PeriodicNoise()),
      .noiseWeights(PeriodicNoise()), .meanWeights(.init()), .movingAverage(.init()), .mixout(probability: 0.9),
      .priorNoise(intensity: 0.15), .augmentation(AugmentedRows()), .allData(rows: 55_000),
    ] + MemberPhases.Kind.allCases.map { TrainingStrategy.members(MemberPhases($0)) } + [
      TrainingStrategy.augmentedMembers(MemberPhases(.both), AugmentedRows())
    ]

  /// Its options with all defaults, under their keys.
  var options: [(key: String, value: JSONValue)] {
    switch self {
    case .standard: []
    case .bestPractices(let practices): practices.options
    case .ensemble(let members): [members.option]
    case .noiseInput(let noise), .noiseWeights(let noise): noise.options
    case .meanWeights(let mean): [("start", .number(mean.start))]
    case .movingAverage(let average): [("decay", .number(average.decay))]
    case .mixout(let probability): [("probability", .number(probability))]
    case .priorNoise(let intensity): [("intensity", .number(intensity))]
    case .augmentation(let rows): rows.options
    case .allData(let rows): [("rows", .integer(rows))]
    case .members(let phases): phases.options
    case .augmentedMembers(let phases, let rows): phases.options + rows.options
    }
  }

  /// When members part, where there are some.
  var phases: MemberPhases? {
    switch self {
    case .members(let phases), .augmentedMembers(let phases, _): phases
    default: nil
    }
  }

  /// Which further rows are made, if any.
  package var augmentation: AugmentedRows? {
    switch self {
    case .augmentation(let rows), .augmentedMembers(_, let rows): rows
    default: nil
    }
  }

  /// How many members there are, where there are some.
  package var memberCount: MemberCount? {
    if case .ensemble(let members) = self { members } else { phases?.memberCount }
  }

  /// The same with so many members; strategies without members stay as they are.
  func having(_ members: MemberCount) -> TrainingStrategy {
    func having(_ phases: MemberPhases) -> MemberPhases {
      var phases = phases
      phases.memberCount = members
      return phases
    }
    switch self {
    case .ensemble: return .ensemble(members)
    case .members(let phases): return .members(having(phases))
    case .augmentedMembers(let phases, let rows): return .augmentedMembers(having(phases), rows)
    default: return self
    }
  }

  /// The same with at most so many training rows; strategies that keep to the limit of the data stay as they are.
  func limited(toRows count: Int) -> TrainingStrategy {
    if case .allData(let rows) = self { .allData(rows: min(rows, count)) } else { self }
  }

  /// The strategy as a config has it, with all defaults but that of the members; reading it gives the same one.
  package var json: JSONValue { object(of: options.filter { memberCount?.isUnsaid($0) != true }) }

  /// The strategy with all defaults: one form for each meaning, which ids cover.
  var canonical: JSONValue { object(of: options) }

  private func object(of options: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(JSONObject(distinct: [(key: "name", value: .string(name))] + options.filter { $0.value != .null }))
  }

  /// The strategy of this name with its defaults.
  var usual: TrainingStrategy { Self.all.first { $0.name == name } ?? self }

  /// The options that are not the default.
  var changedOptions: [(key: String, value: JSONValue)] {
    zip(options, usual.options).filter { $0.value != $1.value }.map(\.0)
  }

  /// What reports call it: the name with the options that are not the default.
  package var label: String {
    let own = changedOptions.map { "\($0.key)=\($0.value.compactText)" }
    return own.isEmpty ? name : "\(name)[\(own.joined(separator: ","))]"
  }
}

/// A longer training as textbooks have it.
package struct BestPractices: Sendable, Equatable {
  /// How many times the usual number of epochs or steps it takes; the paper takes 20 epochs instead of 10.
  package var lengthening = 2.0
  /// Share of the steps in which the learning rate grows.
  package var warmup = 0.1

  var options: [(key: String, value: JSONValue)] {
    [("lengthening", .number(lengthening)), ("warmup", .number(warmup))]
  }
}
