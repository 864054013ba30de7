import PEFTCore
import PEFTMethods

/// How one adapter is trained.
///
/// The defaults are those of PEFT-Bench's main table (arXiv 2511.21285), with fewer epochs and a larger learning
/// rate, as suits small models on a CPU.
package struct TrainingConfiguration: Sendable, Equatable {
  /// The form of the learning rate over the steps after the warm-up.
  package enum Scheduler: String, CaseIterable, Sendable { case constant, linear, cosine }
  /// What turns gradients into steps.
  package enum Optimizer: String, CaseIterable, Sendable { case adamw, sgd }

  /// Passes over the training rows; may have a fraction.
  package var epochs = 2.0
  /// Optimizer steps; counts instead of `epochs` where given.
  ///
  /// With 0 nothing is trained: what is attached is judged as it is.
  package var steps: Int?
  /// Examples per forward pass.
  package var batchSize = 4
  /// Forward passes per optimizer step.
  package var gradientAccumulation = 1
  /// The largest learning rate.
  package var learningRate = 1e-3
  /// The learning rate's form.
  package var scheduler = Scheduler.cosine
  /// Share of the steps in which the learning rate grows; `warmupSteps` counts instead where given.
  package var warmupRatio = 0.1
  /// Steps in which the learning rate grows.
  package var warmupSteps: Int?
  /// Decoupled weight decay.
  package var weightDecay = 1e-5
  /// Largest global norm of the gradient; 0 leaves it alone.
  package var maximumGradientNorm = 1.0
  /// Longest example in tokens; longer ones are cut.
  package var cutoffTokens = 2048
  /// Share of the training rows that is held out to choose the best checkpoint.
  package var validationFraction = 0.1
  /// Training rows that are held out; counts instead of `validationFraction` where given.
  package var validationRows: Int?
  /// Whether the adapter of the lowest validation loss is kept, and not the last.
  package var keepBest = true
  /// Whether the rows come in another order in each epoch.
  package var shuffle = true
  /// The optimizer.
  package var optimizer = Optimizer.adamw
  /// AdamW's decay of the mean.
  package var beta1 = 0.9
  /// AdamW's decay of the mean square.
  package var beta2 = 0.999
  /// AdamW's addition below the fraction.
  package var epsilon = 1e-8
  /// SGD's momentum.
  package var momentum = 0.0
  /// In which form the optimizer keeps its moments.
  package var optimizerState = OptimizerStateFormat.float32
  /// Of which blocks activations are computed again in the backward pass instead of kept.
  package var recompute = Recomputation.none
  /// Where the states of examples after the frozen first layers are kept, which changes no number.
  package var frozenLayerCache = FrozenLayerCache.automatic
  /// Optimizer steps between two lines of the history.
  package var loggingSteps = 10
  /// Validations per epoch.
  package var evaluationsPerEpoch = 1
  /// Optimizer steps between two validations; counts instead of `evaluationsPerEpoch` where given.
  package var validationEvery: Int?
  /// Optimizer steps between two checkpoints, which change no number; chosen by time unless given.
  package var checkpointSteps: Int?
  /// What the adapter's initial values are drawn by; the run's seed unless given.
  ///
  /// So several tasks can start from one origin, and one task from several.
  package var initialSeed: Int?
  /// What is done beside plain steps so that results depend less on chance.
  package var strategy = TrainingStrategy.standard

  /// The defaults.
  package init() {}

  /// Reads the training keys of an object; what is not given stays as in `base`.
  ///
  /// The names of LLaMA-Factory are taken too. The caller ends the reader.
  package init(reading reader: inout OptionReader, base: TrainingConfiguration = TrainingConfiguration())
    throws(DocumentError)
  {
    self = base
    OptionAliases.add(to: &reader, section: .training)
    let mostSteps = Self.mostSteps
    let positive = Double.leastNonzeroMagnitude
    epochs = try reader.number(
      "epochs", default: epochs, in: positive...100_000, about: "passes over the rows; a fraction is fine")
    let ownSteps = try reader.optionalInteger(
      "steps", in: 0...mostSteps,
      about: "optimizer steps, in place of epochs; 0 trains nothing and evaluates what is attached as it is")
    // Epochs without steps undo steps that were given for all methods.
    if reader.has("epochs") || reader.has("steps") { steps = ownSteps }
    batchSize = try reader.integer("batch_size", default: batchSize, in: 1...4096, about: "examples per forward pass")
    gradientAccumulation = try reader.integer(
      "gradient_accumulation", default: gradientAccumulation, in: 1...65_536, about: "forward passes per step")
    learningRate = try reader.number("learning_rate", default: learningRate, in: 0...1000, about: "the largest one")
    scheduler = try reader.choice(
      "scheduler", default: scheduler,
      about: "the shape of the learning rate after the warm-up; `lr_scheduler_type: constant` has none, as in "
        + "transformers")
    if reader.has("warmup_ratio"), reader.has("warmup_steps") {
      throw reader.error("warmup_steps", "means the same as warmup_ratio in another unit; give one of them")
    }
    if reader.has("warmup_ratio") { warmupSteps = nil }
    warmupRatio = try reader.number(
      "warmup_ratio", default: warmupRatio, in: 0...1, about: "share of the steps in which it grows")
    warmupSteps =
      try reader.optionalInteger(
        "warmup_steps", in: 0...mostSteps, about: "steps in which it grows, in place of `warmup_ratio`") ?? warmupSteps
    if let scheduler = reader.spelling(of: "scheduler"), scheduler.name == OptionAliases.schedulerName,
      scheduler.value.string?.lowercased() == Scheduler.constant.rawValue
    {
      try leaveOutWarmup(reader)
    }
    weightDecay = try reader.number("weight_decay", default: weightDecay, in: 0...1000, about: "decoupled, as in AdamW")
    maximumGradientNorm = try reader.number(
      "max_grad_norm", default: maximumGradientNorm, in: 0..., about: "largest norm of the whole gradient; 0 is off")
    cutoffTokens = try reader.integer(
      "cutoff_tokens", default: cutoffTokens, in: 8...10_000_000,
      about: "longest example; longer ones are cut, and counted in the record")
    if reader.has("validation_fraction"), reader.has("validation_rows") {
      throw reader.error("validation_rows", "means the same as validation_fraction in another unit; give one of them")
    }
    if reader.has("validation_fraction") { validationRows = nil }
    validationFraction = try reader.number(
      "validation_fraction", default: validationFraction, in: 0..<1,
      about: "share of the training rows that is held back")
    validationRows =
      try reader.optionalInteger(
        "validation_rows", in: 1..., about: "rows that are held back, in place of `validation_fraction`")
      ?? validationRows
    keepBest = try reader.bool(
      "keep_best", default: keepBest, about: "keep the parameters of the lowest validation loss, not the last")
    shuffle = try reader.bool("shuffle", default: shuffle, about: "another order of the rows in each epoch")
    optimizer = try reader.choice("optimizer", default: optimizer, about: "what turns gradients into steps")
    beta1 = try reader.number("beta1", default: beta1, in: 0..<1, about: "of adamw: decay of the mean gradient")
    beta2 = try reader.number("beta2", default: beta2, in: 0..<1, about: "of adamw: decay of the mean square")
    epsilon = try reader.number(
      "epsilon", default: epsilon, in: positive...1, about: "of adamw: added to the root of the mean square")
    momentum = try reader.number("momentum", default: momentum, in: 0..<1, about: "of sgd")
    optimizerState = try reader.choice(
      Self.optimizerStateKey, default: optimizerState,
      about: "how moments are kept between steps: as they are, in 16 bits rounded at random, or in 8 bits as "
        + "bitsandbytes does (block-wise dynamic codes; moments of fewer than 4096 values stay float32)")
    recompute = try Recomputation.read("recompute", default: recompute, from: &reader)
    frozenLayerCache = try FrozenLayerCache.read("frozen_layer_cache", from: &reader) ?? frozenLayerCache
    loggingSteps = try reader.integer(
      "logging_steps", default: loggingSteps, in: 1...mostSteps, about: "steps between two lines of the history")
    evaluationsPerEpoch = try reader.integer(
      "evaluations_per_epoch", default: evaluationsPerEpoch, in: 1...10_000, about: "validations per epoch")
    let ownInterval = try reader.optionalInteger(
      "validation_every", in: 1...mostSteps,
      about: "steps between two validations, in place of `evaluations_per_epoch`")
    if reader.has("evaluations_per_epoch") || reader.has("validation_every") { validationEvery = ownInterval }
    checkpointSteps =
      try reader.optionalInteger(
        "checkpoint_steps", in: 1...mostSteps,
        about: "steps between two checkpoints of a run in progress, else one per minute; changes no number")
      ?? checkpointSteps
    initialSeed =
      try reader.optionalInteger(
        "init_seed", in: Int.min...Int.max,
        about: "what initial values are drawn by, in place of the run's seed: many tasks from one origin")
      ?? initialSeed
    strategy = try TrainingStrategy.read(TrainingStrategy.key, from: &reader) ?? strategy
  }

  /// Takes the warm-up away, which transformers' `constant` does not have.
  ///
  /// - Throws: `DocumentError` where one is given beside it: transformers would pass over it.
  private mutating func leaveOutWarmup(_ reader: OptionReader) throws(DocumentError) {
    let key = warmupSteps == nil ? "warmup_ratio" : "warmup_steps"
    let isNone = warmupSteps.map { $0 == 0 } ?? (warmupRatio == 0)
    guard isNone || !reader.has(key) else {
      throw reader.error(
        key,
        "\(OptionAliases.schedulerName): constant has no warm-up in transformers; expected constant_with_warmup beside "
          + "it, or no warm-up")
    }
    (warmupSteps, warmupRatio) = (nil, 0)
  }

  /// Whether anything is trained.
  package var trains: Bool { steps != 0 }

  /// More steps than any training takes, and few enough that products with batch sizes do not overflow.
  static let mostSteps = 1_000_000_000

  /// What a config may say about training.
  package static let options: [OptionDescription] =
    (try? OptionReader.describing { reader in _ = try TrainingConfiguration(reading: &reader) }) ?? []

  /// How much of some training rows is held out, as a share of them: of two rows one at least, and never all.
  func heldOutShare(of rows: Int) -> Double {
    Self.heldOutShare(fraction: validationFraction, rows: validationRows, of: rows)
  }

  /// That share by a fraction, or by a number of rows where there is one.
  static func heldOutShare(fraction: Double, rows validationRows: Int?, of rows: Int) -> Double {
    guard let validationRows else { return fraction }
    // Half a row more, so that the product with the number of rows is not rounded below the count that is asked for.
    return rows < 2 ? 0 : (Double(min(validationRows, rows - 1)) + 0.5) / Double(rows)
  }

  /// Whether training rows are held out.
  var holdsRowsBack: Bool { validationRows != nil || validationFraction > 0 }

  /// The keys whose values change no number of a run.
  static let keysWithoutNumbers = ["checkpoint_steps", "frozen_layer_cache"]

  /// Keys of which the second counts for nothing where the first one is given: the same in two units.
  static let units = [
    (key: "steps", other: "epochs"), (key: "validation_every", other: "evaluations_per_epoch"),
    (key: "warmup_steps", other: "warmup_ratio"), (key: "validation_rows", other: "validation_fraction"),
  ]

  /// The keys whose values count for nothing beside the others, each with the one that makes it so.
  var idleKeys: [(key: String, reason: String)] {
    let json = resultJSON
    let replaced = Self.units.filter { (json[$0.key] ?? .null) != .null }.map { (key: $0.other, reason: $0.key) }
    let byStrategy = keysReplacedByStrategy.map { (key: $0, reason: strategyText) }
    let optimizer = underStrategy.optimizer
    let foreign = optimizer == .adamw ? [Self.momentumKey] : ["beta1", "beta2", "epsilon"]
    let cause = optimizer == self.optimizer ? "optimizer: \(optimizer.rawValue)" : strategyText
    return byStrategy + replaced + foreign.map { (key: $0, reason: cause) }
  }

  /// The strategy as messages have it.
  private var strategyText: String { "\(TrainingStrategy.key): \(strategy.name)" }

  /// Whether a reader gives a momentum that AdamW does not have.
  ///
  /// AdamW's constants beside SGD are left alone: configs of transformers have them whatever the optimizer is.
  func givesIdleMomentum(_ reader: OptionReader) -> Bool { hasIdleMomentum && reader.has(Self.momentumKey) }

  /// Whether there is a momentum that the optimizer under the strategy does not have.
  var hasIdleMomentum: Bool { underStrategy.optimizer == .adamw && momentum != 0 }

  static let momentumKey = "momentum"
  static let optimizerStateKey = "optimizer_state"
  /// What is wrong with such a momentum.
  var idleMomentum: String {
    optimizer == .sgd
      ? "belongs to optimizer: sgd, which \(strategyText) replaces by adamw; leave it out"
      : "belongs to optimizer: sgd, by which nothing here is trained; leave it out, or set the optimizer"
  }

  /// The same with the default of whatever counts for nothing since another unit of it, or a strategy that replaces it, is
  /// among `keys`.
  func forgettingReplaced(by keys: (String) -> Bool) -> TrainingConfiguration {
    var own = self
    let usual = TrainingConfiguration()
    if steps != nil, keys("steps") { own.epochs = usual.epochs }
    if validationEvery != nil, keys("validation_every") { own.evaluationsPerEpoch = usual.evaluationsPerEpoch }
    if warmupSteps != nil, keys("warmup_steps") { own.warmupRatio = usual.warmupRatio }
    if validationRows != nil, keys("validation_rows") { own.validationFraction = usual.validationFraction }
    guard keys(TrainingStrategy.key) else { return own }
    for key in keysReplacedByStrategy {
      switch key {
      case "optimizer": (own.optimizer, own.momentum) = (usual.optimizer, usual.momentum)
      case "scheduler": own.scheduler = usual.scheduler
      case "keep_best": own.keepBest = usual.keepBest
      default: (own.warmupSteps, own.warmupRatio) = (usual.warmupSteps, usual.warmupRatio)
      }
    }
    return own
  }

  /// All values under their keys; those that are not set are null.
  package var json: JSONValue {
    var json = resultJSON
    json["checkpoint_steps"] = JSONValue(checkpointSteps)
    json["init_seed"] = JSONValue(initialSeed)
    json[Self.optimizerStateKey] = .string(optimizerState.rawValue)
    json["frozen_layer_cache"] = frozenLayerCache.json
    // A default that is written down would be a number that was asked for.
    if strategy != .standard { json[TrainingStrategy.key] = strategy.json }
    return json
  }

  /// The values that determine a run's numbers.
  var resultJSON: JSONValue {
    var json: JSONValue = [
      "epochs": .number(epochs), "steps": JSONValue(steps), "batch_size": .integer(batchSize),
      "gradient_accumulation": .integer(gradientAccumulation), "learning_rate": .number(learningRate),
      "scheduler": .string(scheduler.rawValue),
      "warmup_ratio": warmupSteps == nil ? .number(warmupRatio) : .null, "warmup_steps": JSONValue(warmupSteps),
      "weight_decay": .number(weightDecay), "max_grad_norm": .number(maximumGradientNorm),
      "cutoff_tokens": .integer(cutoffTokens), "validation_fraction": .number(validationFraction),
      "keep_best": .bool(keepBest), "shuffle": .bool(shuffle), "optimizer": .string(optimizer.rawValue),
      "beta1": .number(beta1), "beta2": .number(beta2), "epsilon": .number(epsilon), "momentum": .number(momentum),
      "recompute": recompute.json, "logging_steps": .integer(loggingSteps),
      "evaluations_per_epoch": .integer(evaluationsPerEpoch), "validation_every": JSONValue(validationEvery),
    ]
    // Only where it is given, so that the ids of other runs stay what they were.
    if let validationRows {
      json["validation_fraction"] = .null
      json["validation_rows"] = .integer(validationRows)
    }
    if optimizerState != .float32 { json[Self.optimizerStateKey] = .string(optimizerState.rawValue) }
    if strategy != .standard { json[TrainingStrategy.key] = strategy.canonical }
    return json
  }
}
