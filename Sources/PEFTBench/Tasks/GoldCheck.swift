import CodeMetrics
import PEFTCore
import TableFiles

/// Checks that the metric can read the gold answers, before anything is trained.
struct GoldCheck {
  private let dataset: DatasetDescription
  private let part: DatasetPart
  private var count = 0
  private var first: (reason: String, place: TablePlace)?

  /// A check of the rows of one part.
  init(_ dataset: DatasetDescription, _ part: DatasetPart) {
    (self.dataset, self.part) = (dataset, part)
  }

  /// Checks an example.
  ///
  /// - Throws: `TableError` for a row to be scored whose answer the metric cannot read. A row to be trained on is
  ///   counted only.
  mutating func check(_ example: Example, of row: TableRow) throws(TableError) {
    guard let reason = reason(example) else { return }
    guard part == .training else {
      let place = dataset.answerColumn.map { "column \"\($0)\"" } ?? "the gold answer"
      throw row.error("\(place): \(reason), so this row cannot be scored")
    }
    count += 1
    if first == nil { first = (reason, row.location) }
  }

  /// What to know about the rows to be trained on.
  var note: String? {
    guard let first else { return nil }
    return
      "\(dataset.id): \(count == 1 ? "1 training answer is" : "\(count) training answers are") none that the metric "
      + "could score (first, \(first.place): \(first.reason))"
  }

  /// Why the metric cannot read the answer, or nil.
  private func reason(_ example: Example) -> String? {
    let answer = example.answer
    let shown = answer.count > 60 ? "\"\(answer.prefix(60))…\"" : "\"\(answer)\""
    switch dataset.metric.family {
    case .correlation(let range):
      guard let number = AnswerParser.number(answer) else { return "\(shown) is not a number" }
      return range.contains(number)
        ? nil : "\(shown) is not within the range \(range.lowerBound) to \(range.upperBound)"
    case .gsm8k: return FinalAnswer.find(in: answer) == nil ? "\(shown) has no number" : nil
    case .svamp:
      return EquationAnswer(answer) == nil && FinalAnswer.numbers(in: answer).isEmpty ? "\(shown) has no number" : nil
    // Published datasets are scored as they are.
    case .recordSpan where dataset.group == .custom:
      let isEmpty = (example.allAnswers ?? [answer]).allSatisfy { SpanMatch.normalised($0).isEmpty }
      return isEmpty ? "nothing is left of \(shown) to compare, since articles and punctuation do not count" : nil
    case .code where dataset.group == .custom:
      return CommentStripper.strip(answer).trimmingWhiteSpace().isEmpty ? "\(shown) has no code to compare" : nil
    case .recordSpan, .code, .binaryClassification, .multiClass, .multirc: return nil
    }
  }
}
