import PEFTBench
import PEFTCore

/// `metrics`: scores predictions that are already in a file.
enum MetricsCommand {
  static let command = Command(
    name: "metrics", summary: "Score a file of predictions by a dataset's metric.",
    discussion: [
      "FILE holds one {\"predict\": text, \"label\": text} a line, as generated_predictions.jsonl of LLaMA-Factory; "
        + "\"group\" and \"answers\" may stand beside them, as in the predictions of a run. The primary score is the one that `run` records."
    ],
    positionals: [
      PositionalSpec(name: "DATASET", help: "One of the 27 datasets, or one that --config describes."),
      PositionalSpec(name: "FILE", help: "The predictions, JSONL."),
    ],
    options: [
      OptionSpec(
        long: "protocol", valueName: "NAME", choices: ScoringProtocol.allCases.map(\.rawValue),
        help: "strict (the default), or what PEFT-Bench's published script computes."),
      DataCommand.config, .json,
    ],
    examples: [
      .init(line: "peft-bench metrics sst2 predictions.jsonl", meaning: "Score a run's predictions."),
      .init(
        line: "peft-bench metrics svamp p.jsonl --protocol peft-bench --json", meaning: "As the published script does."),
    ],
    run: { arguments, console in
      let name = arguments.positional("DATASET") ?? ""
      let dataset = try DataPlace(arguments).dataset(name)
      let scoring = arguments.value("protocol").flatMap(ScoringProtocol.init) ?? .strict
      let answers = try answers(arguments.positional("FILE") ?? "")
      let scores = try dataset.metric.score(answers, under: scoring)
      if arguments.flag("json") {
        var values: JSONValue = [:]
        for score in scores.scores { values[score.name] = JSONValue(score.value) }
        console.print(json: [
          "dataset": JSONValue(name), "protocol": JSONValue(scoring.rawValue), "primary": JSONValue(scores.primary),
          "value": JSONValue(scores.value), "scores": values, "invalid_rate": JSONValue(scores.invalidRate),
          "count": JSONValue(scores.count), "notes": JSONValue(scores.notes),
        ])
      } else {
        var table = TextTable([.init(title: "\(name), \(scoring.rawValue)"), .init(title: "score", isNumber: true)])
        for score in scores.scores {
          table.add([
            score.name + (score.name == scores.primary ? " (primary)" : ""), Format.decimal(score.value, digits: 4),
          ])
        }
        table.add(["invalid answers", Format.decimal(scores.invalidRate, digits: 4)])
        table.add(["rows", "\(scores.count)"])
        table.print(to: console)
        for note in scores.notes { console.note("note: \(note)") }
      }
      return .done
    })

  private static func answers(_ path: String) throws -> [ScoredAnswer] {
    let rows = try TableFile.open(path: path).rows()
    var answers: [ScoredAnswer] = []
    while let row = try rows.next() {
      guard let predict = row["predict"]?.string else { throw row.complaint("\"predict\" is missing or no string") }
      guard let label = row["label"]?.string else { throw row.complaint("\"label\" is missing or no string") }
      answers.append(
        ScoredAnswer(
          predict: predict, label: label, group: row["group"]?.string,
          allAnswers: row["answers"]?.array?.compactMap(\.string)))
    }
    return answers
  }
}
