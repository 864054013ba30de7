import PEFTCore

/// Asks a model, with whatever is attached to it, for its answers.
///
/// What all prompts begin with (the method's virtual tokens, the chat header, the instruction) is computed once, and so
/// is the answer to a prompt that comes again. An answer does not depend on the batch size nor on which other prompts
/// there are.
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
  ///   - batchSize: Different prompts worked on at once; changes the speed only.
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
    var answered = Dictionary(zip(prompts, known)) { first, _ in first }
    while answers.count < prompts.count {
      let (asked, end) = Self.batch(of: prompts, from: answers.count, size: batchSize) { answered[$0] == nil }
      let batch = asked.map { Array($0.dropFirst(shared)) }
      for (prompt, ids) in zip(asked, try generator.generate(batch, after: cache, maximumNewTokens: maximumNewTokens)) {
        answered[prompt] = tokenizer.decode(ids, skipSpecialTokens: true)
      }
      answers += prompts[answers.count..<end].compactMap { answered[$0] }
      try progress(answers)
    }
    return answers
  }

  /// The next prompts to ask, each once, and where the prompts begin that wait for the next batch.
  private static func batch(
    of prompts: [[Int32]], from start: Int, size: Int, isNew: ([Int32]) -> Bool
  ) -> (asked: [[Int32]], end: Int) {
    var asked: [[Int32]] = []
    var end = start
    while end < prompts.count {
      if isNew(prompts[end]), !asked.contains(prompts[end]) {
        if asked.count == size { break }
        asked.append(prompts[end])
      }
      end += 1
    }
    return (asked, end)
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
    var known: [[[Int32]]: [Double]] = [:]
    for (prompt, options) in zip(prompts, choices).dropFirst(start) {
      if let values = known[[prompt] + options] {
        results.append(values)
        try progress(results)
        continue
      }
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
      var rest = judged[...]
      let values = options.map { option in
        defer { rest = rest.dropFirst(option.count) }
        // The sum of nothing would beat every answer.
        guard !option.isEmpty else { return -Double.infinity }
        return rest.prefix(option.count).reduce(0, +)
      }
      known[[prompt] + options] = values
      results.append(values)
      try progress(results)
    }
    return results
  }
}
