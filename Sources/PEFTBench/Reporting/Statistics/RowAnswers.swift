import CodeMetrics
import PEFTBench
import PEFTCore

/// The answers of one run, for scores that are not the share of right rows (F1, correlations, CodeBLEU, the F1 of words)
/// and that are computed again on resampled rows.
struct RowAnswers: Sendable {
  private enum Kind: Sendable {
    case labels(gold: [Int], predicted: [Int?], classes: Int, LabelScore)
    case numbers(gold: [Double], predicted: [Double?], usesRanks: Bool)
    /// What CodeBLEU counts in each row; its parts are quotients of sums, so that resampled rows need no parsing.
    case code([CodeBLEU.Counts], score: String)
    /// The score is the mean of what each question has.
    case mean([Double])
  }

  /// How many rows there are; of ReCoRD, how many questions.
  let count: Int
  private let kind: Kind

  /// Most different gold answers that are taken for labels where the catalogue does not have the dataset.
  private static let mostLabels = 20
  /// How often rows are drawn.
  static let resamples = 1000
  /// Most bytes of code that are taken apart for a run, which takes about a second; of more there is no interval.
  private static let mostCode = 1_000_000

  /// Reads the answers of a run.
  ///
  /// - Returns: nil where its headline score cannot be computed from them to the last digit.
  /// - Throws: `InputError` for predictions that cannot be read.
  init?(_ run: ReportedRun) throws {
    guard let folder = run.folder, run.scoringProtocol == ScoringProtocol.strict.rawValue else { return nil }
    let lines = try PredictionLines(path: folder + "/predictions.jsonl")
    let rows = try (0..<lines.count).map { try lines.row($0) }
    guard !rows.isEmpty else { return nil }
    // Own data may have the name of a dataset of another study.
    let isOwn = run.suite == DataConfiguration.Suite.own.rawValue
    let family = isOwn ? nil : DatasetMetric.for(dataset: run.dataset)?.family
    guard let kind = Self.kind(of: run, family, rows) else { return nil }
    self.kind = kind
    count = if case .mean(let values) = kind { values.count } else { rows.count }
    guard isExact(run.value) else { return nil }
  }

  private static func kind(of run: ReportedRun, _ family: MetricFamily?, _ rows: [PredictionLines.Row]) -> Kind? {
    switch run.metric {
    case "pearson", "spearman":
      let known = if case .correlation(let range)? = family { range } else { run.numberRange }
      let range = known ?? -Double.infinity...Double.infinity
      return numbers(rows, range: range, usesRanks: run.metric == "spearman")
    case _ where CodeBLEU.Parts.names.contains(run.metric):
      guard rows.reduce(0, { $0 + $1.label.utf8.count + $1.predict.utf8.count }) <= mostCode else { return nil }
      let counts = rows.map { row in
        CodeBLEU.Counts(reference: row.label, prediction: AnswerParser.reply(in: row.predict))
      }
      return .code(counts, score: run.metric)
    case "f1" where run.summary.classes.isEmpty && (family ?? .recordSpan) == .recordSpan:
      if !run.summary.queryF1.isEmpty { return .mean(run.summary.queryF1) }
      let words = SpanQueries(rows.map { ScoredAnswer(predict: $0.predict, label: $0.label) }).results.map(\.f1)
      // Labels of one's own that an older record does not list look like words.
      if abs(Summary.mean(words) - run.value) < 1e-9 { return .mean(words) }
      return labels(of: run, family, rows)
    default: return labels(of: run, family, rows)
    }
  }

  private static func numbers(_ rows: [PredictionLines.Row], range: ClosedRange<Double>, usesRanks: Bool) -> Kind? {
    let gold = rows.compactMap { AnswerParser.number($0.label) }
    guard gold.count == rows.count else { return nil }
    let predicted = rows.map { AnswerParser.number($0.predict).flatMap { range.contains($0) ? $0 : nil } }
    return .numbers(gold: gold, predicted: predicted, usesRanks: usesRanks)
  }

  private static func labels(of run: ReportedRun, _ family: MetricFamily?, _ rows: [PredictionLines.Row]) -> Kind? {
    let known = run.summary.classes.isEmpty ? family?.labels ?? [] : run.summary.classes.map(\.label)
    let labels = known.isEmpty ? Set(rows.map(\.label)).sorted() : known
    guard labels.count <= max(known.count, Self.mostLabels) else { return nil }
    let parser = AnswerParser(labels: labels)
    let gold = rows.compactMap { parser.label($0.label) }
    guard gold.count == rows.count else { return nil }
    let predicted = rows.map { parser.label($0.predict) }
    // A record does not tell which class is the positive one, but its score is the one that is reported.
    var candidates: [LabelScore] = []
    for index in labels.indices {
      guard let score = LabelScore(named: run.metric, positive: index) else { return nil }
      if !candidates.contains(score) { candidates.append(score) }
    }
    let kinds = candidates.map { Kind.labels(gold: gold, predicted: predicted, classes: labels.count, $0) }
    let all = Array(rows.indices)
    return kinds.first { abs(score($0, all) - run.value) < 1e-9 }
  }

  private func isExact(_ value: Double) -> Bool { abs(score(Array(0..<count)) - value) < 1e-9 }

  /// The score on some rows, any of them several times.
  func score(_ rows: [Int]) -> Double { Self.score(kind, rows) }

  private static func score(_ kind: Kind, _ rows: [Int]) -> Double {
    switch kind {
    case .labels(let gold, let predicted, let classes, let score):
      var matrix = ConfusionMatrix(classCount: classes)
      for row in rows { matrix.add(gold: gold[row], predicted: predicted[row]) }
      return score.value(of: matrix)
    case .code(let counts, let score):
      var corpus = CodeBLEU.Counts()
      for row in rows { corpus.add(counts[row]) }
      return corpus.score(named: score) ?? 0
    case .mean(let values): return rows.reduce(0) { $0 + values[$1] } / Double(rows.count)
    case .numbers(let gold, let predicted, let usesRanks):
      let valid = rows.compactMap { predicted[$0] }
      let middle = Summary.mean(valid)
      let (x, y) = (rows.map { predicted[$0] ?? middle }, rows.map { gold[$0] })
      return (usesRanks ? Correlation.spearman(x, y) : Correlation.pearson(x, y)) ?? 0
    }
  }

  /// The score on resampled rows, which are the same ones for all runs of a dataset with as many rows.
  func resampled(dataset: String) -> [Double] {
    let seeds = SeedStream(0).child("rows of a score").child(dataset)
    return (0..<Self.resamples).map { resample in
      let stream = seeds.child(resample)
      return score((0..<count).map { stream.integer(below: count, at: $0) })
    }
  }

  /// The score on all rows but one, by that row.
  var leavingOneOut: [Double] {
    func rest(without left: Int) -> Double { score((0..<count).filter { $0 != left }) }
    switch kind {
    case .labels(let gold, let predicted, _, _):
      // Rows with the same two labels leave the same matrix.
      var known: [[Int]: Double] = [:]
      return (0..<count).map { row in
        let pair = [gold[row], predicted[row] ?? -1]
        if let value = known[pair] { return value }
        let value = rest(without: row)
        known[pair] = value
        return value
      }
    case .numbers: return (0..<count).map(rest(without:))
    case .code(let counts, let name):
      var corpus = CodeBLEU.Counts()
      for row in counts { corpus.add(row) }
      return counts.map { row in
        var rest = corpus
        rest.remove(row)
        return rest.score(named: name) ?? 0
      }
    case .mean(let values):
      let sum = values.reduce(0, +)
      return values.map { (sum - $0) / Double(max(1, count - 1)) }
    }
  }
}
