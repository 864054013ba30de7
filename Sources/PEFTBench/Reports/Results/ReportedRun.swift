import PEFTCore

/// One complete run as reports and comparisons see it: read from its record, or from a report's JSON.
public struct ReportedRun: Sendable {
  /// What a run costs, in plain counts, bytes and seconds.
  public struct Costs: Sendable, Equatable {
    /// Values that are trained.
    public let trainableParameters: Double
    /// FLOPs of one forward pass over 512 tokens, in the form in which the method is deployed.
    public let inferenceFLOPs: Double
    /// FLOPs of that pass which the base model does not need.
    public let addedFLOPs: Double
    /// Peak bytes that tensors held in training.
    public let tensorBytes: Double
    /// Peak resident bytes of the process.
    public let residentBytes: Double?
    /// Seconds of training.
    public let trainingSeconds: Double?
    /// Seconds of evaluation.
    public let evaluationSeconds: Double?
    /// Tokens of all training batches.
    public let tokensSeen: Double?
    /// Training tokens a second.
    public let tokensPerSecond: Double?
  }

  /// The PSCP of the record: its value, and what it was computed with.
  public struct Penalties: Sendable, Equatable {
    /// The value of the record.
    public let value: Double
    /// The preset of the constants.
    public let preset: String
    /// All three exponents.
    public let beta: PSCP.Exponents
    /// Cp, Cf and Cm in the units of the preset.
    public let constants: PSCP.Costs
    /// Mp, Mf and Mm in the same units.
    public let costs: PSCP.Costs
  }

  /// The run's id, a hash that covers the version of the engine.
  public let id: String
  /// A hash of what determines the run's numbers except for the version of the code: by it, runs of two versions match.
  public internal(set) var key: String
  /// A hash of all that determines the run's numbers but the engine; nil for records of engine 1, which do not tell it.
  let content: String?
  /// `mini`, `full` or `own`.
  public let suite: String
  /// What reports call the model.
  public let modelName: String
  /// The SHA-256 of the model's weights.
  public let modelHash: String
  /// The base model's parameters.
  public let modelParameters: Double
  /// The method's name in the registry.
  public let methodName: String
  /// What reports call the method with its options.
  public let label: String
  /// The dataset's name.
  public let dataset: String
  /// The seed.
  public let seed: Int
  /// `strict` or `peft-bench`.
  public let scoringProtocol: String
  /// The name of the headline score.
  public private(set) var metric: String
  /// The headline score, 0...1, for correlations -1...1.
  public private(set) var value: Double
  /// The headline score on a third set, which nothing was chosen on; nil where the run has none.
  public private(set) var testValue: Double?
  /// Rows of the third set.
  public let testCount: Int?
  /// All scores with their names.
  public let scores: [NamedScore]
  /// What stands beside the scores: majority, chance, classes; an older version wrote none of it.
  public let summary: AnswerSummary
  /// What one answer to every row would reach, and what guessing would, from the record or else the predictions.
  public internal(set) var baseline: AnswerBaseline
  /// The share of answers that could not be read.
  public let invalidRate: Double?
  /// Rows that were scored.
  public let answerCount: Int?
  /// What the method costs.
  public let costs: Costs
  /// PSCP, if the record has it.
  public internal(set) var penalties: Penalties?
  /// Which rows were right; nil where rows are not right or wrong.
  public internal(set) var marks: AnswerMarks?
  /// What the user should know about the scores.
  public let notes: [String]
  /// What the user should know about the rows that were used.
  let rowNotes: [String]
  /// When the run began and ended, as the record has it; empty if it does not.
  public let started: String
  /// When the run ended, as the record has it.
  public let finished: String
  /// The method's options, training and evaluation, for telling apart runs of one label.
  let settings: JSONValue
  /// The form in which weights were kept, as the config has it; nil where a report does not tell it.
  let dataType: String?
  /// Prompts that were evaluated at once, which changes no number but the memory of the evaluation.
  let evaluationBatchSize: Int?
  /// The rows and the template, as far as they are told.
  let rows: RunRows
  /// The run's folder; nil for a run that was read from a report.
  public let folder: String?
  /// The environment of the record.
  let environment: JSONValue?
  /// Facts about the data, from the record.
  let data: JSONValue?

  /// Whether it is the base model's own answer.
  public var isZeroShot: Bool { methodName == "none" }

  /// The PSCP of the headline score under the constants and exponents of the report; nil where the record has none.
  public var pscp: Double? {
    penalties.map {
      PSCP(constants: $0.constants, beta: $0.beta).value(performance: 100 * max(0, value), costs: $0.costs)
    }
  }

  /// The run with another of its scores as the headline; nil where it has no score of that name.
  func headlined(by name: String) -> ReportedRun? {
    guard let score = scores.first(where: { $0.name == name }), -1...1 ~= score.value else { return nil }
    var run = self
    if name != metric {
      run.baseline = baseline.ofAnotherScore
      run.metric = name
      run.value = score.value
      // The scores of the third set are kept for the record's own headline alone.
      run.testValue = nil
    }
    return run
  }

  /// Whether the headline score is the share of rows that are marked right, so that paired tests speak about it.
  public var isScoredByRow: Bool { marks.map { abs($0.share - value) < 1e-9 } ?? false }

  /// Reads a run.
  ///
  /// - Parameters:
  ///   - json: A record, or one element of `runs` of a report, which has the same members.
  ///   - folder: The run's folder, if it is one of a results folder.
  ///   - source: The file, for complaints.
  /// - Throws: `FileError` naming the member that is missing.
  init(_ json: JSONValue, folder: String?, source: String) throws(FileError) {
    let record = RunRecord(json: json)
    func text(_ path: String) throws(FileError) -> String {
      guard case .string(let text)? = record[path] else {
        throw FileError(path: source, "expected a string \"\(path)\"")
      }
      return text
    }
    func number(_ path: String) throws(FileError) -> Double {
      guard let value = record.number(path) else { throw FileError(path: source, "expected a number \"\(path)\"") }
      return value
    }
    id = try text("id")
    modelName = try text("model.name")
    modelHash = record.string("model.sha256")
    modelParameters = record.number("model.parameters") ?? 0
    methodName = try text("method.name")
    let label = record.string("method.label")
    self.label = label.isEmpty ? methodName : label
    let dataset = try text("dataset")
    self.dataset = dataset
    suite = DataConfiguration.Suite.name(of: dataset, named: try text("suite"))
    seed = Int(exactly: try number("seed")) ?? 0
    metric = try text("scores.primary.name")
    value = try number("scores.primary.value")
    guard -1...1 ~= value else {
      throw FileError(path: source, "\"scores.primary.value\" is \(value), expected a score from -1 to 1")
    }
    testValue = record.number("sets.test.scores.primary.value")
    testCount = record.number("sets.test.count").flatMap { Int(exactly: $0) }
    let named = record.string("scores.protocol")
    scoringProtocol = named.isEmpty ? ScoringProtocol.strict.rawValue : named
    scores = Self.scores(record["scores"])
    let summary = AnswerSummary(record)
    self.summary = summary
    baseline = AnswerBaseline(summary)
    invalidRate = record.number("scores.invalid_rate")
    answerCount = record.number("scores.count").flatMap { Int(exactly: $0) }
    notes = record.strings("scores.notes")
    rowNotes = record.strings("data.notes")
    costs = Costs(
      trainableParameters: try number("costs.trainable_parameters"),
      inferenceFLOPs: try number("costs.inference_flops"), addedFLOPs: try number("costs.added_inference_flops"),
      tensorBytes: try number("costs.peak_tensor_bytes.total"), residentBytes: record.number("costs.peak_rss_bytes"),
      trainingSeconds: record.number("costs.training_seconds"),
      evaluationSeconds: record.number("costs.evaluation_seconds"), tokensSeen: record.number("costs.tokens_seen"),
      tokensPerSecond: record.number("costs.training_tokens_per_second"))
    penalties = Self.penalties(record, costs: costs)
    settings = [
      "options": Self.options(record), "training": record["training"] ?? .null,
      "evaluation": Self.evaluation(record),
    ]
    let form = record.string("model.dtype")
    dataType = form.isEmpty ? nil : form
    evaluationBatchSize = record.number("evaluation.batch_size").flatMap { Int(exactly: $0) }
    rows = RunRows(record)
    let known = record.string("key")
    key = known.isEmpty ? Self.key(of: record, suite: suite, settings: settings) : known
    let told = record.string("content")
    content = told.isEmpty ? record["identity"].map(RunIdentity.content) : told
    marks = AnswerMarks(record["correct"])
    started = record.string("timestamps.started")
    finished = record.string("timestamps.finished")
    environment = record["environment"]
    data = record["data"]
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
        "added_inference_flops": .count(costs.addedFLOPs), "peak_tensor_bytes": ["total": .count(costs.tensorBytes)],
        "peak_rss_bytes": .count(costs.residentBytes), "training_seconds": JSONValue(costs.trainingSeconds),
        "evaluation_seconds": JSONValue(costs.evaluationSeconds), "tokens_seen": .count(costs.tokensSeen),
        "training_tokens_per_second": JSONValue(costs.tokensPerSecond),
      ],
    ]
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
    if let testValue {
      result["sets"] = [
        "test": [
          "count": JSONValue(testCount),
          "scores": ["primary": ["name": JSONValue(metric), "value": JSONValue(testValue)]],
        ]
      ]
    }
    result["training"] = settings["training"] ?? .null
    var evaluation = settings["evaluation"] ?? .null
    if let evaluationBatchSize { evaluation["batch_size"] = JSONValue(evaluationBatchSize) }
    result["evaluation"] = evaluation
    var told: JSONValue = [:]
    rows.add(to: &told)
    // They name what tells rows apart.
    for name in ["revision", "sample"] {
      if let value = data?[name], value != .null { told[name] = value }
    }
    if !rowNotes.isEmpty { told["notes"] = JSONValue(rowNotes) }
    result["data"] = told
    if let content { result["content"] = JSONValue(content) }
    result["correct"] = marks?.json ?? .null
    return result
  }

  private static func scores(_ json: JSONValue?) -> [NamedScore] {
    guard case .object(let object)? = json else { return [] }
    return object.members.compactMap { key, value in
      guard key != "invalid_rate", key != "count", !AnswerSummary.numberNames.contains(key) else { return nil }
      switch value {
      case .number(let number): return NamedScore(name: key, value: number)
      case .integer(let number): return NamedScore(name: key, value: Double(number))
      default: return nil
      }
    }
  }

  private static func penalties(_ record: RunRecord, costs: Costs) -> Penalties? {
    guard let value = record.number("pscp.value"), case .array(let list)? = record["pscp.beta"] else { return nil }
    let beta = list.compactMap { value -> Double? in
      switch value {
      case .number(let number): number
      case .integer(let number): Double(number)
      default: nil
      }
    }
    let constants = ["parameters", "flops", "memory"].compactMap { record.number("pscp.constants.\($0)") }
    guard beta.count == 3, constants.count == 3, constants.allSatisfy({ $0 > 0 }) else { return nil }
    let preset = record.string("pscp.preset")
    // The paper counts TFLOP and GB.
    let unit: (flops: Double, memory: Double) = preset == PSCP.Preset.paper.name ? (1e12, 1e9) : (1, 1)
    return Penalties(
      value: value, preset: preset, beta: .init(parameters: beta[0], flops: beta[1], memory: beta[2]),
      constants: .init(parameters: constants[0], flops: constants[1], memory: constants[2]),
      costs: .init(
        parameters: costs.trainableParameters, flops: costs.addedFLOPs / unit.flops,
        memory: costs.tensorBytes / unit.memory))
  }

  /// What PSCP is made of under other exponents or the paper's constants; nil where there is nothing to make it from.
  func penalized(beta: PSCP.Exponents?, preset: PSCP.Preset?) -> Penalties? {
    guard let constants = preset?.constants ?? penalties?.constants else { return nil }
    let isPaper = (preset?.name ?? penalties?.preset) == PSCP.Preset.paper.name
    return Penalties(
      value: penalties?.value ?? 0, preset: preset?.name ?? penalties?.preset ?? "",
      beta: beta ?? penalties?.beta ?? .init(), constants: constants,
      costs: .init(
        parameters: costs.trainableParameters, flops: costs.addedFLOPs / (isPaper ? 1e12 : 1),
        memory: costs.tensorBytes / (isPaper ? 1e9 : 1)))
  }

  /// The method's options in the spelling of today: records of engine 1 have them as the config spelled them.
  private static func options(_ record: RunRecord) -> JSONValue {
    guard case .object(let given)? = record["method.options"] else { return .null }
    let described = MethodConfiguration.options(ofMethod: record.string("method.name")) ?? []
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
    guard var evaluation = record["evaluation"] else { return .null }
    // They change no number.
    evaluation["batch_size"] = nil
    evaluation["zero_shot"] = nil
    return evaluation
  }

  private static func key(of record: RunRecord, suite: String, settings: JSONValue) -> String {
    let identity: JSONValue = [
      "suite": JSONValue(suite), "model": record["model.sha256"] ?? .null,
      "dtype": record["model.dtype"] ?? .null, "method": record["method.name"] ?? .null,
      "dataset": record["dataset"] ?? .null,
      "data": .array(
        ["train_rows", "eval_rows", "template_sha256", "first_prompt"].map { record["data.\($0)"] ?? .null }),
      "seed": record.string("method.name") == "none" ? 0 : record["seed"] ?? .null, "settings": settings,
    ]
    return String(SHA256.hexadecimal(of: Array(identity.compactText.utf8)).prefix(16))
  }
}

extension JSONValue {
  /// A count that may be kept as a floating-point number, written as the integer that it is.
  static func count(_ value: Double?) -> JSONValue {
    guard let value else { return .null }
    return Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}

extension ReportedRun: CustomStringConvertible {
  /// `sst2, lora, seed 42`.
  public var description: String { "\(dataset), \(label), seed \(seed)" }
}
