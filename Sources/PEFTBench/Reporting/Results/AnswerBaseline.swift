import PEFTBench
import PEFTCore

/// What is given beside a run's headline score: what one answer to every row would reach, and what guessing would.
package struct AnswerBaseline: Sendable, Equatable {
  /// The answer that most rows have; empty where that is not known.
  package let majorityAnswer: String
  /// The headline score when every row has that answer; nil where it is not known.
  package let majority: Double?
  /// The headline score to expect of guessing among the labels; nil where that has no meaning.
  package let chance: Double?
  /// How many different answers the run gave; nil where it is not known.
  package let distinctAnswers: Int?

  /// Takes what the summary of a record says.
  init(_ summary: AnswerSummary) {
    majorityAnswer = summary.majority?.answer ?? ""
    majority = summary.majority?.value
    (chance, distinctAnswers) = (summary.chance, summary.distinctAnswers)
  }

  private init(majorityAnswer: String, majority: Double?, chance: Double?, distinctAnswers: Int?) {
    (self.majorityAnswer, self.majority, self.chance) = (majorityAnswer, majority, chance)
    self.distinctAnswers = distinctAnswers
  }

  /// Most different gold answers that are taken for labels where no record says.
  private static let mostLabels = 20

  /// The same with what a run's predictions tell beyond the record, which an older version wrote.
  ///
  /// - Parameter isShare: Whether the headline score is the share of rows that are right.
  /// - Throws: `InputError` for predictions that cannot be read.
  func completed(byPredictions path: String, isShare: Bool) throws -> AnswerBaseline {
    guard distinctAnswers == nil || (majority == nil && isShare) else { return self }
    let lines = try PredictionLines(path: path)
    var (golds, answers): ([String: Int], Set<String>) = ([:], [])
    for index in 0..<lines.count {
      let row = try lines.row(index)
      golds[row.label, default: 0] += 1
      answers.insert(AnswerParser.reply(in: row.predict))
    }
    // Of equally frequent ones the first in order, so that nothing hangs on a dictionary's.
    let most = golds.min { ($1.value, $0.key) < ($0.value, $1.key) }
    let isLabel = golds.count <= Self.mostLabels && golds.count * 2 <= max(4, lines.count)
    let share = most.flatMap { isShare && isLabel ? Double($0.value) / Double(lines.count) : nil }
    return AnswerBaseline(
      majorityAnswer: majority == nil && share != nil ? most?.key ?? "" : majorityAnswer,
      majority: majority ?? share,
      chance: chance ?? (share == nil ? nil : 1 / Double(golds.count)),
      distinctAnswers: distinctAnswers ?? answers.count)
  }

  /// The same where the headline is another score.
  ///
  /// Records tell all of them; of one that an older version wrote they are computed from the rows of each class.
  ///
  /// - Parameters:
  ///   - name: The other score.
  ///   - summary: What the record says.
  ///   - scores: The run's scores.
  func headlined(by name: String, _ summary: AnswerSummary, scores: [NamedScore]) -> AnswerBaseline {
    func value(_ scores: [NamedScore]) -> Double? { scores.first { $0.name == name }?.value }
    var (majority, chance) = (value(summary.majorityScores), value(summary.chanceScores))
    if summary.majorityScores.isEmpty, let answer = summary.majority?.answer,
      let place = summary.classes.firstIndex(where: { $0.label == answer }),
      let score = LabelScore(named: name, positive: Self.positive(summary.classes, scores))
    {
      let supports = summary.classes.map(\.support)
      majority = score.value(ofAnswer: place, supports: supports)
      chance = score.chance(supports: supports)
    }
    return AnswerBaseline(
      majorityAnswer: majority == nil ? "" : majorityAnswer, majority: majority, chance: chance,
      distinctAnswers: distinctAnswers)
  }

  /// The class whose F1, precision and recall are the run's; of several the last, which is the positive one of two unless
  /// a description says otherwise.
  private static func positive(_ classes: [AnswerSummary.ClassScores], _ scores: [NamedScore]) -> Int? {
    classes.indices.last { index in
      let own = ["f1": classes[index].f1, "precision": classes[index].precision, "recall": classes[index].recall]
      return scores.allSatisfy { score in own[score.name].map { abs($0 - score.value) < 1e-9 } ?? true }
    }
  }
}
