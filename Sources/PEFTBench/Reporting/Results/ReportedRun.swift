import PEFTBench
import PEFTCore
import PEFTMethods

/// One complete run as reports and comparisons see it: read from its record, or from a report's JSON.
package struct ReportedRun: Sendable {
  /// The headline score on a set of rows besides those that the run's score is of.
  package struct SetScore: Sendable, Equatable {
    /// The set's name; `test` is a third split.
    package let name: String
    /// The score's name.
    package let metric: String
    /// The score.
    package let value: Double
    /// Rows of the set.
    package let count: Int?
  }

  /// The PSCP of the record: its value, and what it was computed with.
  package struct Penalties: Sendable, Equatable {
    /// The value of the record.
    package let value: Double
    /// The preset of the constants.
    package let preset: String
    /// All three exponents.
    package let beta: PSCP.Exponents
    /// Cp, Cf and Cm in the units of the preset.
    package let constants: PSCP.Costs
    /// Mp, Mf and Mm in the same units.
    package let costs: PSCP.Costs
  }

  /// The run's id, a hash that covers the version of the engine.
  package let id: String
  /// A hash of what determines the run's numbers except for the version of the code: by it, runs of two versions match.
  package internal(set) var key: String
  /// A hash of all that determines the run's numbers but the engine; nil for records of engine 1, which do not tell it.
  let content: String?
  /// The parts of that which no other member tells.
  let contents: RunContents
  /// Whether answers are labels, so that there is a most frequent one; nil where the record does not tell.
  private let hasLabels: Bool?
  /// The hashes of what is read of the model, by the keys of an identity; nil where a report describes the run.
  private let modelParts: JSONValue?
  /// `mini`, `full` or `own`.
  package let suite: String
  /// What reports call the model.
  package internal(set) var modelName: String
  /// The SHA-256 of the model's weights.
  package let modelHash: String
  /// The base model's parameters.
  package let modelParameters: Double
  /// The method's name in the registry.
  package let methodName: String
  /// What reports call the method with its options.
  package let label: String
  /// The dataset's name.
  package let dataset: String
  /// The seed.
  package let seed: Int
  /// `strict` or `peft-bench`.
  package let scoringProtocol: String
  /// The name of the headline score.
  package private(set) var metric: String
  /// The headline score, 0...1, for correlations -1...1.
  package private(set) var value: Double
  /// The headline score on the other sets of rows that the run answered.
  package private(set) var sets: [SetScore]
  /// All scores with their names.
  package let scores: [NamedScore]
  /// What is given beside the scores: majority, chance, classes; an older version wrote none of it.
  package let summary: AnswerSummary
  /// What one answer to every row would reach, and what guessing would, from the record or else the predictions.
  package internal(set) var baseline: AnswerBaseline
  /// The share of answers that could not be read.
  package let invalidRate: Double?
  /// Rows that were scored.
  package let answerCount: Int?
  /// What the method costs.
  package let costs: RunRecord.Costs
  /// PSCP, if the record has it.
  package internal(set) var penalties: Penalties?
  /// Which rows were right; nil where rows are not right or wrong.
  package internal(set) var marks: AnswerMarks?
  /// What the user should know about the scores.
  package let notes: [String]
  /// What the user should know about the rows that were used.
  let rowNotes: [String]
  /// When the run began and ended, as the record has it; empty if it does not.
  package let started: String
  /// When the run ended, as the record has it.
  package let finished: String
  /// The method's options, training and evaluation, for telling apart runs of one label.
  let settings: JSONValue
  /// The form in which weights were kept, as the config has it; nil where a report does not tell it.
  let dataType: String?
  /// Prompts that were evaluated at once, which changes no number but the memory of the evaluation.
  let evaluationBatchSize: Int?
  /// The rows and the template, as far as they are known.
  let rows: RunRows
  /// The least and the greatest number of answers that a correlation is computed from; nil where it is not known.
  let numberRange: ClosedRange<Double>?
  /// The run's folder; nil for a run that was read from a report.
  package let folder: String?
  /// Its strategy against chance with the cost; nil for plain steps.
  let strategy: RunRecord.Strategy?
  /// How it chose the adapter that it starts from; nil where there was nothing to choose.
  let choice: RunRecord.Choice?
  /// The seeds of the sources of chance, where each has its own.
  let seeds: JSONValue?
  /// The environment of the record.
  let environment: RunEnvironment?
  /// Facts about the data, from the record.
  let data: RunRecord.Data?

  /// Whether it is the base model's own answer.
  package var isZeroShot: Bool { !MethodRegistry.trains(methodName) }

  /// The headline score on a third split, which nothing was chosen on; nil where the run has none.
  var testValue: Double? { sets.first { $0.name == EvaluationSet.test }?.value }

  /// What one and the same answer to every row reaches: the majority's score, and 0 where answers are no labels, for a
  /// constant has no correlation and solves no task of free text; nil where it is not known.
  var constantScore: Double? {
    if let majority = baseline.majority { return majority }
    let known = hasLabels ?? DatasetMetric.for(dataset: dataset).map { !$0.family.labels.isEmpty }
    if let known { return known ? nil : 0 }
    return numberRange != nil || ["pearson", "spearman"].contains(metric) ? 0 : nil
  }

  /// Whether anything was trained; if not, the run judged what was attached as it was.
  var isTrained: Bool {
    guard !isZeroShot else { return false }
    return settings["training"] ?? .null != .null || costs.tokensSeen != 0
  }

  /// The PSCP of the headline score under the constants and exponents of the report; nil where the record has none.
  package var pscp: Double? {
    penalties.map {
      PSCP(constants: $0.constants, beta: $0.beta).value(performance: 100 * max(0, value), costs: $0.costs)
    }
  }

  /// The run with another of its scores as the headline; nil where it has no score of that name.
  func headlined(by name: String) -> ReportedRun? {
    guard let score = scores.first(where: { $0.name == name }), -1...1 ~= score.value else { return nil }
    var run = self
    if name != metric {
      run.baseline = baseline.headlined(by: name, summary, scores: scores)
      run.metric = name
      run.value = score.value
      // The scores of other sets are kept for the record's own headline alone.
      run.sets = []
    }
    return run
  }

  /// The first digits of the hash of a part of the model, or the part where it is none; nil where it is not known.
  func modelPart(_ key: String) -> String? {
    modelParts?[key].map { part in part.text.map { String($0.prefix(8)) } ?? part.compactText }
  }

  /// Whether the headline score is the share of rows that are marked right, so that paired tests speak about it.
  package var isScoredByRow: Bool { marks.map { abs($0.share - value) < 1e-9 } ?? false }

  /// What marks of a predictions.jsonl say that the record does not; nil where they agree.
  func differences(from marks: AnswerMarks) -> String? {
    let isOther = isShare && abs(marks.share - value) > 1e-9
    let hasOtherRows = answerCount.map { $0 != marks.count } ?? false
    guard isOther || hasOtherRows else { return nil }
    let given = isOther ? NumberText.percent(marks.share) : "\(marks.count) rows"
    let recorded = isOther ? NumberText.percent(value) : "\(answerCount ?? 0)"
    return "predictions.jsonl gives \(given), the record \(recorded)"
  }

  /// Whether the headline is the share of rows that are right, by its name.
  private var isShare: Bool { metric == "accuracy" }

  /// Rows that are right, as the record alone has them: 1 or 0 for each row, in no order of theirs; nil where the headline
  /// score is no share of the counted rows, or of more rows than are laid out on the word of one number.
  var countedMarks: [Double]? {
    guard isShare, let count = answerCount, (1...Self.mostCountedRows).contains(count) else { return nil }
    let right = (value * Double(count)).rounded()
    guard abs(value * Double(count) - right) < 1e-6 * Double(count) else { return nil }
    return (0..<count).map { Double($0) < right ? 1 : 0 }
  }

  /// More rows than any dataset of the catalogue has for evaluation, by far.
  private static let mostCountedRows = 10_000_000

  /// Reads a run.
  ///
  /// - Parameters:
  ///   - json: A record, or one element of `runs` of a report, which has the same members.
  ///   - folder: The run's folder, if it is one of a results folder.
  ///   - source: The file, for errors.
  /// - Throws: `FileError` naming the member that is missing.
  init(_ json: JSONValue, folder: String?, source: String) throws(FileError) {
    let record: RunRecord
    do {
      record = try RunRecord(reading: json, at: "")
    } catch {
      throw FileError(path: source, error.complaint)
    }
    id = record.id
    modelName = record.model.name
    modelHash = record.model.sha256 ?? ""
    modelParameters = record.model.parameters ?? 0
    methodName = MethodRegistry.canonicalName(record.method.name)
    label = record.method.label ?? record.method.name
    dataset = record.dataset
    suite = DataConfiguration.Suite.name(of: record.dataset, named: record.suite)
    seed = record.seed
    (metric, value) = (record.scores.primary.name, record.scores.primary.value)
    sets = record.sets.all.map { name, set in
      SetScore(name: name, metric: set.scores.primary.name, value: set.scores.primary.value, count: set.count)
    }
    scoringProtocol = record.scores.scoring ?? ScoringProtocol.strict.rawValue
    scores = record.scores.values
    summary = record.scores.summary
    baseline = AnswerBaseline(summary)
    invalidRate = record.scores.invalidRate
    answerCount = record.scores.count
    notes = record.scores.notes
    rowNotes =
      (record.data?.notes ?? [])
      + (record.choice?.notes ?? []).map { "\(record.dataset), \(record.method.label ?? record.method.name): \($0)" }
    costs = record.costs
    penalties = Self.penalties(record)
    settings = [
      "options": Self.options(record), "training": record.training ?? .null, "evaluation": Self.evaluation(record),
    ]
    dataType = record.model.dataType
    evaluationBatchSize = record.evaluation?.number("batch_size").flatMap { Int(exactly: $0) }
    rows = RunRows(record.data ?? RunRecord.Data())
    // A report says these, which a record is hashed for.
    key = json["key"]?.text ?? Self.key(of: record, suite: suite, settings: settings)
    let ends = record.identity?.value(at: "dataset.metric.family.correlation.range")?.elements?.compactMap(\.number)
    numberRange = ends.flatMap { $0.count == 2 && $0[0] <= $0[1] ? $0[0]...$0[1] : nil }
    modelParts = record.identity?["model"]
    content = json["content"]?.text ?? record.identity.map(RunIdentity.content)
    contents = RunContents(reported: json[RunContents.key]) ?? RunContents(identity: record.identity)
    hasLabels = record.identity?["dataset"]?["metric"]?["family"].map { family in
      guard case .object(let object) = family else { return false }
      return object.members.contains { $0.value["labels"] != nil }
    }
    marks = AnswerMarks(json["correct"])
    started = record.timestamps?.started ?? ""
    finished = record.timestamps?.finished ?? ""
    choice = record.choice
    strategy = record.strategy.flatMap { $0.name == TrainingStrategy.standardName ? nil : $0 }
    seeds = record.seeds
    environment = record.environment
    data = record.data
    self.folder = folder
  }

  /// The members of a record that a report's JSON keeps: enough for a comparison, and no more.
  var json: JSONValue {
    var values: JSONValue = ["primary": ["name": JSONValue(metric), "value": JSONValue(value)]]
    values["protocol"] = JSONValue(scoringProtocol)
    for score in scores { values[score.name] = JSONValue(score.value) }
    values["invalid_rate"] = JSONValue(invalidRate)
    values["count"] = JSONValue(answerCount)
    if let majority = baseline.majority {
      values["majority"] = ["answer": JSONValue(baseline.majorityAnswer), "value": JSONValue(majority)]
    }
    if let chance = baseline.chance { values["chance"] = JSONValue(chance) }
    summary.addOtherScores(to: &values)
    if let count = baseline.distinctAnswers { values["distinct_answers"] = JSONValue(count) }
    var result: JSONValue = [
      "id": JSONValue(id), "key": JSONValue(key), "suite": JSONValue(suite),
      "model": [
        "name": JSONValue(modelName), "sha256": JSONValue(modelHash), "parameters": JSONValue.count(modelParameters),
        "dtype": JSONValue(dataType),
      ],
      "method": [
        "name": JSONValue(methodName), "label": JSONValue(label), "options": settings["options"] ?? .null,
      ], "dataset": JSONValue(dataset),
      "seed": JSONValue(seed), "scores": values,
      "costs": [
        "trainable_parameters": .count(costs.trainableParameters), "inference_flops": .count(costs.inferenceFLOPs),
        "added_inference_flops": .count(costs.addedFLOPs),
        "peak_tensor_bytes": ["total": .count(costs.tensorBytes.total)],
        "peak_rss_bytes": .count(costs.residentBytes), "training_seconds": JSONValue(costs.trainingSeconds),
        "evaluation_seconds": JSONValue(costs.evaluationSeconds), "tokens_seen": .count(costs.tokensSeen),
        "training_tokens_per_second": JSONValue(costs.tokensPerSecond),
      ],
    ]
    if let deployed = costs.deployedParameters, var told = result["costs"] {
      told[RunRecord.Costs.deployedKey] = .count(deployed)
      result["costs"] = told
    }
    if let penalties {
      let (beta, constants) = (penalties.beta, penalties.constants)
      result["pscp"] = [
        "value": JSONValue(pscp), "preset": JSONValue(penalties.preset),
        "beta": JSONValue([beta.parameters, beta.flops, beta.memory]),
        "constants": [
          "parameters": JSONValue(constants.parameters), "flops": JSONValue(constants.flops),
          "memory": JSONValue(constants.memory),
        ],
      ]
    }
    if !sets.isEmpty {
      result["sets"] = .object(
        JSONObject(
          distinct: sets.map { set in
            let primary: JSONValue = ["name": JSONValue(set.metric), "value": JSONValue(set.value)]
            return (set.name, ["count": JSONValue(set.count), "scores": ["primary": primary]])
          }))
    }
    result["training"] = settings["training"] ?? .null
    var evaluation = settings["evaluation"] ?? .null
    if let evaluationBatchSize { evaluation["batch_size"] = JSONValue(evaluationBatchSize) }
    result["evaluation"] = evaluation
    var told: JSONValue = [:]
    rows.add(to: &told)
    // They name what tells rows apart.
    if let revision = data?.revision { told["revision"] = JSONValue(revision) }
    if let sample = data?.sample { told["sample"] = JSONValue(sample) }
    if !rowNotes.isEmpty { told["notes"] = JSONValue(rowNotes) }
    result["data"] = told
    if let content { result["content"] = JSONValue(content) }
    if let json = contents.json { result[RunContents.key] = json }
    if let strategy { result["strategy"] = strategy.recordJSON }
    if let choice { result["choice"] = choice.recordJSON }
    if let seeds { result["seeds"] = seeds }
    result["correct"] = marks?.json ?? .null
    return result
  }

  private static func penalties(_ record: RunRecord) -> Penalties? {
    guard let pscp = record.pscp, let beta = pscp.beta, beta.count == 3, let constants = pscp.constants,
      constants.parameters > 0, constants.flops > 0, constants.memory > 0
    else { return nil }
    let preset = pscp.preset ?? ""
    // The paper counts TFLOP and GB.
    let unit: (flops: Double, memory: Double) = preset == PSCP.Preset.paper.name ? (1e12, 1e9) : (1, 1)
    return Penalties(
      value: pscp.value, preset: preset, beta: .init(parameters: beta[0], flops: beta[1], memory: beta[2]),
      constants: .init(parameters: constants.parameters, flops: constants.flops, memory: constants.memory),
      costs: .init(
        parameters: record.costs.countedParameters, flops: record.costs.addedFLOPs / unit.flops,
        memory: record.costs.tensorBytes.total / unit.memory))
  }

  /// What PSCP is made of under other exponents or the paper's constants; nil where there is nothing to make it from.
  func penalized(beta: PSCP.Exponents?, preset: PSCP.Preset?) -> Penalties? {
    guard let constants = preset?.constants ?? penalties?.constants else { return nil }
    let isPaper = (preset?.name ?? penalties?.preset) == PSCP.Preset.paper.name
    return Penalties(
      value: penalties?.value ?? 0, preset: preset?.name ?? penalties?.preset ?? "",
      beta: beta ?? penalties?.beta ?? .init(), constants: constants,
      costs: .init(
        parameters: costs.countedParameters, flops: costs.addedFLOPs / (isPaper ? 1e12 : 1),
        memory: costs.tensorBytes.total / (isPaper ? 1e9 : 1)))
  }

  /// The method's options in the spelling of today: records of engine 1 have them as the config spelled them.
  private static func options(_ record: RunRecord) -> JSONValue {
    guard case .object(let given)? = record.method.options else { return .null }
    let described = MethodConfiguration.options(ofMethod: record.method.name) ?? []
    return .object(
      JSONObject(
        distinct: given.members.map { key, value in
          let isList = described.first { $0.name == key }?.kind.isList ?? false
          switch value {
          case .array, .null: return (key, value)
          case _ where isList: return (key, [value])
          case .number(let number): return (key, .count(number))
          default: return (key, value)
          }
        }))
  }

  private static func evaluation(_ record: RunRecord) -> JSONValue {
    guard var evaluation = record.evaluation else { return .null }
    // They change no number.
    evaluation["batch_size"] = nil
    evaluation["zero_shot"] = nil
    return evaluation
  }

  private static func key(of record: RunRecord, suite: String, settings: JSONValue) -> String {
    let identity: JSONValue = [
      "suite": JSONValue(suite), "model": JSONValue(record.model.sha256), "dtype": JSONValue(record.model.dataType),
      "method": JSONValue(MethodRegistry.canonicalName(record.method.name)), "dataset": JSONValue(record.dataset),
      "data": [
        JSONValue(record.data?.trainingRows), JSONValue(record.data?.evaluationRows),
        JSONValue(record.data?.templateHash), JSONValue(record.data?.firstPrompt),
      ],
      "seed": JSONValue(record.isZeroShot ? 0 : record.seed), "settings": settings,
    ]
    return String(SHA256.hexadecimal(of: Array(identity.compactText.utf8)).prefix(16))
  }
}

extension Sequence<ReportedRun> {
  /// The names of the sets that were answered besides the scored rows, in the order in which runs have them.
  var setNames: [String] {
    var names: [String] = []
    for set in lazy.flatMap(\.sets) where !names.contains(set.name) { names.append(set.name) }
    return names
  }
}

extension ReportedRun: CustomStringConvertible {
  /// `sst2, lora, seed 42`.
  package var description: String { "\(dataset), \(label), seed \(seed)" }
}
