import PEFTBench
import PEFTCore

/// What stands beside a run's headline score: what one answer to every row would reach, and what guessing would.
package struct AnswerBaseline: Sendable, Equatable {
  /// The answer that most rows have; empty where that is not told.
  package let majorityAnswer: String
  /// The headline score when every row has that answer; nil where it is not known.
  package let majority: Double?
  /// The headline score to expect of guessing among the labels; nil where that has no meaning.
  package let chance: Double?
  /// How many different answers the run gave; nil where it is not known.
  package let distinctAnswers: Int?

  /// Takes what the summary of a record tells.
  init(_ summary: AnswerSummary) {
    majorityAnswer = summary.majority?.answer ?? ""
    majority = summary.majority?.value
    (chance, distinctAnswers) = (summary.chance, summary.distinctAnswers)
  }

  private init(majorityAnswer: String, majority: Double?, chance: Double?, distinctAnswers: Int?) {
    (self.majorityAnswer, self.majority, self.chance) = (majorityAnswer, majority, chance)
    self.distinctAnswers = distinctAnswers
  }

  /// Most different gold answers that are taken for labels where no record tells.
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

  /// The same where the headline is another score, of which none of this tells but the number of answers.
  var ofAnotherScore: AnswerBaseline {
    AnswerBaseline(majorityAnswer: "", majority: nil, chance: nil, distinctAnswers: distinctAnswers)
  }
}
