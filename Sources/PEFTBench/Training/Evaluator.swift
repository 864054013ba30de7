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

  /// What to ask next, each question once, and where those begin that wait for the next batch.
  private static func batch<Question: Hashable>(
    of questions: [Question], from start: Int, size: Int, isNew: (Question) -> Bool
  ) -> (asked: [Question], end: Int) {
    var asked: [Question] = []
    var end = start
    while end < questions.count {
      if isNew(questions[end]), !asked.contains(questions[end]) {
        if asked.count == size { break }
        asked.append(questions[end])
      }
      end += 1
    }
    return (asked, end)
  }

  // MARK: - Choices

  /// A prompt with its possible answers.
  private struct Question: Hashable {
    let prompt: [Int32]
    let options: [[Int32]]
  }

  /// The log-probability of each choice following each prompt.
  ///
  /// - Parameters:
  ///   - prompts: The prompts as ids.
  ///   - choices: For each prompt, the possible answers as ids, as they are trained: with what ends them, so that an
  ///     answer with which another one begins does not win by being shorter. One without ids is never the likeliest.
  ///   - batchSize: Different questions worked on at once; changes the speed only.
  ///   - start: The first prompt to look at.
  ///   - progress: Called with the values so far after each batch; what it throws ends the evaluation.
  /// - Returns: For each prompt from `start` on, the summed log-probability of each choice's tokens.
  package func rank(
    _ prompts: [[Int32]], choices: [[[Int32]]], batchSize: Int, from start: Int = 0,
    progress: (_ values: [[Double]]) throws -> Void
  ) throws -> [[Double]] {
    let shared = prompts.sharedPrefixCount
    let cache = Generator(model: model, endTokens: endTokens, context: context)
      .cache(shared: Array(prompts.first?.prefix(shared) ?? []))
    let questions = zip(prompts, choices).map { Question(prompt: $0, options: $1) }
    var results: [[Double]] = []
    var known: [Question: [Double]] = [:]
    while start + results.count < questions.count {
      let next = start + results.count
      let (asked, end) = Self.batch(of: questions, from: next, size: batchSize) { known[$0] == nil }
      for (question, values) in zip(asked, try values(of: asked, withoutFirst: shared, after: cache)) {
        known[question] = values
      }
      results += questions[next..<end].compactMap { known[$0] }
      try progress(results)
    }
    return results
  }

  /// The summed log-probability of each choice's tokens, of questions that go through the model together.
  ///
  /// - Parameters:
  ///   - questions: The questions.
  ///   - count: How many tokens of their prompts the cache has.
  ///   - cache: What comes before the rest of every prompt; nil for nothing.
  private func values(
    of questions: [Question], withoutFirst count: Int, after cache: CachedSegment?
  ) throws(NonFiniteError) -> [[Double]] {
    guard !questions.isEmpty else { return [] }
    let tape = Tape(context: context, recording: false)
    var forest = TokenForest()
    let root = cache.map { forest.add(.cached($0), under: nil) }
    var labels: [LabelledPosition] = []
    for question in questions {
      let prompt = forest.add(.tokens(Array(question.prompt.dropFirst(count))), under: root)
      let lastRow = forest.segments[prompt].rows.upperBound - 1
      for option in question.options {
        // The last token of an option predicts nothing that counts.
        let segment = forest.add(.tokens(Array(option.dropLast())), under: prompt)
        let rows = forest.segments[segment].rows
        for (index, token) in option.enumerated() {
          labels.append(
            LabelledPosition(row: index == 0 ? lastRow : rows.lowerBound + index - 1, target: token, weight: 1))
        }
      }
    }
    let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
    let judged = model.logProbabilities(of: labels, hidden: hidden, on: tape).map(\.logProbability)
    guard judged.allSatisfy(\.isFinite) else {
      throw NonFiniteError("the log-probability of a choice is not finite\(model.originOfNonFinite())")
    }
    var rest = judged[...]
    return questions.map { question in
      question.options.map { option in
        defer { rest = rest.dropFirst(option.count) }
        // The sum of nothing would beat every answer.
        guard !option.isEmpty else { return -Double.infinity }
        return rest.prefix(option.count).reduce(0, +)
      }
    }
  }
}
