import Foundation
import TableFiles

extension DatasetCatalogue {
  /// The eight tasks of GLUE (Wang and others 2019) that PEFT-Bench uses.
  ///
  /// Columns are those of `nyu-mll/glue` on the Hub, then those of the official TSV files.
  static let glue: [DatasetDescription] = [
    .classification(
      "mnli", .glue, "MultiNLI", gluePart("mnli", "MNLI"),
      evaluationSplits: ["validation_mismatched", "validation", "validation_matched"],
      columns: [["premise", "sentence1"], ["hypothesis", "sentence2"], ["label", "gold_label"]],
      instruction: "How does the hypothesis relate to the premise? Reply with entailment if it follows, contradiction "
        + "if it cannot be true, or neutral if it may be true or not."
    ) { row in
      let fields = [
        Example.Field("Premise", try row.text("premise", "sentence1")),
        Example.Field("Hypothesis", try row.text("hypothesis", "sentence2"), isQuestion: true),
      ]
      return [row.example(fields, label: try row.label("label", "gold_label"))]
    },
    .classification(
      "qqp", .glue, "Quora Question Pairs", gluePart("qqp", "QQP"),
      columns: [["question1"], ["question2"], ["label", "is_duplicate"]],
      instruction: "Do these two questions ask the same thing? Reply with duplicate or not_duplicate.",
      // A handful of records of the official train.tsv are cut off in the middle.
      dropsBrokenTextRows: true
    ) { row in
      let fields = [
        Example.Field("Question 1", try row.text("question1")),
        Example.Field("Question 2", try row.text("question2")),
      ]
      return [row.example(fields, label: try row.label("label", "is_duplicate"))]
    },
    .classification(
      "qnli", .glue, "QNLI", gluePart("qnli", "QNLI"), columns: [["question"], ["sentence"], ["label"]],
      instruction: "Does the sentence answer the question? Reply with entailment if it does, or not_entailment if it "
        + "does not."
    ) { row in
      let fields = [
        Example.Field("Question", try row.text("question"), isQuestion: true),
        Example.Field("Sentence", try row.text("sentence")),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "sst2", .glue, "SST-2", gluePart("sst2", "SST-2"), columns: [["sentence"], ["label"]],
      instruction: "Does this part of a film review speak well or badly of the film? Reply with positive or negative."
    ) { row in
      [row.example([Example.Field(nil, try row.text("sentence"))], label: try row.label("label"))]
    },
    DatasetDescription(
      id: "stsb", group: .glue, title: "STS-B", source: gluePart("stsb", "STS-B"),
      columns: [["sentence1"], ["sentence2"], ["label", "score"]],
      layout: .lines(
        instruction: "How close are these two sentences in meaning? Reply with a number from 0.0 (unrelated) to 5.0 "
          + "(the same), with one decimal."),
      metric: metric("stsb")
    ) { row in
      let fields = [
        Example.Field("Sentence 1", try row.text("sentence1")), Example.Field("Sentence 2", try row.text("sentence2")),
      ]
      let score = try row.number(of: try row.value(["label", "score"]), "column \"label\"")
      guard (0...5).contains(score) else {
        throw row.row.error(
          score == -1
            ? "column \"label\" is -1, so this row has no label; use a split whose labels are published, such as train "
              + "or validation" : "column \"label\": expected a score in 0...5, found \(score)")
      }
      // The Hub's column is float32, so that 3.8 arrives as 3.799999952316284.
      return [Example(fields: fields, answer: String(format: "%.1f", score))]
    },
    .classification(
      "mrpc", .glue, "MRPC", gluePart("mrpc", "MRPC"), testSplits: ["test"],
      columns: [["sentence1", "#1 String"], ["sentence2", "#2 String"], ["label", "Quality"]],
      instruction: "Do these two sentences say the same thing? Reply with equivalent or not_equivalent."
    ) { row in
      let fields = [
        Example.Field("Sentence 1", try row.text("sentence1", "#1 String")),
        Example.Field("Sentence 2", try row.text("sentence2", "#2 String")),
      ]
      return [row.example(fields, label: try row.label("label", "Quality"))]
    },
    .classification(
      "rte", .glue, "RTE", gluePart("rte", "RTE"),
      columns: [["sentence1", "premise"], ["sentence2", "hypothesis"], ["label"]],
      instruction: "Does the second sentence follow from the first text? Reply with entailment if it does, or "
        + "not_entailment if it does not."
    ) { row in
      let fields = [
        Example.Field("Text", try row.text("sentence1", "premise")),
        Example.Field("Sentence", try row.text("sentence2", "hypothesis"), isQuestion: true),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "cola", .glue, "CoLA", gluePart("cola", "CoLA"),
      // The official files have no header: source, label, the author's mark, sentence.
      columns: [["sentence", "column_4"], ["label", "column_2"]],
      instruction: "Is this sentence acceptable English? Reply with acceptable or unacceptable."
    ) { row in
      [
        row.example(
          [Example.Field(nil, try row.text("sentence", "column_4"))], label: try row.label("label", "column_2"))
      ]
    },
  ]

  private static func gluePart(_ configuration: String, _ folder: String) -> DatasetSource {
    DatasetSource("nyu-mll/glue", configuration, archives: [folder])
  }
}
