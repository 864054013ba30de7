import PEFTCore

/// Examples as a token forest with their labelled positions.
///
/// What all examples begin with stands once, as their common root. The loss is the mean over all labelled tokens,
/// as Hugging Face's trainer computes it.
struct TrainingBatch: LabelledForest {
  let forest: TokenForest
  let labels: [LabelledPosition]
  /// The rows that belong to prompts.
  let promptRows: [Range<Int>]
  /// Tokens that the examples would have if nothing were shared.
  let tokenCount: Int

  /// - Parameters:
  ///   - examples: The batch.
  ///   - model: Whose attached method may put something before every sequence.
  ///   - labelCount: Labelled tokens of the whole optimizer step, of which the batch may be a part.
  init(_ examples: some Collection<EncodedExample>, model: CausalLanguageModel, labelCount: Int) {
    self.init(examples, continuing: model.startForest(), labelCount: labelCount)
  }

  /// Tokens that a common beginning has at least: a shorter one costs more bookkeeping than it saves.
  static let leastShared = 4

  /// The same after whatever `start` holds, by default nothing.
  init(
    _ examples: some Collection<EncodedExample>,
    continuing start: (forest: TokenForest, root: Int?) = (TokenForest(), nil),
    labelCount: Int
  ) {
    var (forest, root) = start
    let sequences = examples.map(\.tokens)
    let shared = sequences.count > 1 ? sequences.sharedPrefixCount : 0
    var parent = root
    var sharedRows = 0..<0
    if shared >= Self.leastShared, let first = sequences.first {
      let segment = forest.add(.tokens(Array(first[..<shared])), under: root)
      sharedRows = forest.segments[segment].rows
      parent = segment
    }
    var labels: [LabelledPosition] = []
    var promptRows: [Range<Int>] = []
    let weight = 1 / Float(labelCount)
    for (example, tokens) in zip(examples, sequences) {
      let segment = forest.add(.tokens(Array(tokens[sharedRows.count...])), under: parent)
      let rows = forest.segments[segment].rows
      promptRows.append(rows.lowerBound..<(rows.lowerBound + max(0, example.prompt.count - sharedRows.count)))
      for index in example.prompt.count..<tokens.count {
        // The row before the token predicts it.
        let before = index - 1
        let row =
          before < sharedRows.count ? sharedRows.lowerBound + before : rows.lowerBound + before - sharedRows.count
        labels.append(LabelledPosition(row: row, target: tokens[index], weight: weight))
      }
    }
    self.forest = forest
    self.labels = labels
    // What all begin with is prompt as far as the shortest prompt goes.
    let sharedPrompt = min(sharedRows.count, examples.map(\.prompt.count).min() ?? 0)
    self.promptRows = [sharedRows.prefix(sharedPrompt)] + promptRows
    tokenCount = sequences.reduce(0) { $0 + $1.count }
  }
}
