import PEFTCore
import PEFTMethods

/// The record of one complete run, as written to record.json.
///
/// The file is an object with the members of this type under the keys of `members`; records of earlier versions lack
/// some, which are nil then. Settings stand in it as they were, so they keep their own form.
package struct RunRecord: RecordPart {
  /// The base model.
  package struct Model: RecordPart {
    /// What reports call it.
    package var name = ""
    /// Where it was read.
    package var path: String?
    /// The SHA-256 of the weights' files.
    package var sha256: String?
    /// How many parameters it has.
    package var parameters: Double?
    /// The name of its family.
    package var architecture: String?
    /// How the weights were held in memory.
    package var dataType: String?

    package init() {}
  }

  /// The method that was attached.
  package struct Method: RecordPart {
    /// Its name in the registry.
    package var name = ""
    /// What reports call it with its options.
    package var label: String?
    /// Its options, and `init_from`.
    package var options: JSONValue?
    /// Values that it trains.
    package var trainableParameters: Double?
    /// The size of the presets that values were taken from, if any were.
    package var preset: String?

    package init() {}
  }

  /// When the run began and ended, in ISO 8601.
  package struct Timestamps: RecordPart {
    /// The beginning.
    package var started: String?
    /// The end.
    package var finished: String?

    package init() {}
  }

  /// A set of rows that was answered besides the one that `scores` is of.
  package struct EvaluationSet: RecordPart {
    /// The split, or the file, that the rows are from.
    package var split: String?
    /// How many there are.
    package var rows: Int?
    /// The hash of the rows as they are used.
    package var sha256: String?
    /// How many rows have each label; nil where answers are free text.
    package var classes: ClassCounts?
    /// Rows whose prompt was cut.
    package var cutRows: Int?
    /// Rows whose prompt is that of an earlier one, whose answer they have; nil for none.
    package var repeatedRows: Int?
    /// Rows that were scored.
    package var count: Int?
    /// What the answers are worth.
    package var scores = Scores()
    /// Seconds that answering took.
    package var seconds: Double?

    package init() {}
  }

  /// Name and version of the form.
  package static let schema = "peft-bench.run/1"

  /// The run's id.
  package var id = ""
  /// What determines the run's numbers (`RunIdentity`); records of engine 1 have none.
  package var identity: JSONValue?
  /// `mini`, `full` or `own`.
  package var suite = ""
  /// The model.
  package var model = Model()
  /// The method.
  package var method = Method()
  /// The dataset's name.
  package var dataset = ""
  /// Facts about the rows.
  package var data: Data?
  /// The seed.
  package var seed = 0
  /// The seeds of the sources of chance, where each has its own.
  package var seeds: JSONValue?
  /// What makes the result depend less on chance, and what it costs beside plain steps; nil where nothing was trained
  /// and one model answered, and for plain steps in records of earlier versions.
  package var strategy: Strategy?
  /// How it chose the combination of adapters that it starts from; nil where there was nothing to choose.
  package var choice: Choice?
  /// The settings of the training; nil for a run without one.
  package var training: JSONValue?
  /// The settings of the evaluation.
  package var evaluation: JSONValue?
  /// What the answers to the scored rows are worth.
  package var scores = Scores()
  /// The other sets of rows, each with its name, in the order in which they were answered.
  package var sets = NamedSets()
  /// What the run took.
  package var costs = Costs()
  /// The score with its penalties.
  package var pscp: Penalties?
  /// Where the run took place.
  package var environment: RunEnvironment?
  /// When it began and ended.
  package var timestamps: Timestamps?

  /// A record of nothing yet.
  package init() {}

  /// Everything, in the order of the file.
  package var json: JSONValue { recordJSON }

  package static let members: [RecordMember<RunRecord>] = [
    RecordMember(key: "schema", write: { _ in .string(schema) }, read: { _, _, _ in }),
    .required("id", \.id), .optional("identity", \.identity), .required("suite", \.suite), .required("model", \.model),
    .required("method", \.method), .required("dataset", \.dataset), .optional("data", \.data),
    RecordMember(
      key: "seed", write: { .integer($0.seed) },
      read: { (record: inout RunRecord, json: JSONValue?, path: String) throws(RecordError) in
        guard let number = json?.number else { throw .missing(.number, path: path) }
        record.seed = Int(exactly: number) ?? 0
      }),
    .optional("seeds", \.seeds), .optional("strategy", \.strategy), .optional("choice", \.choice),
    .nullable("training", \.training), .nullable("evaluation", \.evaluation), .required("scores", \.scores),
    RecordMember(
      key: "sets", write: { $0.sets.isEmpty ? Optional.none : $0.sets.recordJSON },
      read: { record, json, _ in record.sets = NamedSets(record: json ?? .null) }),
    .required("costs", \.costs), .optional("pscp", \.pscp), .optional("environment", \.environment),
    .optional("timestamps", \.timestamps),
  ]

  /// The engine that made the run; 1 where the record does not tell.
  var engine: Int { identity?.number("engine").flatMap { Int(exactly: $0) } ?? 1 }

  /// Whether it is the base model's own answer.
  package var isZeroShot: Bool { !MethodRegistry.trains(method.name) }

  /// Seconds of the choice, training and evaluation together.
  package var seconds: Double {
    (choice?.seconds ?? 0) + (costs.trainingSeconds ?? 0) + (costs.evaluationSeconds ?? 0)
  }
}

extension RunRecord.Model {
  package static let members: [RecordMember<Self>] = [
    .required("name", \.name), .nullable("path", \.path), .nullable("sha256", \.sha256),
    .nullableCount("parameters", \.parameters), .nullable("architecture", \.architecture),
    .nullable("dtype", \.dataType),
  ]
}

extension RunRecord.Method {
  package static let members: [RecordMember<Self>] = [
    .required("name", \.name), .nullable("label", \.label), .nullable("options", \.options),
    .nullableCount("trainable_parameters", \.trainableParameters), .optional("preset", \.preset),
  ]
}

extension RunRecord.Timestamps {
  package static let members: [RecordMember<Self>] = [
    .nullable("started", \.started), .nullable("finished", \.finished),
  ]
}

extension RunRecord.EvaluationSet {
  package static let members: [RecordMember<Self>] = [
    .nullable("split", \.split), .nullable("rows", \.rows), .nullable("sha256", \.sha256),
    .nullable("classes", \.classes), .nullable("cut_rows", \.cutRows),
    .optional("repeated_rows", \.repeatedRows), .nullable("count", \.count),
    .required("scores", \.scores), .nullable("seconds", \.seconds),
  ]
}

/// Sets of rows by name, in the order in which they were answered.
package struct NamedSets: RecordValue {
  /// The names and sets.
  package private(set) var all: [(name: String, set: RunRecord.EvaluationSet)] = []

  /// No set.
  package init() {}

  package static var expectation: RecordError.Expectation { .object }

  /// Reads the sets; one whose scores cannot be read is left out.
  package init(record json: JSONValue) {
    guard case .object(let object) = json else { return }
    all = object.members.compactMap { name, json in
      RunRecord.EvaluationSet(record: json).map { (name, $0) }
    }
  }

  package var recordJSON: JSONValue { .object(JSONObject(distinct: all.map { ($0.name, $0.set.recordJSON) })) }

  /// Whether there is none.
  package var isEmpty: Bool { all.isEmpty }

  /// The set of that name.
  package subscript(name: String) -> RunRecord.EvaluationSet? { all.first { $0.name == name }?.set }

  /// Adds a set after the others.
  package mutating func add(_ set: RunRecord.EvaluationSet, named name: String) { all.append((name, set)) }
}
