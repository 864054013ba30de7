import CodeMetrics

/// The scores that the published script computes, its defects included.
///
/// - Source: compute_metrics.py of PEFT-Bench (2026-03-10); each departure from a task's definition is named at the
///   function that makes it.
struct PublishedScoring {
  let family: MetricFamily

  func scores(of answers: [ScoredAnswer]) throws(ScoringError) -> DatasetScores {
    let rows = answers.map { answer in
      ScoredAnswer(
        predict: Self.prepared(answer.predict), label: Self.prepared(answer.label), group: answer.group,
        allAnswers: answer.allAnswers)
    }
    switch family {
    case .binaryClassification(let labels, let positive), .multirc(let labels, let positive):
      return try classification(rows, labels: labels, positive: positive)
    case .multiClass(let labels): return try classification(rows, labels: labels, positive: nil)
    case .correlation: return correlation(rows)
    case .recordSpan: return spans(rows)
    case .gsm8k: return finalAnswers(rows)
    case .svamp: return equations(rows)
    case .code: return CodeBLEU.scores(of: rows.map { ($0.label, $0.predict) })
    }
  }

  /// What follows the model's reasoning, trimmed and lower-cased; code and equations too.
  private static func prepared(_ text: String) -> String {
    let end = text.lastRange(of: "</think>\n\n")?.upperBound ?? text.startIndex
    return String(text[end...]).trimmingWhiteSpace().lowercased()
  }

  private func report(
    _ scores: [NamedScore], invalid: Int, of rows: [ScoredAnswer], credits: [Double], notes: [String] = []
  ) -> DatasetScores {
    DatasetScores(
      primary: family.primaryName(under: .peftBench), scores: scores, invalidRate: Double(invalid) / Double(rows.count),
      count: rows.count, rowCredits: credits, notes: notes)
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// Texts are cut to 16 characters, and an invalid prediction becomes the first label if the gold one is the
  /// second, else the second: a false positive of one of them whatever the class.
  private func classification(_ rows: [ScoredAnswer], labels: [String], positive: String?) throws(ScoringError)
    -> DatasetScores
  {
    let classes = Dictionary(
      labels.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    var matrix = ConfusionMatrix(classCount: labels.count)
    var credits: [Double] = []
    var invalid = 0
    for (row, answer) in rows.enumerated() {
      let goldText = cut(answer.label)
      let predictedText = cut(answer.predict)
      guard let gold = classes[goldText] else {
        if classes[answer.label] != nil { throw .labelIsCut(label: answer.label) }
        throw .unknownLabel(row: row + 1, label: answer.label, expected: labels)
      }
      let predicted = classes[predictedText]
      if predicted == nil { invalid += 1 }
      matrix.add(gold: gold, predicted: predicted ?? (gold == 1 || labels.count < 2 ? 0 : 1))
      credits.append(goldText == predictedText ? 1 : 0)
    }
    let first: NamedScore
    if let positive {
      let index = classes[positive.lowercased()]
      first = NamedScore(name: "f1", value: index.map { matrix.f1(of: $0) } ?? 0)
    } else {
      first = NamedScore(name: "macro_f1", value: matrix.macroF1OfSeenClasses)
    }
    return report(
      [first, NamedScore(name: "exact_match", value: mean(credits))], invalid: invalid, of: rows, credits: credits)
  }

  private func cut(_ text: String) -> String { String(String.UnicodeScalarView(text.unicodeScalars.prefix(16))) }

  /// What cannot be read, on either side, counts as -1; an undefined correlation, which the script prints as NaN, is
  /// given as 0 with a note.
  private func correlation(_ rows: [ScoredAnswer]) -> DatasetScores {
    let read = rows.map { PlainNumber.pythonFloat($0.predict) }
    let predicted = read.map { $0 ?? -1 }
    let gold = rows.map { PlainNumber.pythonFloat($0.label) ?? -1 }
    var notes: [String] = []
    func defined(_ name: String, _ value: Double?) -> NamedScore {
      if value == nil { notes.append("\(name) is undefined (the published script prints nan) and is given as 0") }
      return NamedScore(name: name, value: value ?? 0)
    }
    let scores = [
      defined("pearson", Correlation.pearson(predicted, gold)),
      defined("spearman", Correlation.spearman(predicted, gold)),
    ]
    return report(scores, invalid: read.count { $0 == nil }, of: rows, credits: [], notes: notes)
  }

  /// The last prediction of a query is used for all of its rows, and every row counts.
  private func spans(_ rows: [ScoredAnswer]) -> DatasetScores {
    var lastOfQuery: [String: String] = [:]
    for row in rows { if let group = row.group { lastOfQuery[group] = row.predict } }
    let results = rows.map { row in
      SpanMatch.best(row.group.flatMap { lastOfQuery[$0] } ?? row.predict, among: row.acceptedAnswers)
    }
    return report(
      [
        NamedScore(name: "f1", value: mean(results.map(\.f1))),
        NamedScore(name: "exact_match", value: mean(results.map(\.exactMatch))),
      ], invalid: rows.count { SpanMatch.normalised($0.predict).isEmpty }, of: rows, credits: results.map(\.f1))
  }

  /// Only a bare number after `####` counts; commas and percent signs are all that is taken off it.
  private func finalAnswers(_ rows: [ScoredAnswer]) -> DatasetScores {
    func number(_ text: String) -> Double? {
      guard let mark = text.lastRange(of: "####") else { return nil }
      return PlainNumber.pythonFloat(
        String(text[mark.upperBound...]).trimmingWhiteSpace().filter { $0 != "," && $0 != "%" })
    }
    let read = rows.map { (predicted: number($0.predict), gold: number($0.label)) }
    let credits = read.map { pair -> Double in
      guard let predicted = pair.predicted, let gold = pair.gold else { return 0 }
      return abs(predicted - gold) < 1e-6 ? 1 : 0
    }
    return report(
      [NamedScore(name: "accuracy", value: mean(credits))],
      invalid: read.count { $0.predicted == nil || $0.gold == nil }, of: rows, credits: credits)
  }

  /// A true equation counts as right whatever was asked; the gold answer plays no part in the accuracy.
  private func equations(_ rows: [ScoredAnswer]) -> DatasetScores {
    let read = rows.map { PublishedEquation($0.predict) }
    let credits = read.map { $0?.isTrue == true ? 1.0 : 0 }
    let exact = zip(rows, credits).count { row, credit in
      credit == 1 && PublishedEquation.canonical(row.predict) == PublishedEquation.canonical(row.label)
    }
    return report(
      [
        NamedScore(name: "accuracy", value: mean(credits)),
        NamedScore(name: "gold_exact_equation", value: Double(exact) / Double(rows.count)),
      ], invalid: read.count { $0 == nil }, of: rows, credits: credits)
  }
}
