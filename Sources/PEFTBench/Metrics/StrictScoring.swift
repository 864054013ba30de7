import CodeMetrics

/// The scores that each task's definition asks for.
struct StrictScoring {
  let family: MetricFamily
  /// The name of the headline score, whose credits the rows get where it is a mean over rows.
  let primary: String

  func scores(of answers: [ScoredAnswer]) throws(ScoringError) -> DatasetScores {
    switch family {
    case .binaryClassification(let labels, let positive):
      return try classification(answers, labels: labels, positive: positive, groups: false)
    case .multiClass(let labels):
      return try classification(answers, labels: labels, positive: nil, groups: false)
    case .multirc(let labels, let positive):
      return try classification(answers, labels: labels, positive: positive, groups: true)
    case .correlation(let range): return try correlation(answers, range: range)
    case .recordSpan: return spans(answers)
    case .gsm8k: return try finalAnswers(answers)
    case .svamp: return try equations(answers)
    case .code:
      return CodeBLEU.scores(
        of: answers.map { ($0.label, AnswerParser.reply(in: $0.predict)) }, primary: primary)
    }
  }

  private func report(
    _ scores: [NamedScore], invalid: Int, of answers: [ScoredAnswer], credits: [Double], notes: [String] = []
  ) -> DatasetScores {
    DatasetScores(
      primary: primary, scores: scores,
      invalidRate: Double(invalid) / Double(answers.count), count: answers.count, rowCredits: credits, notes: notes)
  }

  private func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

  private func classification(
    _ answers: [ScoredAnswer], labels: [String], positive: String?, groups: Bool
  ) throws(ScoringError) -> DatasetScores {
    let parser = AnswerParser(labels: labels)
    var matrix = ConfusionMatrix(classCount: labels.count)
    var credits: [Double] = []
    var invalid = 0
    for (row, answer) in answers.enumerated() {
      guard let gold = parser.label(answer.label) else {
        throw .unknownLabel(row: row + 1, label: answer.label, expected: labels)
      }
      let predicted = parser.label(answer.predict)
      if predicted == nil { invalid += 1 }
      matrix.add(gold: gold, predicted: predicted)
      credits.append(predicted == gold ? 1 : 0)
    }
    var scores = [NamedScore(name: "accuracy", value: matrix.accuracy)]
    func add(_ name: String, _ value: Double) { scores.append(NamedScore(name: name, value: value)) }
    let wanted = positive.flatMap(parser.label)
    if let wanted { add("f1", matrix.f1(of: wanted)) } else { add("macro_f1", matrix.macroF1) }
    add("matthews", matrix.matthews)
    var notes: [String] = []
    if groups {
      if answers.allSatisfy({ $0.group != nil }) {
        add("exact_match", questionsAllRight(answers, credits))
      } else {
        notes.append("exact_match needs to know which question each answer belongs to; it is left out")
      }
    }
    if let wanted {
      add("precision", matrix.precision(of: wanted))
      add("recall", matrix.recall(of: wanted))
      add("macro_f1", matrix.macroF1)
    }
    add("weighted_f1", matrix.weightedF1)
    add("micro_f1", matrix.microF1)
    add("balanced_accuracy", matrix.balancedAccuracy)
    add("kappa", matrix.kappa)
    return report(scores, invalid: invalid, of: answers, credits: credits, notes: notes)
  }

  /// The share of groups of which every answer is right.
  private func questionsAllRight(_ answers: [ScoredAnswer], _ credits: [Double]) -> Double {
    var allRight: [String: Bool] = [:]
    for (answer, credit) in zip(answers, credits) {
      allRight[answer.group ?? "", default: true] = allRight[answer.group ?? "", default: true] && credit == 1
    }
    return Double(allRight.values.count { $0 }) / Double(max(1, allRight.count))
  }

  /// An answer that is not a number of the range takes the mean of the others: it then adds nothing to the covariance,
  /// while its gold value stays in the denominator, so it costs what a guess costs and no outlier is made up.
  private func correlation(_ answers: [ScoredAnswer], range: ClosedRange<Double>) throws(ScoringError)
    -> DatasetScores
  {
    var gold: [Double] = []
    for (row, answer) in answers.enumerated() {
      guard let value = AnswerParser.number(answer.label) else {
        throw .labelWithoutNumber(row: row + 1, label: answer.label)
      }
      gold.append(value)
    }
    let read = answers.map { answer in
      AnswerParser.number(answer.predict).flatMap { range.contains($0) ? $0 : nil }
    }
    let valid = read.compactMap { $0 }
    let middle = mean(valid)
    let predicted = read.map { $0 ?? middle }
    var notes: [String] = []
    func defined(_ name: String, _ value: Double?) -> NamedScore {
      if value == nil { notes.append("\(name) is undefined (constant or too few values) and is given as 0") }
      return NamedScore(name: name, value: value ?? 0)
    }
    let scores = [
      defined("pearson", Correlation.pearson(predicted, gold)),
      defined("spearman", Correlation.spearman(predicted, gold)),
    ]
    return report(scores, invalid: answers.count - valid.count, of: answers, credits: [], notes: notes)
  }

  private func spans(_ answers: [ScoredAnswer]) -> DatasetScores {
    let queries = SpanQueries(answers)
    let results = queries.results
    let invalid = answers.count { SpanMatch.normalised(AnswerParser.reply(in: $0.predict)).isEmpty }
    return report(
      [
        NamedScore(name: "f1", value: mean(results.map(\.f1))),
        NamedScore(name: "exact_match", value: mean(results.map(\.exactMatch))),
      ], invalid: invalid, of: answers,
      credits: queries.ofRow.map { primary == "exact_match" ? results[$0].exactMatch : results[$0].f1 })
  }

  private func finalAnswers(_ answers: [ScoredAnswer]) throws(ScoringError) -> DatasetScores {
    var credits: [Double] = []
    var marked: [Double] = []
    var invalid = 0
    for (row, answer) in answers.enumerated() {
      guard let gold = FinalAnswer.find(in: answer.label) else {
        throw .labelWithoutNumber(row: row + 1, label: answer.label)
      }
      let found = FinalAnswer.find(in: AnswerParser.reply(in: answer.predict))
      let isRight = found.map { FinalAnswer.areEqual($0.value, gold.value) } ?? false
      if found == nil { invalid += 1 }
      credits.append(isRight ? 1 : 0)
      marked.append(isRight && found?.isMarked == true ? 1 : 0)
    }
    return report(
      [
        NamedScore(name: "accuracy", value: mean(credits)),
        NamedScore(name: "marked_accuracy", value: mean(marked)),
      ], invalid: invalid, of: answers, credits: credits)
  }

  /// Right is a true equation whose result is the gold one; `answer_accuracy` asks for the result alone.
  private func equations(_ answers: [ScoredAnswer]) throws(ScoringError) -> DatasetScores {
    var credits: [Double] = []
    var results: [Double] = []
    var invalid = 0
    for (row, answer) in answers.enumerated() {
      let goldEquation = EquationAnswer(answer.label)
      guard let gold = goldEquation?.right ?? FinalAnswer.numbers(in: answer.label).last else {
        throw .labelWithoutNumber(row: row + 1, label: answer.label)
      }
      let equation = EquationAnswer(answer.predict)
      if equation == nil { invalid += 1 }
      let isRight = equation.map { $0.isTrue && FinalAnswer.areEqual($0.right, gold) } ?? false
      let result = equation?.right ?? FinalAnswer.numbers(in: AnswerParser.reply(in: answer.predict)).last
      credits.append(isRight ? 1 : 0)
      results.append(result.map { FinalAnswer.areEqual($0, gold) } ?? false ? 1 : 0)
    }
    return report(
      [
        NamedScore(name: "accuracy", value: mean(credits)),
        NamedScore(name: "answer_accuracy", value: mean(results)),
      ], invalid: invalid, of: answers, credits: credits)
  }
}
