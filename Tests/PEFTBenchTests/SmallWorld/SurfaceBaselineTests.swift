import Testing

@testable import PEFTBench

@Suite("Baselines that understand nothing") struct SurfaceBaselineTests {
  private static let labels = ["a", "b"]

  private func example(_ text: String, _ label: Int) -> Example {
    Example(fields: [.init("Text", text)], label: label, of: Self.labels)
  }

  /// scikit-learn 1.x: `LogisticRegression(C=1, fit_intercept=False, tol=1e-10, max_iter=10000)` on `X = [[1, 0, 2],
  /// [0, 1, 1], [1, 1, 0], [2, 0, 1], [0, 2, 1], [1, 1, 2]]`, `y = [0, 1, 2, 0, 1, 2]`.
  @Test("Weights are those of scikit-learn") func golden() {
    let rows: [[Double]] = [[1, 0, 2], [0, 1, 1], [1, 1, 0], [2, 0, 1], [0, 2, 1], [1, 1, 2]]
    let cases = zip(rows, [0, 1, 2, 0, 1, 2]).map { row, answer in
      LogisticRegression.Case(
        options: (0..<3).map { option in row.enumerated().map { (index: option * 3 + $0, value: $1) } }, answer: answer)
    }
    let weights = LogisticRegression(cases, featureCount: 9, iterations: 2_000).weights
    let expected = [0.485917, -0.821545, 0.187717, -0.748220, 0.594068, -0.023018, 0.262303, 0.227477, -0.164700]
    for (weight, value) in zip(weights, expected) { #expect(abs(weight - value) < 1e-4) }
  }

  @Test("A word that tells the label is found; word order is not") func words() throws {
    let telling = (0..<20).map { example($0.isMultiple(of: 2) ? "good \($0)" : "bad \($0)", $0 % 2) }
    let found = try #require(SurfaceBaselines(training: telling, evaluation: telling))
    #expect(found.bagOfWords == 1 && found.majority == 0.5 && found.trainingCount == 20)
    let ordered = (0..<20).map { example($0.isMultiple(of: 2) ? "x before y" : "y before x", $0 % 2) }
    #expect(SurfaceBaselines(training: ordered, evaluation: ordered)?.bagOfWords == 0.5)
  }

  @Test("Options are scored by their own words, wherever they stand") func options() throws {
    func choice(_ first: String, _ second: String, _ label: Int) -> Example {
      Example(fields: [.init("a", first), .init("b", second)], label: label, of: Self.labels)
    }
    let training = [choice("the sun", "the moon", 0), choice("the moon", "the sun", 1), choice("the sun", "a star", 0)]
    let found = try #require(SurfaceBaselines(training: training, evaluation: [choice("a star", "the sun", 1)]))
    #expect(found.bagOfWords == 1)
  }

  @Test("Free answers have no baseline") func freeAnswers() {
    let free = [Example(fields: [.init(nil, "x")], answer: "y")]
    #expect(SurfaceBaselines(training: free, evaluation: free) == nil)
  }
}
