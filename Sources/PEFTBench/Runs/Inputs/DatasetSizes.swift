import PEFTCore

/// The sizes of a prepared dataset that a run's cost follows from.
///
/// A plan of many runs keeps these and lets the examples go.
struct DatasetSizes {
  /// What of the data determines a run's numbers.
  let identity: DatasetIdentity
  /// The training rows, by which a run's steps are counted.
  let rows: TrainingRows
  /// Tokens of the training rows, further ones left out.
  let trainingTokens: Int
  /// Tokens that all training examples begin with.
  let trainingShared: Int
  /// The longest training examples, the longest first.
  let longest: [ExampleLength]
  /// Rows that are answered: those that are scored, and those of the other sets.
  let evaluationRows: Int
  /// Rows of the other sets among them, by the sets' names.
  let furtherRows: [(name: String, count: Int)]
  /// How many training rows, and rows to score, have each label; nil where answers are free text.
  let classes: (training: ClassCounts?, evaluation: ClassCounts?)
  let evaluationTokens: Int
  /// Tokens that all evaluation prompts begin with.
  let evaluationShared: Int
  /// Length of the longest evaluation prompt.
  let longestPrompt: Int
  /// Tokens of the gold answers, in the order of the rows.
  let answerLengths: [Int]
  /// Tokens of all choices of all rows, with what ends them.
  let choiceTokens: Int
  /// Most tokens of an answer.
  let answerLimit: Int

  /// Most examples of a batch whose length is looked at one by one.
  private static let longestCount = 4096

  init(_ data: PreparedDataset, renderer: ChatRenderer) {
    identity = data.identity
    rows = TrainingRows(data)
    classes = (data.trainingClasses, data.scored.classes)
    answerLimit = data.answerLimit
    let lengths = data.training.map { ExampleLength(prompt: $0.promptIDs.count, answer: $0.answerIDs.count) }
    let further = data.augmented.rendered.map {
      ExampleLength(prompt: $0.promptIDs.count, answer: $0.answerIDs.count)
    }
    trainingTokens = lengths.reduce(0) { $0 + $1.tokens }
    trainingShared = data.training.map(\.promptIDs).sharedPrefixCount
    let ordered = (lengths + further).sorted { ($0.tokens, $0.answer) > ($1.tokens, $1.answer) }
    longest = Array(ordered.prefix(Self.longestCount))
    // Those whose answers are taken from another set's are not asked.
    let asked = data.sets.filter { $0.part == nil }
    let answered = asked.flatMap(\.rows.rendered)
    let examples = asked.flatMap(\.rows.examples)
    let prompts = answered.map(\.promptIDs)
    furtherRows = asked.dropFirst().map { ($0.name, $0.rows.examples.count) }
    evaluationRows = prompts.count
    evaluationTokens = prompts.reduce(0) { $0 + $1.count }
    evaluationShared = prompts.sharedPrefixCount
    longestPrompt = prompts.map(\.count).max() ?? 0
    answerLengths = answered.map(\.answerIDs.count)
    var known: [String: Int] = [:]
    choiceTokens = zip(examples, answered).reduce(0) { sum, row in
      sum
        + row.0.choices.reduce(0) { sum, choice in
          if let count = known[choice] { return sum + count }
          let count = renderer.answerIDs(choice, after: row.1.prompt).count
          known[choice] = count
          return sum + count
        }
    }
  }

  /// How many rows there are to train on, further ones left out.
  var trainingRows: Int { rows.count }

  /// Rows that the headline score is of.
  var scoredRows: Int { evaluationRows - furtherRows.reduce(0) { $0 + $1.count } }

  /// Rows that `count` training examples of average length make in batches of `batchSize`.
  func trainingBatchRows(_ count: Double, batchSize: Int) -> Double {
    guard trainingRows > 0 else { return 0 }
    let mean = Double(trainingTokens) / Double(trainingRows)
    let saved =
      trainingShared >= TrainingBatch.leastShared && batchSize > 1
      ? Double(trainingShared) * (1 - 1 / Double(batchSize)) : 0
    return count * (mean - saved)
  }

  /// The largest training batch that can come up.
  func largestBatch(_ batchSize: Int) -> BatchOutline {
    BatchOutline(examples: Array(longest.prefix(batchSize)), shared: trainingShared)
  }

  /// Rows of all evaluation prompts, whose common beginning is computed once.
  var evaluationBatchRows: Double {
    Double(evaluationTokens - evaluationShared * max(0, evaluationRows - 1))
  }

  /// Steps of generation where answers are as long as the gold ones: each batch continues until its longest ends.
  func generationSteps(batchSize: Int, limit: Int) -> Int {
    stride(from: 0, to: answerLengths.count, by: batchSize).reduce(0) { sum, start in
      sum + min(limit, answerLengths[start..<min(answerLengths.count, start + batchSize)].max() ?? 0)
    }
  }
}
