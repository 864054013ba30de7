import PEFTBench
import PEFTCore
import Testing

@Suite("Classification metrics") struct ClassificationMetricTests {
  @Test("Every score, the classes' own and the confusion matrix equal scikit-learn's") func sklearn() throws {
    for test in try MetricFixture("metrics.json").cases("classification") {
      let labels = try #require(test["labels"]?.array).compactMap(\.string)
      let gold = try test.numbers("gold").map { Int($0) }
      let predicted = try #require(test["predicted"]?.array).map(\.integer)
      let answers = zip(gold, predicted).map { gold, predicted in
        ScoredAnswer(predict: predicted.map { labels[$0] } ?? "no idea", label: labels[gold])
      }
      let binary = DatasetMetric(
        dataset: "binary", family: .binaryClassification(labels: labels, positive: labels[1]))
      let several = DatasetMetric(dataset: "several", family: .multiClass(labels: labels))
      let scores = try binary.score(answers)
      #expect(isClose(scores.score("accuracy"), try test.double("accuracy")))
      #expect(isClose(scores.score("f1"), try test.double("f1")))
      #expect(isClose(scores.score("matthews"), try test.double("matthews")))
      #expect(isClose(try several.score(answers).score("macro_f1"), try test.double("macro_f1")))
      for name in ["micro_f1", "weighted_f1", "balanced_accuracy", "kappa"] {
        #expect(isClose(try several.score(answers).score(name), try test.double(name)), "\(name)")
        #expect(try several.score(answers).score(name) == scores.score(name), "\(name)")
      }
      let perClass = try #require(test["per_class"]?.array).map { $0.array?.compactMap(\.number) ?? [] }
      #expect(isClose(scores.score("precision"), perClass[1][0]) && isClose(scores.score("recall"), perClass[1][1]))
      let summary = try several.summary(of: answers)
      for (found, expected) in zip(summary.classes, perClass) {
        #expect(isClose(found.precision, expected[0]) && isClose(found.recall, expected[1]))
        #expect(isClose(found.f1, expected[2]) && Double(found.support) == expected[3])
      }
      #expect(summary.classes.map(\.label) == labels)
      let matrix = try #require(test["confusion"]?.array).map { $0.array?.compactMap(\.integer) ?? [] }
      #expect(summary.confusion?.counts == matrix)
      #expect(summary.confusion?.invalid == test["invalid"]?.array?.compactMap(\.integer))
      #expect(isClose(scores.invalidRate, Double(predicted.count { $0 == nil }) / Double(predicted.count)))
    }
  }

  @Test("The peft-bench protocol gives the published script's numbers") func published() throws {
    for test in try MetricFixture("metrics.json").cases("published") {
      let metric = try #require(DatasetMetric.for(dataset: test.text("dataset")))
      let rows = try #require(test["rows"]?.array).map { row in
        let pair = try #require(row.array).compactMap(\.string)
        return ScoredAnswer(predict: pair[0], label: pair[1])
      }
      let scores = try metric.score(rows, under: .peftBench)
      #expect(isClose(scores.value, try test.double("f1")))
      #expect(isClose(scores.score("exact_match"), try test.double("exact_match")))
      #expect(isClose(scores.invalidRate, try test.double("invalid")))
      #expect(scores.primary == metric.family.primaryName(under: .peftBench))
    }
  }

  @Test("An invalid answer is credited to no class") func invalidAnswers() throws {
    // The worked example of the audit: a balanced three-class set of which the third class is always invalid.
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: ["a", "b", "c"]))
    let answers = [("a", "a"), ("b", "b"), ("?", "c")].map { ScoredAnswer(predict: $0.0, label: $0.1) }
    #expect(isClose(try metric.score(answers).score("macro_f1"), 2.0 / 3))
    #expect(isClose(try metric.score(answers, under: .peftBench).value, (1 + 2.0 / 3) / 3, 1e-3))
    #expect(isClose(try metric.score(answers).invalidRate, 1.0 / 3))
  }

  @Test(
    "Answers are read without regard to case, quotes and a final stop",
    arguments: [
      ("positive", true), (" Positive\n", true), ("\"positive\"", true), ("'Positive.'", true), ("positive.", true),
      ("<think>negative?</think>\n\npositive", true), ("“positive”", true), ("the positive", false), ("", false),
      ("positive negative", false), ("posi tive", false), ("\"", false), (".", false),
    ]) func reading(text: String, isPositive: Bool) throws
  {
    let metric = try #require(DatasetMetric.for(dataset: "sst2"))
    let scores = try metric.score([ScoredAnswer(predict: text, label: "positive")])
    #expect(scores.value == (isPositive ? 1 : 0))
    #expect(scores.invalidRate == (isPositive ? 0 : 1))
    #expect(scores.rowCredits == [isPositive ? 1 : 0])
  }

  @Test("MultiRC's exact match asks for every answer of a question") func multirc() throws {
    let metric = try #require(DatasetMetric.for(dataset: "multirc"))
    let rows = [("True", "True", "q1"), ("False", "True", "q1"), ("False", "False", "q2"), ("true", "True", "q2")]
    let answers = rows.map { ScoredAnswer(predict: $0.0, label: $0.1, group: $0.2) }
    let scores = try metric.score(answers)
    #expect(scores.scores.map(\.name).prefix(4) == ["accuracy", "f1", "matthews", "exact_match"])
    #expect(isClose(scores.score("exact_match"), 0.5))
    #expect(isClose(scores.score("f1"), 0.8))
    let ungrouped = try metric.score(rows.map { ScoredAnswer(predict: $0.0, label: $0.1) })
    #expect(ungrouped.score("exact_match") == nil)
    #expect(ungrouped.notes.count == 1)
  }

  @Test("A gold label that the dataset does not have is an error that names the row") func unknownLabel() throws {
    let metric = try #require(DatasetMetric.for(dataset: "sst2"))
    let answers = [
      ScoredAnswer(predict: "positive", label: "positive"), ScoredAnswer(predict: "positive", label: "positiv"),
    ]
    for scoring in ScoringProtocol.allCases {
      let error = #expect(throws: ScoringError.self) { try metric.score(answers, under: scoring) }
      #expect(error?.description.hasPrefix("row 2: the label \"positiv\" is none of negative, positive") == true)
    }
    #expect(throws: ScoringError.noAnswers) { try metric.score([]) }
    // Thousands of labels do not become a message of as many words.
    let many = DatasetMetric(dataset: "x", family: .multiClass(labels: (0..<5000).map { "label\($0)" }))
    let error = #expect(throws: ScoringError.self) { try many.score([ScoredAnswer(predict: "", label: "?")]) }
    #expect(error?.description.hasSuffix("label9 and 4990 others") == true)
  }

  @Test("A label longer than the published script's 16 characters is its own reason") func labelIsCut() throws {
    let label = "a_label_of_24_characters"
    let metric = DatasetMetric(dataset: "x", family: .binaryClassification(labels: ["no", label], positive: label))
    let answers = [ScoredAnswer(predict: label, label: label)]
    #expect(try metric.score(answers).value == 1)
    let error = #expect(throws: ScoringError.self) { try metric.score(answers, under: .peftBench) }
    #expect(
      error?.description == "the published script cuts labels to 16 characters, and \"\(label)\" has 24")
  }

  @Test("All 27 datasets have a metric whose scores come in the order it announces") func table() throws {
    #expect(DatasetMetric.all.count == 27)
    #expect(Set(DatasetMetric.all.map(\.dataset)).count == 27)
    #expect(DatasetMetric.for(dataset: "sst3") == nil)
    for metric in DatasetMetric.all {
      for scoring in ScoringProtocol.allCases {
        let label = metric.family.labels.first ?? "( 1 + 2 ) = 3 #### 3"
        let gold = metric.family == .correlation(range: 0...5) ? "3" : metric.family == .svamp ? "( 1 + 2 ) = 3" : label
        let scores = try metric.score([ScoredAnswer(predict: "", label: gold, group: "1")], under: scoring)
        #expect(scores.scores.map(\.name) == metric.family.scoreNames(under: scoring))
        #expect(scores.scores.allSatisfy { $0.value.isFinite })
        #expect(scores.primary == scores.scores[0].name)
        #expect(scores.count == 1)
      }
    }
  }
}
