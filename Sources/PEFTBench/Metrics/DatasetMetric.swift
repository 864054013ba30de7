import CodeMetrics

/// How the answers of a kind of task are scored.
package enum MetricFamily: Sendable, Equatable {
  /// Two label words; F1 is that of `positive`.
  case binaryClassification(labels: [String], positive: String)
  /// Several label words.
  case multiClass(labels: [String])
  /// A number within `range`; Pearson's and Spearman's correlation with the gold numbers.
  case correlation(range: ClosedRange<Double>)
  /// Free text, compared with every accepted answer after SQuAD's normalisation.
  case recordSpan
  /// A worked solution with its final answer after `####`.
  case gsm8k
  /// An equation `( a op b ) = c`.
  case svamp
  /// Python code, by CodeBLEU.
  case code
  /// Two label words for each answer of a question; all answers of a question right is an exact match.
  case multirc(labels: [String], positive: String)

  /// The label words, empty where answers are not label words.
  package var labels: [String] {
    switch self {
    case .binaryClassification(let labels, _), .multiClass(let labels), .multirc(let labels, _): labels
    case .correlation, .recordSpan, .gsm8k, .svamp, .code: []
    }
  }

  /// The names of the scores in the order in which they are reported, the headline score first.
  package func scoreNames(under scoring: ScoringProtocol) -> [String] {
    switch (self, scoring) {
    case (.binaryClassification, .strict):
      ["accuracy", "f1", "matthews", "precision", "recall", "macro_f1"] + Self.others
    case (.multiClass, .strict): ["accuracy", "macro_f1", "matthews"] + Self.others
    case (.multirc, .strict):
      ["accuracy", "f1", "matthews", "exact_match", "precision", "recall", "macro_f1"] + Self.others
    case (.binaryClassification, .peftBench), (.multirc, .peftBench): ["f1", "exact_match"]
    case (.multiClass, .peftBench): ["macro_f1", "exact_match"]
    case (.correlation, _): ["pearson", "spearman"]
    case (.recordSpan, _): ["f1", "exact_match"]
    case (.gsm8k, .strict): ["accuracy", "marked_accuracy"]
    case (.gsm8k, .peftBench): ["accuracy"]
    case (.svamp, .strict): ["accuracy", "answer_accuracy"]
    case (.svamp, .peftBench): ["accuracy", "gold_exact_equation"]
    case (.code, _): CodeBLEU.Parts.names
    }
  }

  /// Scores that every dataset with label words has, whatever the number of labels.
  private static let others = ["weighted_f1", "micro_f1", "balanced_accuracy", "kappa"]

  /// The name of the headline score unless a dataset's description chooses another one.
  ///
  /// Under the strict protocol it is the accuracy of every task with one label an answer: F1 of an arbitrary
  /// "positive" choice (COPA's second, say) rewards whoever always says it.
  package func primaryName(under scoring: ScoringProtocol) -> String { scoreNames(under: scoring)[0] }
}

/// The metric of one dataset.
package struct DatasetMetric: Sendable, Equatable {
  /// The dataset's name in the catalogue, such as `sst2`.
  package let dataset: String
  /// How its answers are scored.
  package let family: MetricFamily
  /// The strict score that is the headline, where a description chooses one; else the family's own.
  package let headline: String?

  /// Creates the metric of a dataset, for instance one that a user describes.
  ///
  /// - Precondition: `headline` is one of the family's strict scores.
  package init(dataset: String, family: MetricFamily, headline: String? = nil) {
    precondition(headline.map(family.scoreNames(under: .strict).contains) ?? true, "\(headline ?? "") as a headline")
    self.dataset = dataset
    self.family = family
    self.headline = headline
  }

  /// The name of the headline score; that of the published script is always its own.
  package func primaryName(under scoring: ScoringProtocol) -> String {
    scoring == .strict ? headline ?? family.primaryName(under: .strict) : family.primaryName(under: scoring)
  }

  /// The metric of a dataset of the catalogue, or nil for another name.
  package static func `for`(dataset: String) -> DatasetMetric? { (all + studies).first { $0.dataset == dataset } }

  /// The metrics of the 27 datasets in the order of PEFT-Bench's main table.
  package static let all: [DatasetMetric] = [
    .init(dataset: "mnli", family: .multiClass(labels: ["entailment", "neutral", "contradiction"])),
    binary("qqp", "not_duplicate", "duplicate"),
    binary("qnli", "entailment", "not_entailment"),
    binary("sst2", "negative", "positive"),
    .init(dataset: "stsb", family: .correlation(range: 0...5)),
    binary("mrpc", "not_equivalent", "equivalent"),
    binary("rte", "entailment", "not_entailment"),
    binary("cola", "unacceptable", "acceptable"),
    .init(dataset: "record", family: .recordSpan),
    .init(dataset: "multirc", family: .multirc(labels: ["False", "True"], positive: "True")),
    binary("boolq", "False", "True"),
    binary("wic", "False", "True"),
    binary("wsc", "False", "True"),
    .init(dataset: "cb", family: .multiClass(labels: ["entailment", "contradiction", "neutral"])),
    binary("copa", "choice1", "choice2"),
    .init(dataset: "mmlu", family: .multiClass(labels: ["A", "B", "C", "D"])),
    binary("piqa", "solution1", "solution2"),
    .init(dataset: "siqa", family: .multiClass(labels: ["A", "B", "C"])),
    .init(dataset: "hellaswag", family: .multiClass(labels: ["ending1", "ending2", "ending3", "ending4"])),
    binary("winogrande", "option1", "option2"),
    .init(dataset: "openbookqa", family: .multiClass(labels: ["A", "B", "C", "D"])),
    .init(dataset: "math_qa", family: .multiClass(labels: ["a", "b", "c", "d", "e"])),
    .init(dataset: "gsm8k", family: .gsm8k),
    .init(dataset: "svamp", family: .svamp),
    .init(dataset: "conala", family: .code),
    .init(dataset: "codealpacapy", family: .code),
    .init(dataset: "apps", family: .code),
  ]

  static func binary(_ dataset: String, _ first: String, _ second: String) -> DatasetMetric {
    .init(dataset: dataset, family: .binaryClassification(labels: [first, second], positive: second))
  }

  /// The scores of `answers`.
  ///
  /// - Throws: `ScoringError` where a gold answer is not what the metric expects, or there are no answers.
  package func score(_ answers: [ScoredAnswer], under scoring: ScoringProtocol = .strict) throws(ScoringError)
    -> DatasetScores
  {
    guard !answers.isEmpty else { throw .noAnswers }
    switch scoring {
    case .strict:
      return try StrictScoring(family: family, primary: primaryName(under: .strict)).scores(of: answers)
    case .peftBench: return try PublishedScoring(family: family).scores(of: answers)
    }
  }
}
