import PEFTCore

extension RunRecord {
  /// What the answers to a set of rows are worth.
  ///
  /// In the file each score is a member of its own under its name, beside what stands with the scores.
  package struct Scores: RecordObject {
    /// The headline score.
    package var primary = NamedScore(name: "", value: 0)
    /// The protocol that the config asks for; nil in records of earlier versions, which knew `strict` alone.
    package var scoring: String?
    /// All scores, the headline among them.
    package var values: [NamedScore] = []
    /// The share of answers that could not be read.
    package var invalidRate: Double?
    /// Rows that were scored.
    package var count: Int?
    /// What the scores can be judged by.
    package var summary = AnswerSummary.nothing
    /// The scores by the other protocol.
    package var others: OtherScores?
    /// What must be known about the scores.
    package var notes: [String] = []

    /// The scores under the protocol that the config does not ask for.
    package struct OtherScores: Sendable {
      /// The protocol.
      package var scoring: String
      /// The scores.
      package var values: [NamedScore]
      /// Why there are none.
      package var absence: String?
    }

    /// No scores yet.
    package init() {}
  }
}

extension RunRecord.Scores {
  private static let primaryKey = "primary"
  private static let protocolKey = "protocol"
  private static let rateKey = "invalid_rate"
  private static let countKey = "count"
  private static let notesKey = "notes"
  private static let absenceKey = "absent"

  package init(reading json: JSONValue?, at path: String) throws(RecordError) {
    let place = path.isEmpty ? Self.primaryKey : "\(path).\(Self.primaryKey)"
    let (name, value) = (json?.string("primary.name") ?? "", json?.number("primary.value"))
    guard !name.isEmpty else { throw .missing(.text, path: "\(place).name") }
    guard let value else { throw .missing(.number, path: "\(place).value") }
    guard -1...1 ~= value else { throw .score(value, path: "\(place).value") }
    primary = NamedScore(name: name, value: value)
    guard let json, case .object(let object) = json else { return }
    scoring = json[Self.protocolKey].flatMap { String(record: $0) }
    values = object.members.compactMap { key, value in
      guard ![Self.rateKey, Self.countKey].contains(key), !AnswerSummary.numberNames.contains(key) else { return nil }
      return value.number.map { NamedScore(name: key, value: $0) }
    }
    if let same = values.first(where: { $0.name == name }), abs(same.value - value) > 1e-9 {
      let parent = path.isEmpty ? "" : "\(path)."
      throw .contradiction(value, path: "\(place).value", other: same.value, otherPath: parent + name)
    }
    invalidRate = json[Self.rateKey]?.number
    count = json[Self.countKey].flatMap { Int(record: $0) }
    summary = AnswerSummary(scores: json)
    for other in ScoringProtocol.allCases.map(\.rawValue) {
      guard case .object(let members)? = json[other] else { continue }
      others = OtherScores(
        scoring: other,
        values: members.members.compactMap { key, value in value.number.map { NamedScore(name: key, value: $0) } },
        absence: json[other]?[Self.absenceKey]?.text)
    }
    notes = json[Self.notesKey].flatMap { [String](record: $0) } ?? []
  }

  package var recordJSON: JSONValue {
    var json: JSONValue = [
      Self.primaryKey: ["name": JSONValue(primary.name), "value": JSONValue(primary.value)],
      Self.protocolKey: JSONValue(scoring),
    ]
    for score in values { json[score.name] = JSONValue(score.value) }
    json[Self.rateKey] = JSONValue(invalidRate)
    json[Self.countKey] = JSONValue(count)
    summary.add(to: &json)
    if let others {
      var other: JSONValue = [:]
      for score in others.values { other[score.name] = JSONValue(score.value) }
      if let absence = others.absence { other[Self.absenceKey] = JSONValue(absence) }
      json[others.scoring] = other
    }
    if !notes.isEmpty { json[Self.notesKey] = JSONValue(notes) }
    return json
  }
}
