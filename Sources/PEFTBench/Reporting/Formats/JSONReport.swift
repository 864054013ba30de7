import PEFTBench
import PEFTCore

/// A report as JSON: the leaderboard and all statistics, and of every run what a comparison needs.
///
/// One such file, committed, is a baseline for `compare`.
enum JSONReport {
  static func value(_ report: Report) -> JSONValue {
    [
      "schema": JSONValue(ReportedResults.schema), "version": JSONValue(Version.current),
      "name": JSONValue(report.results.name),
      "complete": JSONValue(report.results.runs.count), "notes": JSONValue(report.results.notes),
      "suites": .array(report.suites.map(suite)),
      "failed": .array(report.results.failures.map(\.json)), "missing": .array(report.results.missing.map(\.json)),
      "runs": .array(report.suites.flatMap(\.results.runs).map(\.json)),
    ]
  }

  private static func suite(_ suite: Report.Suite) -> JSONValue {
    let (results, statistics) = (suite.results, suite.statistics)
    func name(_ method: Int) -> JSONValue { JSONValue(results.methods[method].title) }
    var json: JSONValue = [
      "suite": JSONValue(results.suite),
      "rows": JSONValue(results.rowsName.isEmpty ? nil : results.rowsName),
      "verdict": statistics.verdict.map { verdict($0, name) } ?? .null, "models": JSONValue(results.modelNames),
      "datasets": JSONValue(results.datasets),
      "shared_datasets": JSONValue(results.sharedDatasets.map { results.datasets[$0] }),
      "seeds": JSONValue(results.seeds), "notes": JSONValue(statistics.notes),
      "leaderboard": .array(statistics.leaderboard.map { row($0, results) }),
    ]
    json["scores"] = .array(
      results.methods.indices.flatMap { method in
        results.datasets.indices.compactMap { dataset -> JSONValue? in
          let cell = results.cells[method][dataset]
          guard let summary = cell.summary else { return nil }
          return [
            "method": name(method), "dataset": JSONValue(results.datasets[dataset]),
            "metric": JSONValue(cell.runs[0].metric), "mean": JSONValue(summary.mean),
            "sample_deviation": JSONValue(summary.count > 1 ? summary.sampleDeviation : nil),
            "population_deviation": JSONValue(summary.count > 1 ? summary.populationDeviation : nil),
            "seeds": JSONValue(cell.runs.map(\.seed)), "values": JSONValue(cell.values),
            "failed_seeds": JSONValue(cell.failedSeeds), "missing_seeds": JSONValue(cell.missingSeeds),
          ]
        }
      })
    if let ranking = statistics.ranking {
      json["ranks"] = [
        "methods": .array(ranking.methods.map(name)), "average_ranks": JSONValue(ranking.test.averageRanks),
        "friedman_statistic": JSONValue(ranking.test.statistic), "friedman_p": JSONValue(ranking.test.pValue),
        "critical_difference": JSONValue(ranking.test.criticalDifference),
        "nemenyi_p": .array(ranking.test.nemenyi.map { JSONValue($0) }),
      ]
    }
    json["pairs"] = .array(
      statistics.pairs.map { pair in
        [
          "first": name(pair.first), "second": name(pair.second),
          "difference": JSONValue(pair.difference.interval.estimate),
          "interval": interval(pair.difference.interval), "p": JSONValue(pair.difference.pValue),
          "holm_p": JSONValue(pair.correctedP), "detectable": JSONValue(pair.detectable),
          "only_first": JSONValue(pair.difference.mcnemar?.onlyFirst),
          "only_second": JSONValue(pair.difference.mcnemar?.onlySecond),
          "wilcoxon_p": JSONValue(pair.wilcoxonP), "wins": JSONValue(pair.wins), "ties": JSONValue(pair.ties),
          "losses": JSONValue(pair.losses),
        ]
      })
    if let sensitivity = statistics.sensitivity { json["pscp_sensitivity"] = self.sensitivity(sensitivity, name) }
    json["strategies"] = strategies(suite.stability)
    json["variance_sources"] = sources(suite.stability)
    return json
  }

  private static func row(_ row: SuiteStatistics.Row, _ results: SuiteResults) -> JSONValue {
    let method = results.methods[row.method]
    return [
      "method": JSONValue(method.title), "name": JSONValue(method.name), "model": JSONValue(method.modelName),
      "pscp": JSONValue(row.pscp), "score": JSONValue(row.mean), "score_deviation": JSONValue(row.deviation),
      "score_interval": interval(row.interval),
      "seed_means": JSONValue(row.seedMeans), "majority": JSONValue(row.majority), "chance": JSONValue(row.chance),
      "standing": JSONValue(row.standing.name),
      "terms": row.terms.map {
        [
          "parameters": JSONValue($0.parameters), "flops": JSONValue($0.flops), "memory": JSONValue($0.memory),
        ]
      } ?? .null,
      "trainable_parameters": .count(row.costs?.parameters), "added_inference_flops": .count(row.costs?.flops),
      "peak_tensor_bytes": .count(row.costs?.memory), "average_rank": JSONValue(row.averageRank),
      "seconds": JSONValue(row.seconds), "runs": JSONValue(row.runCount), "failed": JSONValue(row.failedCount),
      "missing": JSONValue(row.missingCount),
    ]
  }

  private static func verdict(_ verdict: Verdict, _ name: (Int) -> JSONValue) -> JSONValue {
    func top(_ top: Verdict.Top?) -> JSONValue {
      top.map {
        ["best": $0.best.map(name) ?? .null, "highest": name($0.highest), "tied": .array($0.tied.map(name))]
      } ?? .null
    }
    return [
      "sentences": JSONValue(verdict.sentences), "score": top(verdict.score), "pscp": top(verdict.pscp),
      "undecided": .array(
        verdict.undecided.map {
          ["first": name($0.first), "second": name($0.second), "reason": JSONValue($0.reason)]
        }),
      "excluded": .array(
        verdict.excluded.map { ["method": name($0.method), "standing": JSONValue($0.standing.name)] }),
    ]
  }

  private static func sensitivity(_ sensitivity: SuiteStatistics.Sensitivity, _ name: (Int) -> JSONValue) -> JSONValue {
    let names = sensitivity.methods.map(name)
    return [
      "changes_order": JSONValue(sensitivity.result.changesOrder),
      "settings": .array(
        sensitivity.result.settings.map { setting in
          [
            "term": JSONValue(setting.term.rawValue),
            "beta": JSONValue([setting.beta.parameters, setting.beta.flops, setting.beta.memory]),
            "order": .array(setting.order.map { names[$0] }),
            "pscp": .array(setting.order.map { JSONValue(setting.scores[$0]) }),
          ]
        }),
      "crossings": .array(
        sensitivity.result.crossings.map { crossing in
          [
            "term": JSONValue(crossing.term.rawValue), "beta": JSONValue(crossing.value),
            "ahead": names[crossing.ahead], "behind": names[crossing.behind],
          ]
        }),
    ]
  }

  private static func interval(_ interval: Bootstrap.Interval?) -> JSONValue {
    interval.map { JSONValue([$0.lower, $0.upper]) } ?? .null
  }
}
