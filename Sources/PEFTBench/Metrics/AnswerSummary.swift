import CodeMetrics
import PEFTCore

/// What is given beside the scores of a run's answers so that they can be judged: what one answer to every row would
/// reach, what guessing would, how many different answers there are, and which classes were taken for which.
///
/// Classes are read as the strict protocol reads them, whatever the protocol of the scores is.
package struct AnswerSummary: Sendable, Equatable {
  /// The headline score when every row is answered with the most frequent gold answer.
  package struct Majority: Sendable, Equatable {
    /// That answer; of several equally frequent ones the first.
    package let answer: String
    /// The headline score's value.
    package let value: Double
  }

  /// How well one class is told from the others.
  package struct ClassScores: Sendable, Equatable {
    /// The label word.
    package let label: String
    /// The share of its predictions that are right; 0 where it is never predicted.
    package let precision: Double
    /// The share of its rows that are found; 0 where it does not occur.
    package let recall: Double
    /// The harmonic mean of the two.
    package let f1: Double
    /// Rows whose gold label it is.
    package let support: Int
  }

  /// How often which label was taken for which.
  package struct Confusion: Sendable, Equatable {
    /// The label words.
    package let labels: [String]
    /// Rows by gold label (outer) and predicted label (inner), both in the order of `labels`.
    package let counts: [[Int]]
    /// Rows of each gold label whose prediction names no label.
    package let invalid: [Int]
  }

  /// What one answer to every row would reach; nil for correlations and code, and where free-text answers are all
  /// different.
  package let majority: Majority?
  /// The headline score to expect of uniform guessing among the labels; nil where that has no meaning.
  package let chance: Double?
  /// Every score when all rows have the majority's answer; empty where there is none.
  package let majorityScores: [NamedScore]
  /// What guessing among the labels reaches in every score that it has a meaning for.
  package let chanceScores: [NamedScore]
  /// The word F1 of each question, where it does not follow from each row's label and prediction; else empty.
  package let queryF1: [Double]
  /// How many different answers were given; those that name one label are one answer.
  package let distinctAnswers: Int?
  /// Precision, recall and F1 of each label, in label order; empty where answers are not label words.
  package let classes: [ClassScores]
  /// The confusion matrix; nil where answers are not label words, and above `ConfusionMatrix.largestTable` labels.
  package let confusion: Confusion?

  /// Why there is no confusion matrix although answers are label words; nil where there is one.
  package var confusionAbsence: String? {
    confusion == nil && !classes.isEmpty
      ? "\(classes.count) labels; the matrix is kept up to \(ConfusionMatrix.largestTable)" : nil
  }
}

extension DatasetMetric {
  /// What is given beside the scores of `answers`.
  ///
  /// - Throws: `ScoringError` where a gold answer is not what the metric expects, or there are no answers.
  package func summary(of answers: [ScoredAnswer], under scoring: ScoringProtocol = .strict) throws(ScoringError)
    -> AnswerSummary
  {
    let labels = family.labels
    let parser = AnswerParser(labels: labels)
    var matrix = ConfusionMatrix(classCount: labels.count)
    var named: Set<Int> = []
    var unnamed: Set<String> = []
    for (row, answer) in answers.enumerated() {
      let predicted = parser.label(answer.predict)
      if let predicted { named.insert(predicted) } else { unnamed.insert(AnswerParser.reply(in: answer.predict)) }
      guard !labels.isEmpty else { continue }
      guard let gold = parser.label(answer.label) else {
        throw .unknownLabel(row: row + 1, label: answer.label, expected: labels)
      }
      matrix.add(gold: gold, predicted: predicted)
    }
    var majority: AnswerSummary.Majority?
    var majorityScores: [NamedScore] = []
    if let answer = mostFrequentGold(of: answers) {
      let constant = answers.map {
        ScoredAnswer(predict: answer, label: $0.label, group: $0.group, allAnswers: $0.allAnswers)
      }
      let scores = try score(constant, under: scoring)
      majority = .init(answer: answer, value: scores.value)
      majorityScores = scores.scores
    }
    let chanceScores = chanceScores(supports: labels.indices.map(matrix.support), under: scoring)
    let queries = family == .recordSpan ? SpanQueries(answers) : nil
    return AnswerSummary(
      majority: majority, chance: chanceScores.first { $0.name == primaryName(under: scoring) }?.value,
      majorityScores: majorityScores, chanceScores: chanceScores,
      queryF1: queries.map { $0.areRows ? [] : $0.results.map(\.f1) } ?? [],
      distinctAnswers: named.count + unnamed.count,
      classes: labels.indices.map {
        .init(
          label: labels[$0], precision: matrix.precision(of: $0), recall: matrix.recall(of: $0), f1: matrix.f1(of: $0),
          support: matrix.support(of: $0))
      },
      confusion: labels.isEmpty ? nil : matrix.table.map { .init(labels: labels, counts: $0, invalid: matrix.invalid) })
  }

  /// Guessing under the definitions of the strict protocol; the published script has others.
  private func chanceScores(supports: [Int], under scoring: ScoringProtocol) -> [NamedScore] {
    guard scoring == .strict, !supports.isEmpty else { return [] }
    let positive =
      switch family {
      case .binaryClassification(let labels, let positive), .multirc(let labels, let positive):
        labels.firstIndex(of: positive)
      default: Int?.none
      }
    return family.scoreNames(under: scoring).compactMap { name in
      LabelScore(named: name, positive: positive).map { .init(name: name, value: $0.chance(supports: supports)) }
    }
  }

  /// The gold answer that most rows have; nil where none occurs twice and answers are not label words.
  private func mostFrequentGold(of answers: [ScoredAnswer]) -> String? {
    let labels = family.labels
    let parser = AnswerParser(labels: labels)
    // Each answer as it is told apart, and as it is given.
    func read(_ label: String) -> (key: String, text: String)? {
      switch family {
      case .binaryClassification, .multiClass, .multirc:
        return parser.label(label).map { ("\($0)", labels[$0]) }
      case .recordSpan: return (SpanMatch.normalised(label), label)
      case .gsm8k:
        let text = label.lastRange(of: "####").map { "#### " + String(label[$0.upperBound...]).trimmingWhiteSpace() }
        return FinalAnswer.find(in: label).map { ("\($0.value)", text ?? label) }
      case .svamp: return (label, label)
      case .correlation, .code: return nil
      }
    }
    var positions: [String: Int] = [:]
    // The labels come first, so that of equally frequent ones the first of the list is taken.
    var found = labels.map { (text: $0, count: 0) }
    for index in labels.indices { positions["\(index)"] = index }
    for answer in answers {
      guard let (key, text) = read(answer.label) else { continue }
      if let position = positions[key] {
        found[position].count += 1
      } else {
        positions[key] = found.count
        found.append((text, 1))
      }
    }
    guard let best = found.max(by: { $0.count < $1.count }) else { return nil }
    let most = best.count
    return labels.isEmpty && most < 2 ? nil : found.first { $0.count == most }?.text
  }
}

// MARK: - In a record

extension AnswerSummary {
  /// The names of the members of a record's `scores` that are numbers and no scores.
  package static let numberNames: Set<String> = ["chance", "distinct_answers"]

  /// Adds the summary to the `scores` of a record.
  package func add(to scores: inout JSONValue) {
    if let majority { scores["majority"] = ["answer": JSONValue(majority.answer), "value": JSONValue(majority.value)] }
    if let chance { scores["chance"] = JSONValue(chance) }
    addOtherScores(to: &scores)
    if !queryF1.isEmpty { scores["query_f1"] = JSONValue(queryF1) }
    if let distinctAnswers { scores["distinct_answers"] = JSONValue(distinctAnswers) }
    if !classes.isEmpty {
      scores["per_class"] = .array(
        classes.map {
          [
            "label": JSONValue($0.label), "precision": JSONValue($0.precision), "recall": JSONValue($0.recall),
            "f1": JSONValue($0.f1), "support": JSONValue($0.support),
          ]
        })
    }
    if let confusion {
      scores["confusion"] = [
        "labels": JSONValue(confusion.labels), "counts": .array(confusion.counts.map { JSONValue($0) }),
        "invalid": JSONValue(confusion.invalid),
      ]
    } else if let reason = confusionAbsence {
      scores["confusion_absent"] = JSONValue(reason)
    }
  }

  /// Adds what the majority's answer and guessing reach in all scores.
  package func addOtherScores(to scores: inout JSONValue) {
    for (name, list) in [("majority", majorityScores), ("chance", chanceScores)] where !list.isEmpty {
      scores["\(name)_scores"] = .object(JSONObject(distinct: list.map { ($0.name, JSONValue($0.value)) }))
    }
  }

  /// What a report's JSON keeps of it: all but the classes.
  package var withoutClasses: AnswerSummary {
    AnswerSummary(
      majority: majority, chance: chance, majorityScores: majorityScores, chanceScores: chanceScores, queryF1: [],
      distinctAnswers: distinctAnswers, classes: [], confusion: nil)
  }

  /// A summary that says nothing.
  static let nothing = AnswerSummary(
    majority: nil, chance: nil, majorityScores: [], chanceScores: [], queryF1: [], distinctAnswers: nil, classes: [],
    confusion: nil)

  /// More rows of one class than any file has, and few enough that sums over classes do not overflow.
  private static let mostRows = 1 << 40

  /// Reads the summary from the `scores` of a record, or of a report's run; what an older version did not write is
  /// absent.
  init(scores json: JSONValue) {
    let value = json.number("majority.value")
    majority = value.flatMap { $0.isFinite ? .init(answer: json.string("majority.answer"), value: $0) : nil }
    chance = json.number("chance")
    majorityScores = Self.scores(json["majority_scores"])
    chanceScores = Self.scores(json["chance_scores"])
    queryF1 = (json["query_f1"]?.elements ?? []).compactMap { $0.number.flatMap { $0.isFinite ? $0 : nil } }
    distinctAnswers = json.number("distinct_answers").flatMap { Int(exactly: $0) }
    classes = (json["per_class"]?.elements ?? []).compactMap { member in
      guard let precision = member.number("precision"), let recall = member.number("recall"),
        let f1 = member.number("f1"), let support = member.number("support").flatMap({ Int(exactly: $0) }),
        0...Self.mostRows ~= support
      else { return nil }
      return .init(label: member.string("label"), precision: precision, recall: recall, f1: f1, support: support)
    }
    confusion = json["confusion"].flatMap { Confusion($0) }
  }

  private static func scores(_ json: JSONValue?) -> [NamedScore] {
    guard case .object(let object)? = json else { return [] }
    return object.members.compactMap { name, value in
      value.number.flatMap { $0.isFinite ? NamedScore(name: name, value: $0) : nil }
    }
  }
}

extension AnswerSummary.Confusion {
  /// Reads a matrix; nil where its sides do not fit.
  fileprivate init?(_ json: JSONValue) {
    guard let names = json["labels"]?.elements, let rows = json["counts"]?.elements else { return nil }
    labels = names.compactMap(\.text)
    counts = rows.map(Self.integers)
    invalid = json["invalid"].map(Self.integers) ?? []
    guard labels.count == names.count, counts.count == labels.count, invalid.count == labels.count,
      counts.allSatisfy({ $0.count == labels.count })
    else { return nil }
  }

  private static func integers(_ json: JSONValue) -> [Int] {
    (json.elements ?? []).compactMap { if case .integer(let value) = $0 { value } else { nil } }
  }
}
