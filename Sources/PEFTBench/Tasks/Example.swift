/// One row of a dataset, ready to be put into a prompt: what is asked, and what is the right answer.
package struct Example: Sendable, Equatable {
  /// One part of what is asked.
  package struct Field: Sendable, Equatable {
    /// What the part is called in the prompt, such as `Premise`; nil where a task has one part only.
    package let name: String?
    /// Its text.
    package var text: String
    /// Whether it is the question itself, which an input that is too long keeps while other fields are cut.
    package let isQuestion: Bool

    /// Creates a part.
    package init(_ name: String?, _ text: String, isQuestion: Bool = false) {
      self.name = name
      self.text = text
      self.isQuestion = isQuestion
    }
  }

  /// What is asked, in the order of the prompt.
  package var fields: [Field]
  /// The right answer as the model is trained to write it.
  package let answer: String
  /// The class of the answer, where answers are label words.
  package let labelIndex: Int?
  /// What ties rows together for scoring: the question of a MultiRC answer, the query of a ReCoRD row.
  package let group: String?
  /// Every accepted answer, where there are several.
  package let allAnswers: [String]?
  /// The label words, among which `rank` evaluation chooses; empty where answers are free text.
  package let choices: [String]
  /// The columns of its prompt that were null or empty in its row.
  package internal(set) var emptyColumns: [String] = []

  /// Creates an example with a free-text answer.
  package init(fields: [Field], answer: String, group: String? = nil, allAnswers: [String]? = nil) {
    self.fields = fields
    self.answer = answer
    self.group = group
    self.allAnswers = allAnswers
    labelIndex = nil
    choices = []
  }

  /// Creates an example whose answer is the word `choices[label]`.
  package init(fields: [Field], label: Int, of choices: [String], group: String? = nil) {
    precondition(choices.indices.contains(label), "class \(label) of \(choices.count) label words")
    self.fields = fields
    answer = choices[label]
    labelIndex = label
    self.group = group
    allAnswers = nil
    self.choices = choices
  }

  /// The example beside a prediction, for the metrics.
  package func scored(_ prediction: String) -> ScoredAnswer {
    ScoredAnswer(predict: prediction, label: answer, group: group, allAnswers: allAnswers)
  }
}
