import PEFTCore

/// The vote of several models on one row.
///
/// Each answer counts as what the metric reads it as: a label, a number, the words of a text. What cannot be read counts as
/// its text. The most frequent one wins; of those with as many votes, the one that the earliest member gave.
package struct AnswerVote: Sendable {
  private let family: MetricFamily
  private let labels: AnswerParser

  /// A vote on answers to a kind of task.
  package init(_ family: MetricFamily) {
    self.family = family
    labels = AnswerParser(labels: family.labels)
  }

  /// The answer that wins, in the words of the first member that gave it; empty where nobody answered.
  package func winner(among answers: [String]) -> String {
    var counts: [String: Int] = [:]
    let meanings = answers.map(meaning)
    for meaning in meanings { counts[meaning, default: 0] += 1 }
    guard let most = counts.values.max(), let first = meanings.firstIndex(where: { counts[$0] == most }) else {
      return ""
    }
    return answers[first]
  }

  /// The share of rows whose answers all mean the same.
  ///
  /// - Parameter rows: The answers of all members, row by row.
  package func unanimousShare(of rows: [[String]]) -> Double {
    Double(rows.count { Set($0.map(meaning)).count == 1 }) / Double(max(1, rows.count))
  }

  /// What an answer is counted as: equal for answers that mean the same to the metric.
  private func meaning(_ answer: String) -> String {
    let read: String? =
      switch family {
      case .binaryClassification, .multiClass, .multirc: labels.label(answer).map { "label \($0)" }
      case .correlation: AnswerParser.number(answer).map(Self.number)
      case .gsm8k: FinalAnswer.find(in: answer).map { Self.number($0.value) }
      case .svamp: EquationAnswer(answer).map { Self.number($0.left) }
      case .recordSpan: "words \(SpanMatch.normalised(AnswerParser.reply(in: answer)))"
      case .code: nil
      }
    return read ?? "text \(AnswerParser.reply(in: answer))"
  }

  /// A number as votes count it, to six decimal places, within which metrics take numbers for equal.
  private static func number(_ value: Double) -> String {
    let rounded = abs(value) < 1e9 ? (value * 1e6).rounded() / 1e6 : value
    return "number \(rounded == 0 ? 0 : rounded)"
  }
}
