import PEFTCore
import TableFiles

extension DatasetCatalogue {
  /// Six multiple-choice tasks of knowledge and common sense.
  static let reasoning: [DatasetDescription] = [
    .classification(
      "mmlu", .reasoning, "MMLU", DatasetSource("cais/mmlu", "all"),
      trainingSplits: ["auxiliary_train", "train"], testSplits: ["test"],
      // One copy on the Hub wraps the rows of auxiliary_train in a column `train`.
      columns: [["question"], ["choices"], ["answer"], ["train"]],
      instruction: "Answer the question. Reply with A, B, C or D."
    ) { row in
      let inner = row.row["train"]
      let place = inner == nil ? "" : "train."
      func part(_ name: String) throws -> DocumentValue? {
        guard let inner else { return try row.row.required(name) }
        return inner[name]
      }
      let choices = try row.texts(of: try part("choices"), "column \"\(place)choices\"", count: 4)
      guard let answer = try part("answer") else { throw row.row.error("column \"\(place)answer\" is missing") }
      var fields = [
        Example.Field("Question", try row.text(of: try part("question"), "column \"\(place)question\""))
      ]
      fields += zip(row.labels, choices).map { Example.Field($0, $1) }
      return [row.example(fields, label: try row.label(answer, "answer"))]
    },
    .classification(
      "piqa", .reasoning, "PIQA", DatasetSource("ybisk/piqa"), columns: [["goal"], ["sol1"], ["sol2"], ["label"]],
      instruction: "Which solution reaches the goal? Reply with solution1 or solution2."
    ) { row in
      let fields = [
        Example.Field("Goal", try row.text("goal"), isQuestion: true),
        Example.Field("solution1", try row.text("sol1")), Example.Field("solution2", try row.text("sol2")),
      ]
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "siqa", .reasoning, "Social IQa", DatasetSource("allenai/social_i_qa"),
      columns: [["context"], ["question"], ["answerA"], ["answerB"], ["answerC"], ["label"]],
      instruction: "Answer the question about this situation. Reply with A, B or C."
    ) { row in
      let fields = [
        Example.Field("Situation", try row.text("context")),
        Example.Field("Question", try row.text("question"), isQuestion: true),
        Example.Field("A", try row.text("answerA")), Example.Field("B", try row.text("answerB")),
        Example.Field("C", try row.text("answerC")),
      ]
      return [row.example(fields, label: try row.label("label", firstID: 1))]
    },
    .classification(
      "hellaswag", .reasoning, "HellaSwag", DatasetSource("Rowan/hellaswag"),
      columns: [["ctx"], ["ctx_a"], ["ctx_b"], ["endings", "ending_options"], ["label"]],
      instruction: "Which ending continues the text best? Reply with ending1, ending2, ending3 or ending4."
    ) { row in
      let text: String
      if row.row["ctx"] != nil {
        text = try row.text("ctx")
      } else {
        let second = row.row["ctx_b"] == nil ? "" : try row.text("ctx_b")
        text = [try row.text("ctx_a"), second].filter { !$0.isEmpty }.joined(separator: " ")
      }
      let endings = try row.texts(of: try row.value(["endings", "ending_options"]), "column \"endings\"", count: 4)
      let fields = [Example.Field("Text", text)] + zip(row.labels, endings).map { Example.Field($0, $1) }
      return [row.example(fields, label: try row.label("label"))]
    },
    .classification(
      "winogrande", .reasoning, "WinoGrande", DatasetSource("allenai/winogrande", "winogrande_xl"),
      columns: [["sentence"], ["option1"], ["option2"], ["answer"]],
      instruction: "Which option fills the blank _ in the sentence? Reply with option1 or option2."
    ) { row in
      let fields = [
        Example.Field("Sentence", try row.text("sentence"), isQuestion: true),
        Example.Field("option1", try row.text("option1")), Example.Field("option2", try row.text("option2")),
      ]
      return [row.example(fields, label: try row.label("answer", firstID: 1))]
    },
    .classification(
      "openbookqa", .reasoning, "OpenBookQA", DatasetSource("allenai/openbookqa", "main"), testSplits: ["test"],
      columns: [["question_stem"], ["choices"], ["answerKey"], ["question"]],
      instruction: "Answer the question. Reply with A, B, C or D."
    ) { row in
      // The authors' own file keeps stem and choices in an object, and the choices as a list of objects.
      let inner = row.row["question"]
      let stem = try row.text(of: row.row["question_stem"] ?? inner?["stem"], "column \"question_stem\"")
      let given = row.row["choices"] ?? inner?["choices"]
      let texts: [String]
      let letters: [String]
      if let list = given?.array, list.first?.object != nil {
        texts = try list.map { try row.text(of: $0["text"], "column \"choices\"") }
        letters = try list.map { try row.text(of: $0["label"], "column \"choices\"") }
      } else {
        texts = try row.texts(of: given?["text"], "column \"choices.text\"", count: 4)
        letters = try row.texts(of: given?["label"], "column \"choices.label\"", count: 4)
      }
      let key = try row.answer("answerKey")
      guard texts.count == row.labels.count, let label = letters.firstIndex(of: key) else {
        throw row.row.error(
          key.isEmpty
            ? "column \"answerKey\" is empty, so this row has no label; use a split whose labels are published"
            : "column \"answerKey\": \"\(key)\" is none of the choices' letters \(letters.joined(separator: ", "))")
      }
      let fields = [Example.Field("Question", stem, isQuestion: true)] + zip(row.labels, texts).map { .init($0, $1) }
      return [row.example(fields, label: label)]
    },
  ]
}
