import PEFTCore
import TableFiles

extension DatasetCatalogue {
  /// The seven tasks of SuperGLUE (Wang and others 2019) that PEFT-Bench has beside RTE.
  ///
  /// Columns are those of `aps/super_glue` on the Hub; the official JSONL files nest some of them.
  static let superGLUE: [DatasetDescription] = [
    record, multirc,
    .classification(
      "boolq", .superglue, "BoolQ", superGLUEPart("boolq", "BoolQ"),
      columns: [["question"], ["passage"], ["label", "answer"]],
      instruction: "Answer the question from the passage. Reply with True for yes or False for no."
    ) { row in
      let fields = [
        Example.Field("Passage", try row.text("passage")),
        Example.Field("Question", try row.text("question"), isQuestion: true),
      ]
      return [row.example(fields, label: try row.label("label", "answer"))]
    },
    .classification(
      "wic", .superglue, "WiC", superGLUEPart("wic", "WiC"),
      columns: [["word"], ["sentence1"], ["sentence2"], ["label"]],
      instruction: "Does the word mean the same in both sentences? Reply with True or False."
    ) { row in
      let fields = [
        Example.Field("Word", try row.text("word"), isQuestion: true),
        Example.Field("Sentence 1", try row.text("sentence1")), Example.Field("Sentence 2", try row.text("sentence2")),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "wsc", .superglue, "WSC", superGLUEPart("wsc.fixed", "WSC"),
      columns: [
        ["text"], ["span1_index"], ["span2_index"], ["span1_text"], ["span2_text"], ["target"], ["label"],
      ],
      instruction: "Does the pronoun between # signs stand for the words between * signs? Reply with True or False."
    ) { row in
      // The official files keep the spans in an object of their own.
      let target = row.row["target"]
      func part(_ name: String) -> DocumentValue? { row.row[name] ?? target?[name] }
      let text = try MarkedSpans.mark(
        try row.text(of: part("text"), "column \"text\""),
        [
          .init(
            mark: "*", text: try row.text(of: part("span1_text"), "column \"span1_text\""),
            word: try row.integer(of: part("span1_index"), "column \"span1_index\"")),
          .init(
            mark: "#", text: try row.text(of: part("span2_text"), "column \"span2_text\""),
            word: try row.integer(of: part("span2_index"), "column \"span2_index\"")),
        ], in: row.row)
      return [row.example([Example.Field(nil, text)], label: try row.label("label"))]
    },
    .classification(
      "cb", .superglue, "CommitmentBank", superGLUEPart("cb", "CB"), columns: [["premise"], ["hypothesis"], ["label"]],
      instruction: "Does the speaker of the premise hold the hypothesis to be true? Reply with entailment if so, "
        + "contradiction if the speaker holds it to be false, or neutral if it stays open."
    ) { row in
      let fields = [
        Example.Field("Premise", try row.text("premise")),
        Example.Field("Hypothesis", try row.text("hypothesis"), isQuestion: true),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "copa", .superglue, "COPA", superGLUEPart("copa", "COPA"),
      columns: [["premise"], ["choice1"], ["choice2"], ["question"], ["label"]],
      instruction: "Choose the more plausible of the two choices. Reply with choice1 or choice2."
    ) { row in
      let asked: String
      switch try row.text("question") {
      case "cause": asked = "What was the cause?"
      case "effect": asked = "What was the effect?"
      case let other:
        throw row.row.error("column \"question\": expected \"cause\" or \"effect\", found \"\(other)\"")
      }
      let fields = [
        Example.Field("Premise", try row.text("premise")), Example.Field("Question", asked, isQuestion: true),
        Example.Field("choice1", try row.text("choice1")), Example.Field("choice2", try row.text("choice2")),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
  ]

  static func superGLUEPart(_ configuration: String, _ folder: String) -> DatasetSource {
    DatasetSource("aps/super_glue", configuration, archives: [folder])
  }
}
