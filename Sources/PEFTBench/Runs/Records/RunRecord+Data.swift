import PEFTCore

extension RunRecord {
  /// Facts about the rows of a run, by which results on other rows are told apart.
  package struct Data: RecordPart {
    /// The split of the rows to train on.
    package var trainingSplit: String?
    /// How many rows to train on there are.
    package var trainingRows: Int?
    /// The split of the scored rows.
    package var evaluationSplit: String?
    /// How many scored rows there are.
    package var evaluationRows: Int?
    /// Which rows a limit kept.
    package var sample: String?
    /// How many rows to train on have each label; nil where answers are free text.
    package var trainingClasses: ClassCounts?
    /// How many scored rows have each label; nil where answers are free text.
    package var evaluationClasses: ClassCounts?
    /// What a reader of the scores must know about the rows; nil where there is nothing.
    package var notes: [String]?
    /// The branch, tag or commit of the dataset, where the config names one.
    package var revision: String?
    /// The name of the prompts' template.
    package var template: String?
    /// The hash of that template.
    package var templateHash: String?
    /// The first prompt that was scored.
    package var firstPrompt: String?
    /// The hash of the ids that were trained on.
    package var trainingHash: String?
    /// The hash of the ids that were scored.
    package var evaluationHash: String?
    /// The hash of the rows to train on as text, whatever a tokenizer and a template make of them.
    package var trainingContent: String?
    /// The hash of the scored rows as text.
    package var evaluationContent: String?
    /// How many rows have nothing in a column of the prompt, by column.
    package var emptyFields: JSONValue?
    /// Rows to train on that were cut.
    package var cutTrainingRows: Int?
    /// Scored rows whose prompt was cut.
    package var cutEvaluationRows: Int?
    /// Scored rows whose prompt is that of an earlier one, whose answer they have; nil for none.
    package var repeatedEvaluationRows: Int?
    /// The datasets that were trained together, with their rows; nil for one by itself.
    package var together: JSONValue?

    package init() {}

    package static let members: [RecordMember<Self>] = [
      .nullable("train_split", \.trainingSplit), .nullable("train_rows", \.trainingRows),
      .nullable("eval_split", \.evaluationSplit), .nullable("eval_rows", \.evaluationRows),
      .nullable("sample", \.sample), .nullable("train_classes", \.trainingClasses),
      .nullable("eval_classes", \.evaluationClasses), .nullable("notes", \.notes), .nullable("revision", \.revision),
      .nullable("template", \.template), .nullable("template_sha256", \.templateHash),
      .nullable("first_prompt", \.firstPrompt), .nullable("train_sha256", \.trainingHash),
      .nullable("eval_sha256", \.evaluationHash), .nullable("train_content_sha256", \.trainingContent),
      .nullable("eval_content_sha256", \.evaluationContent), .nullable("null_fields", \.emptyFields),
      .nullable("cut_train_rows", \.cutTrainingRows), .nullable("cut_eval_rows", \.cutEvaluationRows),
      .optional("repeated_eval_rows", \.repeatedEvaluationRows), .optional("together", \.together),
    ]
  }
}

extension ClassCounts: RecordValue {
  package static var expectation: RecordError.Expectation { .object }
  package var recordJSON: JSONValue { json }
}
