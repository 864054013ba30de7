import PEFTCore

/// Asks a model, with whatever is attached to it, for its answers.
///
/// What all prompts begin with (the method's virtual tokens, the chat header, the instruction) is computed once. An
/// answer does not depend on the batch size nor on which other prompts there are.
package struct Evaluator {
  private let model: CausalLanguageModel
  private let tokenizer: Tokenizer
  private let endTokens: [Int32]
  private let context: ComputeContext

  /// Creates an evaluator; generation ends at any of `endTokens`.
  package init(model: CausalLanguageModel, tokenizer: Tokenizer, endTokens: [Int32], context: ComputeContext) {
    self.model = model
    self.tokenizer = tokenizer
    self.endTokens = endTokens
    self.context = context
  }

  /// Greedy answers as text.
  ///
  /// - Parameters:
  ///   - prompts: The prompts as ids.
  ///   - maximumNewTokens: Most tokens of an answer.
  ///   - batchSize: Prompts worked on at once; changes the speed only.
  ///   - known: Answers to the first prompts, which are not asked again.
  ///   - progress: Called with the answers so far after each batch; what it throws ends the evaluation.
  package func generate(
    _ prompts: [[Int32]], maximumNewTokens: Int, batchSize: Int, known: [String] = [],
    progress: (_ answers: [String]) throws -> Void
  ) throws -> [String] {
    let shared = prompts.sharedPrefixCount
    let generator = Generator(model: model, endTokens: endTokens, context: context)
    let cache = generator.cache(shared: Array(prompts.first?.prefix(shared) ?? []))
    var answers = known
    for start in stride(from: known.count, to: prompts.count, by: batchSize) {
      let batch = prompts[start..<min(prompts.count, start + batchSize)].map { Array($0.dropFirst(shared)) }
      for ids in try generator.generate(batch, after: cache, maximumNewTokens: maximumNewTokens) {
        answers.append(tokenizer.decode(ids, skipSpecialTokens: true))
      }
      try progress(answers)
    }
    return answers
  }

  /// The log-probability of each choice following each prompt.
  ///
  /// - Parameters:
  ///   - prompts: The prompts as ids.
  ///   - choices: For each prompt, the possible answers as ids, as they are trained: with what ends them, so that an
  ///     answer with which another one begins does not win by being shorter. One without ids is never the likeliest.
  ///   - start: The first prompt to look at.
  ///   - progress: Called with the values so far after each prompt; what it throws ends the evaluation.
  /// - Returns: For each prompt from `start` on, the summed log-probability of each choice's tokens.
  package func rank(
    _ prompts: [[Int32]], choices: [[[Int32]]], from start: Int = 0, progress: (_ values: [[Double]]) throws -> Void
  ) throws -> [[Double]] {
    let shared = prompts.sharedPrefixCount
    let cache = Generator(model: model, endTokens: endTokens, context: context)
      .cache(shared: Array(prompts.first?.prefix(shared) ?? []))
    var results: [[Double]] = []
    for (prompt, options) in zip(prompts, choices).dropFirst(start) {
      let tape = Tape(context: context, recording: false)
      var forest = TokenForest()
      let root = cache.map { forest.add(.cached($0), under: nil) }
      let question = forest.add(.tokens(Array(prompt.dropFirst(shared))), under: root)
      let lastRow = forest.segments[question].rows.upperBound - 1
      var labels: [LabelledPosition] = []
      for option in options {
        // The last token of an option predicts nothing that counts.
        let segment = forest.add(.tokens(Array(option.dropLast())), under: question)
        let rows = forest.segments[segment].rows
        for (index, token) in option.enumerated() {
          labels.append(
            LabelledPosition(row: index == 0 ? lastRow : rows.lowerBound + index - 1, target: token, weight: 1))
        }
      }
      let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
      let judged = model.logProbabilities(of: labels, hidden: hidden, on: tape).map(\.logProbability)
      guard judged.allSatisfy(\.isFinite) else {
        throw NonFiniteError("the log-probability of a choice is not finite\(model.originOfNonFinite())")
      }
      var values = judged[...]
      results.append(
        options.map { option in
          defer { values = values.dropFirst(option.count) }
          // The sum of nothing would beat every answer.
          guard !option.isEmpty else { return -.infinity }
          return values.prefix(option.count).reduce(0, +)
        })
      try progress(results)
    }
    return results
  }
}
