import PEFTCore
import Testing

@testable import PEFTBench

@Suite("The headline metric of a dataset of one's own") struct MetricChoiceTests {
  private func read(_ members: String) throws -> DatasetMetric {
    let json =
      #"{"name": "x", "files": {"train": "a", "validation": "b"}, "answer": "a", "columns": ["b"], \#(members)}"#
    let text = DocumentText(name: "config.json", bytes: Array(json.utf8))
    return try CustomDataset.read(try JSONParser.parse(text), of: text, at: "data.datasets[0]").metric
  }

  private func complaint(_ members: String) -> String {
    do { return "no complaint: \(try read(members))" } catch { return "\(error)" }
  }

  @Test("Each metric is the headline of the answers that it is about, and a score of theirs") func choices() throws {
    let (two, three) = (#""labels": ["no", "yes"]"#, #""labels": ["a", "b", "c"]"#)
    for choice in MetricChoice.allCases {
      let member = "\"metric\": \"\(choice.rawValue)\""
      let answers: [String] =
        switch choice.answers {
        case "labels": [two, three]
        case "two labels": [two]
        case "two labels, or free text": [two, ""]
        default: [""]
        }
      for labels in answers {
        let metric = try read(labels.isEmpty ? member : "\(labels), \(member)")
        #expect(metric.primaryName(under: .strict) == choice.scoreName, "\(choice)")
        #expect(metric.family.scoreNames(under: .strict).contains(choice.scoreName), "\(choice)")
      }
    }
    #expect(try read(two).primaryName(under: .strict) == "accuracy")
    #expect(try read(#""title": "T""#).primaryName(under: .strict) == "f1")
  }

  @Test("The value is the one that the answers have by that metric, and free text is credited by it") func values()
    throws
  {
    let answers = [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")].map {
      ScoredAnswer(predict: $0.0, label: $0.1)
    }
    func value(_ metric: String, _ more: String = "") throws -> Double {
      try read(#""labels": ["no", "yes"], "metric": "\#(metric)"\#(more)"#).score(answers).value
    }
    #expect(try value("accuracy") == 0.75)
    #expect(try value("precision") == 0.5 && value("recall") == 1)
    #expect(try isClose(value("f1"), 2.0 / 3) && isClose(value("f1", #", "positive": "no""#), 0.8))
    #expect(try isClose(value("macro_f1"), (2.0 / 3 + 0.8) / 2))
    #expect(try isClose(value("balanced_accuracy"), (1 + 2.0 / 3) / 2))
    let texts = [("the big cat", "big cat"), ("cat big", "big cat")].map { ScoredAnswer(predict: $0.0, label: $0.1) }
    let exact = try read(#""metric": "exact_match""#).score(texts)
    #expect(exact.value == 0.5 && exact.rowCredits == [1, 0])
    let words = try read(#""metric": "f1""#).score(texts)
    #expect(words.value == 1 && words.rowCredits == [1, 1] && words.score("exact_match") == 0.5)
  }

  @Test(
    "A metric that does not fit the answers says which ones do",
    arguments: [
      (#""labels": ["a", "b", "c"], "metric": "f1""#, "metric: f1 is about one of two labels, and there are 3"),
      (#""labels": ["a", "b", "c"], "metric": "recall""#, "\"macro_f1\" and \"weighted_f1\" are about all of them"),
      (#""labels": ["a", "b", "c"], "positive": "a""#, "positive: needs a dataset of two labels, and there are 3"),
      (#""positive": "a""#, "positive: needs a dataset of two labels, and there are none"),
      (#""labels": ["a", "b"], "positive": "c""#, "positive: \"c\" is none of the labels a, b"),
      (#""metric": "macro_f1""#, "labels: macro_f1 needs at least two labels; free text is scored by"),
      (
        #""labels": ["a", "b"], "metric": "exact_match""#,
        "exact_match is about free text; of labels it is \"accuracy\""
      ),
      (#""labels": ["a", "b"], "metric": "pearson""#, "pearson is about numbers; of labels it is \"accuracy\""),
      (#""labels": ["a", "b"], "metric": "codebleu""#, "codebleu is about Python; of labels it is \"accuracy\""),
      (#""labels": ["a", "b"], "metric": "text""#, "text is about free text; of labels it is \"accuracy\""),
      (#""metric": "marco_f1""#, "did you mean \"macro_f1\"?"), (#""metric": "pearsons""#, "did you mean \"pearson\"?"),
      (#""metric": "spearman", "range": [5, 0]"#, "range: expected the smaller number first"),
    ]) func mismatches(members: String, expected: String)
  {
    #expect(complaint(members).contains("data.datasets[0]."))
    #expect(complaint(members).contains(expected), "\(complaint(members))")
  }
}
