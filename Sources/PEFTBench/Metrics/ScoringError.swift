import PEFTCore

/// Answers that cannot be scored, because what they are compared with is not what the dataset's metric expects.
public enum ScoringError: InputError, Equatable {
  /// There is nothing to score.
  case noAnswers
  /// A gold label is none of the dataset's labels; `row` counts from 1.
  case unknownLabel(row: Int, label: String, expected: [String])
  /// A gold answer has no number where the metric needs one; `row` counts from 1.
  case labelWithoutNumber(row: Int, label: String)

  /// One sentence: what is wrong, where, and what was expected.
  public var description: String {
    switch self {
    case .noAnswers:
      return "there are no predictions to score"
    case .unknownLabel(let row, let label, let expected):
      let nearest = NearestName.of(label, among: expected).map { "; did you mean \"\($0)\"?" } ?? ""
      return "row \(row): the label \"\(shortened(label))\" is none of \(expected.joined(separator: ", "))\(nearest)"
    case .labelWithoutNumber(let row, let label):
      return "row \(row): the label \"\(shortened(label))\" gives no number, which this dataset's metric needs"
    }
  }

  private func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }
}
