import PEFTCore

/// What of a dataset determines the numbers of its runs: the rows as the model sees them, and how answers are scored.
///
/// Files, columns, wording and limits are not in it by themselves: all that they can change is the rows.
struct DatasetIdentity: Sendable, Equatable {
  /// The dataset's name, which records and reports carry.
  var name: String
  /// The hash of the rows to train on.
  var trainingRows: String
  /// The hash of the rows to score.
  var evaluationRows: String
  /// The hash of the rows of a third split that are answered too; nil without them.
  var testRows: String?
  /// The hash of further training rows; nil where the strategy has none.
  var augmentedRows: String?
  /// The hashes of the rows of further sets, by the sets' names.
  var furtherRows: [String: String] = [:]
  /// What identifies the datasets that are trained together, and how often their rows come up; nil for one by itself.
  var together: JSONValue?
  /// How answers are scored.
  var metric: JSONValue

  /// The parts under fixed keys.
  var json: JSONValue {
    var json: JSONValue = [
      "name": JSONValue(name), "train": JSONValue(trainingRows), "eval": JSONValue(evaluationRows),
      "test": JSONValue(testRows), "metric": metric,
    ]
    // Only where there are some, so that the ids of other runs stay what they were.
    if let augmentedRows { json["augmented"] = JSONValue(augmentedRows) }
    if let together { json["together"] = together }
    if !furtherRows.isEmpty {
      json["sets"] = .object(
        JSONObject(distinct: furtherRows.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) }))
    }
    return json
  }

  /// The SHA-256 of rows: text and ids of each, and all that scoring and validation ask of it.
  static func hash(of rows: [RenderedExample], _ examples: [Example]) -> String {
    var hash = SHA256()
    hash.update(count: rows.count)
    // Thousands of label words are the choices of each of many rows: they are put into bytes once.
    var choices: (texts: [String], bytes: [UInt8])?
    for (row, example) in zip(rows, examples) {
      hash.update(text: row.prompt)
      hash.update(ids: row.promptIDs)
      hash.update(ids: row.answerIDs)
      hash.update(text: example.answer)
      hash.update(count: example.labelIndex ?? -1)
      hash.update(text: example.group)
      hash.update(texts: example.allAnswers)
      if choices?.texts != example.choices { choices = (example.choices, SHA256.bytes(of: example.choices)) }
      hash.update(choices?.bytes ?? [])
    }
    return hash.hexadecimalDigest
  }
}

extension SHA256 {
  /// Takes a number of what follows, so that what belongs to one part cannot be taken for another's.
  fileprivate mutating func update(count: Int) {
    withUnsafeBytes(of: Int64(count).littleEndian) { update($0) }
  }

  fileprivate mutating func update(ids: [Int32]) {
    update(count: ids.count)
    ids.withUnsafeBytes { update($0) }
  }

  fileprivate mutating func update(text: String?) {
    guard let text else { return update(count: -1) }
    let bytes = Array(text.utf8)
    update(count: bytes.count)
    update(bytes)
  }

  fileprivate mutating func update(texts: [String]?) {
    guard let texts else { return update(count: -1) }
    update(Self.bytes(of: texts))
  }

  /// Texts as they are hashed: their number, and each with its length.
  fileprivate static func bytes(of texts: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    func add(_ count: Int) { withUnsafeBytes(of: Int64(count).littleEndian) { bytes += $0 } }
    add(texts.count)
    for text in texts {
      add(text.utf8.count)
      bytes += text.utf8
    }
    return bytes
  }
}

extension DatasetMetric {
  /// How answers are scored, as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "dataset": JSONValue(dataset), "family": family.canonical, "headline": JSONValue(headline),
    ]
  }
}

extension MetricFamily {
  /// The kind of scoring with its options, as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .binaryClassification(let labels, let positive):
      ["binary_classification": ["labels": JSONValue(labels), "positive": JSONValue(positive)]]
    case .multiClass(let labels): ["multi_class": ["labels": JSONValue(labels)]]
    case .correlation(let range): ["correlation": ["range": JSONValue([range.lowerBound, range.upperBound])]]
    case .recordSpan: "record_span"
    case .gsm8k: "gsm8k"
    case .svamp: "svamp"
    case .code: "code"
    case .multirc(let labels, let positive):
      ["multirc": ["labels": JSONValue(labels), "positive": JSONValue(positive)]]
    }
  }
}
