import PEFTCore

/// Where the answers of a run come from.
///
/// A source settles on one answer a row. One that has several for each, from the members of an ensemble or from
/// samples, asks other sources and lets them vote.
protocol AnswerSource {
  /// Answers that are asked for to settle one row.
  var answersPerRow: Int { get }

  /// Asks for answers to rows: to all of them in their order, and so once more for each further answer a row has.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - known: The first of the answers, from an earlier attempt.
  ///   - saw: Told how many answers there are, and how to get them, as often as there are new ones.
  /// - Returns: All answers.
  /// - Throws: What `saw` throws.
  func answers(
    to rows: ScoredRows, known: [String], saw: (_ count: Int, _ answers: @escaping () -> [String]) throws -> Void
  ) throws -> [String]

  /// Of some rows the number that ask what an earlier one does, so that they get its answer without being asked.
  func repeatedCount(of rows: ScoredRows) -> Int
}

extension AnswerSource {
  var answersPerRow: Int { 1 }
}

/// The greedy text of one model, up to a number of tokens.
struct GreedyAnswers: AnswerSource {
  /// Asks the model.
  let evaluator: Evaluator
  /// Most tokens of an answer.
  let limit: Int
  /// Prompts at a time.
  let batchSize: Int

  func answers(
    to rows: ScoredRows, known: [String], saw: (_ count: Int, _ answers: @escaping () -> [String]) throws -> Void
  ) throws -> [String] {
    try evaluator.generate(
      rows.rendered.map(\.promptIDs), maximumNewTokens: limit, batchSize: batchSize, known: known
    ) { answers in try saw(answers.count) { answers } }
  }

  func repeatedCount(of rows: ScoredRows) -> Int {
    rows.rendered.count - Set(rows.rendered.map(\.promptIDs)).count
  }
}

/// Of the choices of each row the one that a model finds most probable.
struct RankedAnswers: AnswerSource {
  /// Asks the model.
  let evaluator: Evaluator
  /// Makes ids of the choices.
  let renderer: ChatRenderer
  /// Questions at a time.
  let batchSize: Int

  func answers(
    to rows: ScoredRows, known: [String], saw: (_ count: Int, _ answers: @escaping () -> [String]) throws -> Void
  ) throws -> [String] {
    let choices = choices(of: rows)
    func words(_ values: [[Double]]) -> [String] {
      known
        + zip(values, rows.examples.dropFirst(known.count)).map { values, example in
          // The first among equals.
          let best = values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }
          return best.map { example.choices[$0] } ?? ""
        }
    }
    let ranked = try evaluator.rank(
      rows.rendered.map(\.promptIDs), choices: choices, batchSize: batchSize, from: known.count
    ) { values in try saw(known.count + values.count) { words(values) } }
    return words(ranked)
  }

  func repeatedCount(of rows: ScoredRows) -> Int {
    rows.rendered.count - Set(zip(rows.rendered, choices(of: rows)).map { [$0.promptIDs] + $1 }).count
  }

  /// For each row the ids of its choices.
  private func choices(of rows: ScoredRows) -> [[[Int32]]] {
    zip(rows.examples, rows.rendered).map { example, rendered in
      renderer.answerIDs(example.choices, after: rendered.prompt)
    }
  }
}
