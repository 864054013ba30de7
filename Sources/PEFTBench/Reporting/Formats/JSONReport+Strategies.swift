import PEFTBench
import PEFTCore

extension JSONReport {
  /// The stability of strategies; nil where no run has one.
  static func strategies(_ stability: StrategyStability) -> JSONValue? {
    guard !stability.rows.isEmpty else { return nil }
    return .array(
      stability.rows.map { row in
        let (summary, interval) = (row.summary, row.deviationInterval)
        var json: JSONValue = [
          "method": JSONValue(row.method), "dataset": JSONValue(row.dataset), "strategy": JSONValue(row.strategy),
          "seeds": JSONValue(summary.count), "mean": JSONValue(summary.count > 0 ? summary.mean : nil),
          "population_deviation": JSONValue(summary.count > 1 ? summary.populationDeviation : nil),
          "sample_deviation": JSONValue(summary.count > 1 ? summary.sampleDeviation : nil),
        ]
        json["deviation_interval"] = interval.map { JSONValue([$0.lower, $0.upper]) } ?? .null
        json["min"] = JSONValue(row.values.min())
        json["max"] = JSONValue(row.values.max())
        json["failed_share"] = JSONValue(row.failedShare)
        json["errors"] = JSONValue(row.errorCount)
        json["one_answer_share"] = JSONValue(row.oneAnswerShare)
        json["brown_forsythe_f"] = JSONValue(row.test?.statistic)
        json["brown_forsythe_p"] = JSONValue(row.test?.pValue)
        json["holm_p"] = JSONValue(row.correctedP)
        json["is_steadier"] = JSONValue(row.isSteadier)
        json["relative_model_steps"] = JSONValue(row.relativeSteps)
        json["share_of_ensemble"] = JSONValue(row.shareOfEnsemble)
        json["relative_training_tokens"] = JSONValue(row.relativeTokens)
        json["peak_tensor_bytes"] = .count(row.bytes)
        return json
      })
  }

  /// The shares of the sources of chance; nil where no run has a seed for each.
  static func sources(_ stability: StrategyStability) -> JSONValue? {
    guard !stability.sources.isEmpty else { return nil }
    return .array(
      stability.sources.map { source in
        [
          "method": JSONValue(source.method), "dataset": JSONValue(source.dataset),
          "strategy": JSONValue(source.strategy), "source": JSONValue(source.source), "seeds": JSONValue(source.levels),
          "runs": JSONValue(source.runs), "combinations": JSONValue(source.combinations),
          "share": JSONValue(source.share), "share_by_chance": JSONValue(source.shareByChance),
          "deviation": JSONValue(source.deviation),
        ]
      })
  }
}
