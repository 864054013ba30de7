import PEFTCore

/// Answers that cannot be scored, because what they are compared with is not what the dataset's metric expects.
package enum ScoringError: InputError, Equatable {
  /// There is nothing to score.
  case noAnswers
  /// A gold label is none of the dataset's labels; `row` counts from 1.
  case unknownLabel(row: Int, label: String, expected: [String])
  /// A gold answer has no number where the metric needs one; `row` counts from 1.
  case labelWithoutNumber(row: Int, label: String)
  /// The published script cuts texts to 16 characters, so that this gold label is none of its labels.
  case labelIsCut(label: String)

  /// One sentence: what is wrong, where, and what was expected.
  package var description: String {
    switch self {
    case .noAnswers:
      return "there are no predictions to score"
    case .unknownLabel(let row, let label, let expected):
      let nearest =
        NearestName.of(label, among: expected.filter { $0 != label }).map { "; did you mean \"\(shortened($0))\"?" }
        ?? ""
      let shown = expected.prefix(10).map(shortened).joined(separator: ", ")
      let others = expected.count > 10 ? " and \(expected.count - 10) others" : ""
      return "row \(row): the label \"\(shortened(label))\" is none of \(shown)\(others)\(nearest)"
    case .labelWithoutNumber(let row, let label):
      return "row \(row): the label \"\(shortened(label))\" gives no number, which this dataset's metric needs"
    case .labelIsCut(let label):
      return "the published script cuts labels to 16 characters, and \"\(shortened(label))\" has "
        + "\(label.unicodeScalars.count)"
    }
  }

  private func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }
}
