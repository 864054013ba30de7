import PEFTBench
import PEFTCore

/// The answers of one run, for scores that are no mean over rows (F1, correlations) and that are computed again on
/// resampled rows.
struct RowAnswers: Sendable {
  /// A score of label words.
  private enum LabelScore: Sendable {
    case accuracy, macroF1, weightedF1, microF1, balancedAccuracy, matthews, kappa
    /// Of the class with this number.
    case f1(Int), precision(Int), recall(Int)
  }

  private enum Kind: Sendable {
    case labels(gold: [Int], predicted: [Int?], classes: Int, LabelScore)
    case numbers(gold: [Double], predicted: [Double?], usesRanks: Bool)
  }

  /// How many rows there are.
  let count: Int
  private let kind: Kind

  /// Most different gold answers that are taken for labels where the catalogue does not have the dataset.
  private static let mostLabels = 20
  /// How often rows are drawn.
  static let resamples = 1000

  /// Reads the answers of a run.
  ///
  /// - Returns: nil where its headline score cannot be computed from them to the last digit.
  /// - Throws: `InputError` for predictions that cannot be read.
  init?(_ run: ReportedRun) throws {
    guard let folder = run.folder, run.scoringProtocol == ScoringProtocol.strict.rawValue else { return nil }
    let lines = try PredictionLines(path: folder + "/predictions.jsonl")
    let rows = try (0..<lines.count).map { try lines.row($0) }
    guard !rows.isEmpty else { return nil }
    count = rows.count
    let family = DatasetMetric.for(dataset: run.dataset)?.family
    if case .correlation(let range)? = family {
      let gold = rows.compactMap { AnswerParser.number($0.label) }
      guard gold.count == rows.count else { return nil }
      let predicted = rows.map { AnswerParser.number($0.predict).flatMap { range.contains($0) ? $0 : nil } }
      kind = .numbers(gold: gold, predicted: predicted, usesRanks: run.metric == "spearman")
      if !isExact(run.value) { return nil }
      return
    }
    let known = run.summary.classes.isEmpty ? family?.labels ?? [] : run.summary.classes.map(\.label)
    let labels = known.isEmpty ? Set(rows.map(\.label)).sorted() : known
    guard labels.count <= max(known.count, Self.mostLabels) else { return nil }
    let parser = AnswerParser(labels: labels)
    let gold = rows.compactMap { parser.label($0.label) }
    guard gold.count == rows.count else { return nil }
    let predicted = rows.map { parser.label($0.predict) }
    let candidates: [LabelScore]
    switch run.metric {
    case "accuracy": candidates = [.accuracy]
    case "macro_f1": candidates = [.macroF1]
    case "weighted_f1": candidates = [.weightedF1]
    case "micro_f1": candidates = [.microF1]
    case "balanced_accuracy": candidates = [.balancedAccuracy]
    case "matthews": candidates = [.matthews]
    case "kappa": candidates = [.kappa]
    // A record does not tell which class is the positive one, but its score is the one that is reported.
    case "f1": candidates = labels.indices.map { .f1($0) }
    case "precision": candidates = labels.indices.map { .precision($0) }
    case "recall": candidates = labels.indices.map { .recall($0) }
    default: return nil
    }
    let kinds = candidates.map { Kind.labels(gold: gold, predicted: predicted, classes: labels.count, $0) }
    let all = Array(rows.indices)
    guard let kind = kinds.first(where: { abs(Self.score($0, all) - run.value) < 1e-9 }) else { return nil }
    self.kind = kind
  }

  private func isExact(_ value: Double) -> Bool { abs(score(Array(0..<count)) - value) < 1e-9 }

  /// The score on some rows, any of them several times.
  func score(_ rows: [Int]) -> Double { Self.score(kind, rows) }

  private static func score(_ kind: Kind, _ rows: [Int]) -> Double {
    switch kind {
    case .labels(let gold, let predicted, let classes, let score):
      var matrix = ConfusionMatrix(classCount: classes)
      for row in rows { matrix.add(gold: gold[row], predicted: predicted[row]) }
      return switch score {
      case .accuracy: matrix.accuracy
      case .macroF1: matrix.macroF1
      case .weightedF1: matrix.weightedF1
      case .microF1: matrix.microF1
      case .balancedAccuracy: matrix.balancedAccuracy
      case .matthews: matrix.matthews
      case .kappa: matrix.kappa
      case .f1(let index): matrix.f1(of: index)
      case .precision(let index): matrix.precision(of: index)
      case .recall(let index): matrix.recall(of: index)
      }
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
    (0..<count).map { left in score((0..<count).filter { $0 != left }) }
  }
}
