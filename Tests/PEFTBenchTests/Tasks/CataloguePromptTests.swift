import PEFTBench
import Testing

/// A row in the Hub's columns, and the prompt and answer that it must become.
struct PromptGolden: Sendable, CustomTestStringConvertible {
  let dataset: String
  let row: String
  let prompt: String
  let answer: String
  var testDescription: String { "\(dataset): \(answer.prefix(20))" }

  init(_ dataset: String, _ row: String, _ prompt: String, _ answer: String) {
    self.dataset = dataset
    self.row = row
    self.prompt = prompt
    self.answer = answer
  }
}

@Suite("Prompts of the catalogue")
struct CataloguePromptTests {
  @Test("A row becomes exactly this prompt and answer", arguments: glue + superGLUE + reasoning + mathAndCode)
  func golden(_ golden: PromptGolden) throws {
    let dataset = try TaskRows.dataset(golden.dataset)
    let example = try TaskRows.example(golden.dataset, golden.row)
    #expect(dataset.prompt(for: example).text == golden.prompt)
    #expect(example.answer == golden.answer)
    if !dataset.labels.isEmpty {
      #expect(example.choices == dataset.labels)
      #expect(example.labelIndex.map { dataset.labels[$0] } == golden.answer)
    }
    let score = try dataset.metric.score([example.scored(example.answer)])
    if case .correlation = dataset.metric.family { return }
    #expect(score.invalidRate == 0)
    #expect(score.rowCredits.first.map { $0 > 0 } ?? true)
  }

  @Test("All 27 datasets stand in the catalogue, each with two goldens here")
  func complete() {
    #expect(DatasetCatalogue.all.map(\.id) == DatasetMetric.all.map(\.dataset))
    let goldens = Self.glue + Self.superGLUE + Self.reasoning + Self.mathAndCode
    for dataset in DatasetCatalogue.all {
      #expect(goldens.count { $0.dataset == dataset.id } >= 2, "\(dataset.id)")
    }
  }

  static let glue: [PromptGolden] = [
    .init(
      "mnli", #"{"premise": "A tram passed the old mill.", "hypothesis": "The mill was new. ", "label": 2, "idx": 0}"#,
      """
      How does the hypothesis relate to the premise? Reply with entailment if it follows, contradiction if it cannot be \
      true, or neutral if it may be true or not.
      Premise: A tram passed the old mill.
      Hypothesis: The mill was new.
      """, "contradiction"),
    .init(
      "mnli", #"{"sentence1": "Ana naps.", "sentence2": "Ana is asleep.", "gold_label": "entailment"}"#,
      """
      How does the hypothesis relate to the premise? Reply with entailment if it follows, contradiction if it cannot be \
      true, or neutral if it may be true or not.
      Premise: Ana naps.
      Hypothesis: Ana is asleep.
      """, "entailment"),
    .init(
      "qqp", #"{"question1": "How do I boil rice?", "question2": "How is rice boiled?", "label": 1}"#,
      """
      Do these two questions ask the same thing? Reply with duplicate or not_duplicate.
      Question 1: How do I boil rice?
      Question 2: How is rice boiled?
      """, "duplicate"),
    .init(
      "qqp", #"{"question1": "Why?", "question2": "", "is_duplicate": "0"}"#,
      "Do these two questions ask the same thing? Reply with duplicate or not_duplicate.\nQuestion 1: Why?\nQuestion 2: ",
      "not_duplicate"),
    .init(
      "qnli", #"{"question": "Who built it?", "sentence": "It was built by Rosa Meier.", "label": 0}"#,
      """
      Does the sentence answer the question? Reply with entailment if it does, or not_entailment if it does not.
      Question: Who built it?
      Sentence: It was built by Rosa Meier.
      """, "entailment"),
    .init(
      "qnli", #"{"question": "When?", "sentence": "It is tall.", "label": "not_entailment"}"#,
      """
      Does the sentence answer the question? Reply with entailment if it does, or not_entailment if it does not.
      Question: When?
      Sentence: It is tall.
      """, "not_entailment"),
    .init(
      "sst2", #"{"sentence": "a slow but rewarding walk ", "label": 1}"#,
      """
      Does this part of a film review speak well or badly of the film? Reply with positive or negative.
      a slow but rewarding walk
      """, "positive"),
    .init(
      "sst2", #"{"sentence": "no plot at all", "label": "0"}"#,
      """
      Does this part of a film review speak well or badly of the film? Reply with positive or negative.
      no plot at all
      """, "negative"),
    .init(
      "stsb", #"{"sentence1": "A cat sleeps.", "sentence2": "A cat naps.", "label": 3.799999952316284}"#,
      """
      How close are these two sentences in meaning? Reply with a number from 0.0 (unrelated) to 5.0 (the same), with one \
      decimal.
      Sentence 1: A cat sleeps.
      Sentence 2: A cat naps.
      """, "3.8"),
    .init(
      "stsb", #"{"sentence1": "Rain.", "sentence2": "A violin.", "score": "0.000"}"#,
      """
      How close are these two sentences in meaning? Reply with a number from 0.0 (unrelated) to 5.0 (the same), with one \
      decimal.
      Sentence 1: Rain.
      Sentence 2: A violin.
      """, "0.0"),
    .init(
      "mrpc", #"{"sentence1": "Sales rose.", "sentence2": "Sales went up.", "label": 1}"#,
      """
      Do these two sentences say the same thing? Reply with equivalent or not_equivalent.
      Sentence 1: Sales rose.
      Sentence 2: Sales went up.
      """, "equivalent"),
    .init(
      "mrpc", ##"{"Quality": "0", "#1 ID": "1", "#2 ID": "2", "#1 String": "Up.", "#2 String": "Down."}"##,
      """
      Do these two sentences say the same thing? Reply with equivalent or not_equivalent.
      Sentence 1: Up.
      Sentence 2: Down.
      """, "not_equivalent"),
    .init(
      "rte", #"{"sentence1": "The Rhine froze.", "sentence2": "A river froze.", "label": 0}"#,
      """
      Does the second sentence follow from the first text? Reply with entailment if it does, or not_entailment if it \
      does not.
      Text: The Rhine froze.
      Sentence: A river froze.
      """, "entailment"),
    .init(
      "rte", #"{"premise": "It snowed.", "hypothesis": "It was hot.", "label": "not_entailment"}"#,
      """
      Does the second sentence follow from the first text? Reply with entailment if it does, or not_entailment if it \
      does not.
      Text: It snowed.
      Sentence: It was hot.
      """, "not_entailment"),
    .init(
      "cola", #"{"sentence": "Him goes shop to.", "label": 0, "idx": 3}"#,
      "Is this sentence acceptable English? Reply with acceptable or unacceptable.\nHim goes shop to.", "unacceptable"),
    .init(
      "cola", #"{"column_1": "xx01", "column_2": "1", "column_3": "", "column_4": "He shops."}"#,
      "Is this sentence acceptable English? Reply with acceptable or unacceptable.\nHe shops.", "acceptable"),
  ]

  static let superGLUE: [PromptGolden] = [
    .init(
      "record",
      #"""
      {"passage": "Ada met Bo.\n@highlight\nThey talked", "query": "@placeholder met Bo.", "entities": ["Ada", "Bo", "Ada"],
       "answers": ["Ada", "Ada", "ADA"], "idx": {"passage": 3, "query": 9}}
      """#,
      """
      Which of the entities does @placeholder in the query stand for? Reply with that entity as it is written in the list.
      Passage: Ada met Bo.
      @highlight
      They talked
      Entities: Ada; Bo
      Query: @placeholder met Bo.
      """, "Ada"),
    .init(
      "record",
      #"""
      {"source": "made up", "passage": {"text": "Éva saw Rome.", "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 11}]},
       "qas": [{"query": "She saw @placeholder", "idx": 4, "answers": [{"start": 8, "end": 11, "text": "Rome"}]}], "idx": 1}
      """#,
      """
      Which of the entities does @placeholder in the query stand for? Reply with that entity as it is written in the list.
      Passage: Éva saw Rome.
      Entities: Éva; Rome
      Query: She saw @placeholder
      """, "Rome"),
    .init(
      "multirc",
      #"{"paragraph": "Oak burns.", "question": "What burns?", "answer": "Oak", "idx": {"paragraph": 1, "question": 2, "answer": 3}, "label": 1}"#,
      """
      Is this answer to the question right, going by the paragraph? Reply with True or False.
      Paragraph: Oak burns.
      Question: What burns?
      Answer: Oak
      """, "True"),
    .init(
      "multirc", #"{"paragraph": "Oak burns.", "question": "What burns?", "answer": "Ice", "label": "False"}"#,
      """
      Is this answer to the question right, going by the paragraph? Reply with True or False.
      Paragraph: Oak burns.
      Question: What burns?
      Answer: Ice
      """, "False"),
    .init(
      "boolq", #"{"question": "is oak a wood", "passage": "Oak is a wood.", "idx": 0, "label": 1}"#,
      """
      Answer the question from the passage. Reply with True for yes or False for no.
      Passage: Oak is a wood.
      Question: is oak a wood
      """, "True"),
    .init(
      "boolq", #"{"question": "is ice warm", "passage": "Ice is cold.", "idx": 1, "label": false}"#,
      """
      Answer the question from the passage. Reply with True for yes or False for no.
      Passage: Ice is cold.
      Question: is ice warm
      """, "False"),
    .init(
      "wic",
      #"{"word": "bank", "sentence1": "A river bank.", "sentence2": "The bank lends.", "start1": 8, "label": 0}"#,
      """
      Does the word mean the same in both sentences? Reply with True or False.
      Word: bank
      Sentence 1: A river bank.
      Sentence 2: The bank lends.
      """, "False"),
    .init(
      "wic", #"{"word": "run", "sentence1": "I run.", "sentence2": "They run.", "label": "true"}"#,
      """
      Does the word mean the same in both sentences? Reply with True or False.
      Word: run
      Sentence 1: I run.
      Sentence 2: They run.
      """, "True"),
    // The pronoun occurs twice and the span holds signs that a pattern would trip over.
    .init(
      "wsc",
      #"""
      {"text": "He paid J. (Jo) Li because he owed \"J. (Jo) Li.\"", "span1_index": 7, "span1_text": "J. (Jo) Li",
       "span2_index": 5, "span2_text": "he", "label": 0}
      """#,
      """
      Does the pronoun between # signs stand for the words between * signs? Reply with True or False.
      He paid J. (Jo) Li because #he# owed "*J. (Jo) Li*."
      """, "False"),
    .init(
      "wsc",
      #"{"text": "Mia's dog ran when it heard.", "target": {"span1_index": 0, "span1_text": "Mia's dog", "span2_index": 5, "span2_text": "It"}, "label": true}"#,
      """
      Does the pronoun between # signs stand for the words between * signs? Reply with True or False.
      *Mia's dog* ran when #it# heard.
      """, "True"),
    .init(
      "cb", #"{"premise": "I doubt it rained.", "hypothesis": "it rained", "idx": 0, "label": 2}"#,
      """
      Does the speaker of the premise hold the hypothesis to be true? Reply with entailment if so, contradiction if the \
      speaker holds it to be false, or neutral if it stays open.
      Premise: I doubt it rained.
      Hypothesis: it rained
      """, "neutral"),
    .init(
      "cb", #"{"premise": "It never rained.", "hypothesis": "it rained", "label": "contradiction"}"#,
      """
      Does the speaker of the premise hold the hypothesis to be true? Reply with entailment if so, contradiction if the \
      speaker holds it to be false, or neutral if it stays open.
      Premise: It never rained.
      Hypothesis: it rained
      """, "contradiction"),
    .init(
      "copa",
      #"{"premise": "The cup broke.", "choice1": "It fell.", "choice2": "It was full.", "question": "cause", "label": 0}"#,
      """
      Choose the more plausible of the two choices. Reply with choice1 or choice2.
      Premise: The cup broke.
      Question: What was the cause?
      choice1: It fell.
      choice2: It was full.
      """, "choice1"),
    .init(
      "copa",
      #"{"premise": "The cup fell.", "choice1": "It sang.", "choice2": "It broke.", "question": "effect", "label": 1}"#,
      """
      Choose the more plausible of the two choices. Reply with choice1 or choice2.
      Premise: The cup fell.
      Question: What was the effect?
      choice1: It sang.
      choice2: It broke.
      """, "choice2"),
  ]
}
