import PEFTBench
import PEFTCore

/// What an adapter and its conversion score on a config's datasets, as `adapter convert` shows it.
struct ConversionScores {
  private let scores: [AdapterComparison.Scores]

  init(_ scores: [AdapterComparison.Scores]) { self.scores = scores }

  func print(to console: Console) {
    var table = TextTable([
      .init(title: "dataset"), .init(title: "score"), .init(title: "rows", isNumber: true),
      .init(title: "before", isNumber: true), .init(title: "after", isNumber: true),
    ])
    for task in scores {
      table.add([task.dataset, task.primary, "\(task.rows)", task.before.shown, task.after.shown])
    }
    table.print(to: console)
  }

  var json: JSONValue {
    .array(
      scores.map { task in
        [
          "dataset": JSONValue(task.dataset), "score": JSONValue(task.primary), "rows": JSONValue(task.rows),
          "before": JSONValue(task.before.value), "before_interval": Self.interval(task.before),
          "after": JSONValue(task.after.value), "after_interval": Self.interval(task.after),
        ]
      })
  }

  private static func interval(_ score: GridScore) -> JSONValue {
    score.interval.map { JSONValue([$0.lowerBound, $0.upperBound]) } ?? .null
  }
}

extension GridScore {
  /// In percent, with its interval.
  var shown: String {
    guard let interval else { return Format.percent(value) }
    return "\(Format.percent(value)) (\(Format.percent(interval.lowerBound))–\(Format.percent(interval.upperBound)))"
  }
}
