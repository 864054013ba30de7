import Foundation
import PEFTCore
import PEFTMethods

// What the parts of a record are made of when a run ends.

extension RunRecord.Model {
  /// A model that was loaded as a config asks for it.
  init(_ model: LoadedModel) {
    let configuration = model.outline.configuration
    name = configuration.name
    path = configuration.path
    sha256 = model.outline.sha256
    parameters = Double(model.model.parameterCount)
    architecture = model.model.configuration.family
    dataType = configuration.dataType.rawValue
  }
}

extension RunRecord.Method {
  /// A method with the options that the run's identity has.
  init(_ method: MethodConfiguration, identity: RunIdentity, trainable: Int) {
    name = method.name
    label = method.label
    options = Self.options(of: method, in: identity)
    trainableParameters = Double(trainable)
    preset = method.preset
  }

  /// The method's options: those with a default first, as records have had them from the first version on.
  private static func options(of method: MethodConfiguration, in identity: RunIdentity) -> JSONValue {
    guard let values = identity.json["method"]?["options"] else { return [:] }
    let described = MethodConfiguration.options(ofMethod: method.name) ?? []
    var options: JSONValue = [:]
    for option in described.filter({ $0.defaultValue != nil }) + described.filter({ $0.defaultValue == nil }) {
      if let value = values[option.name] { options[option.name] = value }
    }
    if method.initialAdapterJSON == nil {
      for (name, value) in (try? method.method)?.impliedOptions ?? [] where options[name] == nil {
        options[name] = value
      }
    }
    if let adapter = method.initialAdapterJSON { options["init_from"] = adapter }
    if !method.isZeroShot, let seed = method.training.initialSeed { options["init_seed"] = JSONValue(seed) }
    return options
  }
}

extension RunRecord.Strategy {
  /// A run's strategy; nil for a run that trains nothing and asks one model.
  ///
  /// - Parameters:
  ///   - planned: The run.
  ///   - cost: What its trainings took; nil for a run that trains nothing.
  ///   - scored: The answers to the scored rows.
  ///   - data: The run's rows.
  ///   - attachment: What was trained.
  init?(
    _ planned: PlannedRun, cost: StrategyCost?, scored: JudgedRows, data: PreparedDataset, attachment: AttachedMethod
  ) {
    let (settings, strategy) = (planned.training, planned.training.strategy)
    guard !planned.isZeroShot, strategy != .standard || cost != nil else { return nil }
    let count = scored.members?.first?.count ?? 1
    voters = count
    // Members that were saved are as many as there are.
    let asked = planned.trains ? strategy : strategy.having(MemberCount(count))
    (name, label, options) = (asked.name, asked.label, asked.canonical)
    unanimous = scored.unanimousShare
    guard let cost else { return }
    training = settings.replaced(from: planned.method.training)
    if strategy.augmentation != nil { augmentedRows = Double(data.augmented.rendered.count) }
    func ratio(_ one: Int, _ other: Int) -> Double? { other > 0 ? Double(one) / Double(other) : nil }
    (modelSteps, trainingTokens) = (Double(cost.modelSteps), Double(cost.trainingTokens))
    relativeModelSteps = ratio(cost.modelSteps, cost.plainSteps)
    relativeTrainingTokens = ratio(cost.trainingTokens, cost.plainTokens)
    shareOfEnsemble = cost.shareOfEnsemble
    let copies = strategy.copiedBytes(
      ofValues: attachment.trainableCount, optimizerBytes: settings.optimizerStateBytes(of: attachment.stateShape))
    (copiedAdapterBytes, copiedOptimizerBytes) = (Double(copies.adapter), Double(copies.optimizer))
  }
}

extension RunRecord.Choice {
  /// The candidate with the highest score, the first of several.
  ///
  /// - Parameters:
  ///   - candidates: The numbers of each with its score.
  ///   - held: The rows.
  ///   - seconds: What judging took.
  ///   - peak: The most tensor memory that was held meanwhile.
  init(among candidates: [(values: [GridValue], score: Double)], on held: ScoredRows, seconds: Double, peak: MemoryUse)
  {
    let scores = candidates.map(\.score)
    chosen = scores.indices.max { (scores[$0], -$0) < (scores[$1], -$1) } ?? 0
    (rows, sha256) = (held.examples.count, held.sha256)
    self.candidates = candidates.map { values, score in
      var candidate = Candidate()
      candidate.values = .object(JSONObject(distinct: values.map { ($0.name, JSONValue($0.value)) }))
      candidate.score = score
      return candidate
    }
    (self.seconds, peakTensorBytes) = (seconds, Double(peak.total))
  }
}

extension RunRecord.EvaluationSet {
  /// A set of rows with what its answers are worth.
  init(_ judged: JudgedRows, under scoring: ScoringProtocol) {
    split = judged.rows.split
    rows = judged.rows.examples.count
    sha256 = judged.rows.sha256
    classes = judged.rows.classes
    cutRows = judged.rows.rendered.count { $0.isPromptCut }
    repeatedRows = judged.repeatedCount
    count = judged.scores.count
    scores = RunRecord.Scores(judged, under: scoring)
    seconds = judged.seconds
  }
}

extension RunRecord.Scores {
  /// The scores of a set of answers.
  ///
  /// - Parameters:
  ///   - rows: The answers with their scores.
  ///   - scoring: The protocol that the config asks for.
  init(_ rows: JudgedRows, under scoring: ScoringProtocol) {
    primary = NamedScore(name: rows.scores.primary, value: rows.scores.value)
    self.scoring = scoring.rawValue
    values = rows.scores.scores
    invalidRate = rows.scores.invalidRate
    count = rows.scores.count
    summary = rows.summary
    notes = rows.scores.notes
    let name = scoring == .strict ? ScoringProtocol.peftBench : .strict
    switch rows.otherScores {
    case .success(let scores): others = OtherScores(scoring: name.rawValue, values: scores.scores, absence: nil)
    case .failure(let reason):
      others = OtherScores(scoring: name.rawValue, values: [], absence: reason.description)
      notes.append("there is no score by the protocol \(name.rawValue): \(reason)")
    }
  }
}

extension RunRecord.Costs {
  /// What a run took.
  ///
  /// - Parameters:
  ///   - model: The base model.
  ///   - attachment: What was attached to it.
  ///   - voters: Models that answer each row: each of them passes over it, and brings parameters along.
  ///   - outcome: How its training went.
  ///   - tokens: Tokens of all batches, counted for every model that took a step on them.
  ///   - start: What its start took, if it looked at training rows.
  ///   - recomputedBlocks: Of how many blocks activations were computed again, if the run asked for that.
  ///   - peak: The peak of tensors that counts.
  ///   - evaluationSeconds: What answering took.
  init(
    _ model: CausalLanguageModel, _ attachment: AttachedMethod, voters: Int, _ outcome: Trainer.Outcome, tokens: Int,
    start: MeasuredStart?, recomputedBlocks: Int?, peak: MemoryUse, evaluationSeconds: Double
  ) {
    let passed = ForwardFLOPs.referenceTokens
    let base = ForwardFLOPs.count(model, tokens: passed)
    let whole = voters * ForwardFLOPs.count(model, tokens: passed, cost: attachment.inferenceCost)
    trainableParameters = Double(attachment.trainableCount)
    if voters > 1 { deployedParameters = Double(voters * attachment.trainableCount) }
    inferenceFLOPs = Double(whole)
    addedFLOPs = Double(whole - base)
    tensorBytes = RunRecord.TensorBytes(start.map { $0.peak.peak(with: peak) } ?? peak)
    residentBytes = Double(ProcessMemory.peakResidentBytes)
    steps = Double(outcome.stepCount)
    trainingSeconds = outcome.seconds + (start?.seconds ?? 0)
    self.start = start.map(RunRecord.Start.init)
    self.recomputedBlocks = recomputedBlocks.map(Double.init)
    if outcome.frozenUsage.blocks > 0 { frozenLayerCache = RunRecord.FrozenLayerCache(outcome.frozenUsage) }
    self.evaluationSeconds = evaluationSeconds
    tokensSeen = Double(tokens)
    tokensPerSecond = tokens > 0 ? Double(tokens) / outcome.seconds : nil
  }
}

extension RunRecord.Start {
  /// A measured start.
  init(_ start: MeasuredStart) {
    rows = Double(start.cost.rows)
    forwardTokens = Double(start.cost.forwardTokens)
    backwardTokens = Double(start.cost.backwardTokens)
    seconds = start.seconds
  }
}

extension RunRecord.FrozenLayerCache {
  /// What a run's trainings left out.
  init(_ usage: FrozenUsage) {
    layers = Double(usage.blocks)
    shareLeftOut = usage.shareLeftOut
    bytes = Double(usage.bytes)
  }
}

extension RunRecord.Penalties {
  /// PSCP of a score, in the units of the settings' preset: plain counts and bytes for `relative`, TFLOP and GB for
  /// `paper`.
  ///
  /// - Parameters:
  ///   - score: The headline score, 0...1; a negative correlation counts as 0.
  ///   - costs: What the run took.
  ///   - settings: Preset, exponents, and constants that replace the preset's.
  ///   - model: The base model.
  ///   - fullTrainingBytes: What full fine-tuning of the model on the run's batches needs.
  init(
    of score: Double, costs: RunRecord.Costs, _ settings: PSCPConfiguration, model: CausalLanguageModel,
    fullTrainingBytes: Int
  ) {
    let preset: PSCP.Preset
    let unit: (flops: Double, memory: Double)
    switch settings.preset {
    case .paper:
      preset = .paper
      unit = (1e12, 1e9)
    case .relative:
      let base = ForwardFLOPs.count(model, tokens: ForwardFLOPs.referenceTokens)
      preset = .relative(
        PSCP.Costs(
          parameters: Double(model.parameterCount), flops: Double(base), memory: Double(fullTrainingBytes)))
      unit = (1, 1)
    }
    let measured = PSCP.Costs(
      parameters: costs.countedParameters, flops: costs.addedFLOPs / unit.flops,
      memory: costs.tensorBytes.total / unit.memory)
    let counted = PSCP.Costs(
      parameters: settings.parameters ?? preset.constants.parameters,
      flops: settings.flops.map { $0 / unit.flops } ?? preset.constants.flops,
      memory: settings.memory.map { $0 / unit.memory } ?? preset.constants.memory)
    let pscp = PSCP(constants: counted, beta: settings.beta)
    let factors = pscp.terms(measured)
    let performance = 100 * max(0, score)
    value = pscp.value(performance: performance, costs: measured)
    self.preset = settings.preset.rawValue
    beta = [settings.beta.parameters, settings.beta.flops, settings.beta.memory]
    var constants = Constants()
    (constants.parameters, constants.flops, constants.memory) = (counted.parameters, counted.flops, counted.memory)
    self.constants = constants
    var terms = Terms()
    terms.performance = performance
    (terms.parameters, terms.flops, terms.memory) = (factors.parameters, factors.flops, factors.memory)
    self.terms = terms
  }
}

extension RunRecord.Timestamps {
  /// A run that began then and ends now.
  init(since start: Date) {
    started = start.formatted(.iso8601)
    finished = Date().formatted(.iso8601)
  }
}
