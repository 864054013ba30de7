import CodeMetrics

extension CodeBLEU {
  /// CodeBLEU and its parts as the scores of a dataset; the share of predictions that are not Python is that of invalid
  /// answers.
  static func scores(of pairs: [(reference: String, prediction: String)], primary: String = Parts.names[0])
    -> DatasetScores
  {
    let corpus = corpus(pairs)
    return DatasetScores(
      primary: primary, scores: zip(Parts.names, corpus.parts.values).map { NamedScore(name: $0, value: $1) },
      invalidRate: Double(corpus.invalidPredictions) / Double(max(1, pairs.count)), count: pairs.count,
      rowCredits: corpus.values)
  }
}
