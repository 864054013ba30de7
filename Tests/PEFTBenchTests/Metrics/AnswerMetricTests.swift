import PEFTBench
import PEFTCore
import Testing

@Suite("Numeric, span and equation metrics") struct AnswerMetricTests {
  @Test("Pearson, Spearman and Kendall equal scipy's") func correlations() throws {
    for test in try MetricFixture("metrics.json").cases("correlation") {
      let x = try test.numbers("x")
      let y = try test.numbers("y")
      #expect(isClose(Correlation.pearson(x, y), test["pearson"]?.number), "\(x) \(y)")
      #expect(isClose(Correlation.spearman(x, y), test["spearman"]?.number), "\(x) \(y)")
      #expect(isClose(Correlation.kendall(x, y), test["kendall"]?.number), "\(x) \(y)")
    }
  }

  func stsb(_ rows: [(String, String)], _ scoring: ScoringProtocol) throws -> DatasetScores {
    let metric = try #require(DatasetMetric.for(dataset: "stsb"))
    return try metric.score(rows.map { ScoredAnswer(predict: $0.0, label: $0.1) }, under: scoring)
  }

  @Test("An unreadable STS-B answer adds no outlier; the published script makes it -1") func similarity() throws {
    let rows = [("1.0", "1.2"), ("2", "2.0"), ("about three", "3.0"), ("4.0", "4.4"), ("9", "1.0")]
    let strict = try stsb(rows, .strict)
    let middle = 7.0 / 3
    #expect(isClose(strict.value, Correlation.pearson([1, 2, middle, 4, middle], [1.2, 2, 3, 4.4, 1])))
    #expect(isClose(strict.invalidRate, 0.4))
    let published = try stsb(rows, .peftBench)
    #expect(isClose(published.value, Correlation.pearson([1, 2, -1, 4, 9], [1.2, 2, 3, 4.4, 1])))
    #expect(isClose(published.invalidRate, 0.2))
    let constant = try stsb([("3", "1"), ("3", "2")], .strict)
    #expect(constant.value == 0)
    #expect(constant.notes.count == 2)
    #expect(throws: ScoringError.labelWithoutNumber(row: 1, label: "high")) { try stsb([("3", "high")], .strict) }
  }

  @Test("Span match equals SQuAD's normalisation") func spans() throws {
    for test in try MetricFixture("metrics.json").cases("spans") {
      let (prediction, answer) = try (test.text("prediction"), test.text("answer"))
      #expect(
        SpanMatch.exactMatch(prediction, answer) == (try test.double("exact_match") == 1), "\(prediction)|\(answer)")
      #expect(isClose(SpanMatch.f1(prediction, answer), try test.double("f1")), "\(prediction)|\(answer)")
    }
  }

  @Test("ReCoRD takes the best of all answers; a query counts once, unless as published") func record() throws {
    let metric = try #require(DatasetMetric.for(dataset: "record"))
    let golds = ["Diego Costa", "Costa"]
    let answers = [
      ScoredAnswer(predict: "the costa", label: golds[0], group: "7", allAnswers: golds),
      ScoredAnswer(predict: "Costa Rica", label: golds[1], group: "7", allAnswers: golds),
      ScoredAnswer(predict: "nobody", label: "Zouma", group: "8"),
    ]
    let strict = try metric.score(answers)
    #expect(isClose(strict.value, 0.5))
    #expect(isClose(strict.score("exact_match"), 0.5))
    #expect(strict.rowCredits == [1, 1, 0])
    let published = try metric.score(answers, under: .peftBench)
    // The last prediction of a query is used for each of its rows.
    #expect(isClose(published.value, (2.0 / 3 + 2.0 / 3 + 0) / 3))
    #expect(published.score("exact_match") == 0)
  }

  @Test(
    "GSM8K's final answer",
    arguments: [
      ("so 2 + 2 = 4\n#### 4", 4.0, true, true), ("#### 1,234.50", 1234.5, true, true), ("#### $18", 18, true, false),
      ("#### 25%", 25, true, true), ("#### -3 degrees", -3, true, false), ("#### −$2.50", -2.5, true, false),
      ("#### 5\n#### 6", 6, true, true), ("The answer is 72.", 72, false, false), ("#### 3/4 of it", 0.75, true, false),
      ("#### none", nil, false, false), ("", nil, false, false), ("he paid 3-4 dollars", 4, false, false),
      ("#### 1e3", 1000, true, true), ("x = -7", -7, false, false), ("#### 12,34", 12, true, true),
      ("1e-05", 1e-5, false, false), ("-1.5E+2 m", -150, false, false), ("2e4x", 4, false, false),
      ("7e", 7, false, false),
    ] as [(String, Double?, Bool, Bool)])
  func finalAnswer(text: String, value: Double?, isMarked: Bool, publishedReads: Bool) throws {
    let found = FinalAnswer.find(in: text)
    #expect(isClose(found?.value, value))
    #expect((found?.isMarked ?? false) == isMarked)
    let metric = try #require(DatasetMetric.for(dataset: "gsm8k"))
    let scores = try metric.score([ScoredAnswer(predict: text, label: "#### 4")], under: .peftBench)
    #expect(scores.invalidRate == (publishedReads ? 0 : 1))
  }

  @Test("A small number is not its exponent, and a large one not its neighbour") func nearNumbers() throws {
    let metric = DatasetMetric(dataset: "own", family: .gsm8k)
    func isRight(_ predict: String, _ label: String) throws -> Bool {
      try metric.score([ScoredAnswer(predict: predict, label: label)]).value == 1
    }
    // A column of numbers spells a hundred-thousandth like this.
    #expect(try isRight("0.00001", "1e-05"))
    #expect(try isRight("10000000.0", "10000000"))
    #expect(try isRight("0.3333333", "0.33333333"))
    for (predict, label) in [("5", "1e-05"), ("20", "1e+20"), ("10000005", "10000000"), ("1234567.99", "1234567.89")] {
      #expect(try !isRight(predict, label), "\(predict) for \(label)")
    }
    #expect(EquationAnswer("( 0.1 * 30000000 ) = 3000000")?.isTrue == true)
  }

  @Test("GSM8K counts a right answer with and without its mark") func gsm8k() throws {
    let metric = try #require(DatasetMetric.for(dataset: "gsm8k"))
    let answers = ["#### 72", "72", "#### $72", "71", ""].map { ScoredAnswer(predict: $0, label: "a\n#### 72") }
    let scores = try metric.score(answers)
    #expect(isClose(scores.value, 0.6))
    #expect(isClose(scores.score("marked_accuracy"), 0.4))
    #expect(isClose(scores.invalidRate, 0.2))
    #expect(isClose(try metric.score(answers, under: .peftBench).value, 0.2))
  }

  @Test(
    "SVAMP asks for the gold value and a true equation; the published script only for a true equation",
    arguments: [
      ("( 8.0 - 3.0 ) = 5.0", 1.0, 1.0, 1.0), ("(1 + 1) = 2", 0, 0, 1), ("8 - 3 = 5", 1, 1, 0),
      ("( 8 - 3 ) = 6", 0, 0, 0),
      ("5", 0, 1, 0), ("( 10 / 2 ) = 5", 1, 1, 1), ("( 8 - 4 ) = 5", 0, 1, 0), ("", 0, 0, 0),
      ("( 1 / 0 ) = 5", 0, 1, 0),
      ("(8 - 3) = 5 = 5", 0, 1, 0), ("((((8 - 3)))) = 5", 1, 1, 1), ("(2 + 3) + (0) = 5", 1, 1, 0),
      ("(1000 / 200) = 5.", 1, 1, 0), ("import os = 5", 0, 1, 0),
    ]) func svamp(text: String, strict: Double, answer: Double, published: Double) throws
  {
    let metric = try #require(DatasetMetric.for(dataset: "svamp"))
    let row = [ScoredAnswer(predict: text, label: "( 8.0 - 3.0 ) = 5.0")]
    #expect(try metric.score(row).value == strict)
    #expect(try metric.score(row).score("answer_accuracy") == answer)
    #expect(try metric.score(row, under: .peftBench).value == published)
  }

  @Test("One constant equation answers every SVAMP question under the published protocol") func svampConstant() throws {
    let metric = try #require(DatasetMetric.for(dataset: "svamp"))
    let rows = ["( 8.0 - 3.0 ) = 5.0", "( 2.0 * 3.0 ) = 6.0"].map { ScoredAnswer(predict: "(1 + 1) = 2", label: $0) }
    #expect(try metric.score(rows, under: .peftBench).value == 1)
    #expect(try metric.score(rows).value == 0)
  }

  @Test(
    "Arithmetic",
    arguments: [
      ("1 + 2 * 3", 7.0), ("(1 + 2) * 3", 9), ("-2 - -3", 1), ("7 // 2 + 7 % 4", 6), ("-7 // 2", -4),
      ("1.5e2 / .5", 300),
      ("2 ** 3", nil), ("1 / 0", nil), ("1 +", nil), ("", nil), ("(1", nil), ("1 2", nil), ("a", nil), ("1e999", nil),
    ] as [(String, Double?)]) func arithmetic(text: String, value: Double?)
  {
    #expect(isClose(ArithmeticExpression.value(of: text), value))
  }

  @Test("Deep arithmetic is refused, not a crash") func deepArithmetic() {
    let deep = String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000)
    #expect(ArithmeticExpression.value(of: deep) == nil)
    #expect(ArithmeticExpression.value(of: String(repeating: "-", count: 100_000) + "1") == nil)
  }
}
