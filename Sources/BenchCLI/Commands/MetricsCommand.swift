import PEFTBench
import PEFTCore
import TableFiles

/// `metrics`: scores predictions that are already in a file.
enum MetricsCommand {
  static let command = Command(
    name: "metrics", summary: "Score a file of predictions by a dataset's metric.",
    discussion: [
      "FILE holds one {\"predict\": text, \"label\": text} per line, as generated_predictions.jsonl of LLaMA-Factory; "
        + "\"group\" and \"answers\" may be there too, as in the predictions of a run. The primary score is the one that `run` records.",
      "Printed beside the scores: the headline score of the most frequent gold answer given to every row (majority), that of "
        + "guessing among the labels (chance), and how many different answers there are.",
    ],
    positionals: [
      PositionalSpec(name: "DATASET", help: "A dataset of the catalogue, or one that --config describes."),
      PositionalSpec(name: "FILE", help: "The predictions, JSONL."),
    ],
    options: [
      OptionSpec(
        long: "protocol", valueName: "NAME", choices: ScoringProtocol.allCases.map(\.rawValue),
        help: "strict (the default), or what PEFT-Bench's published script computes."),
      OptionSpec(
        long: "confusion", help: "Also precision, recall and F1 of each label, and which label was taken for which."),
      DataCommand.config, .json,
    ],
    examples: [
      .init(line: "peft-bench metrics sst2 predictions.jsonl", meaning: "Score a run's predictions."),
      .init(
        line: "peft-bench metrics tickets predictions.jsonl --config c.yaml --confusion",
        meaning: "A dataset of your own, with its confusion matrix."),
      .init(
        line: "peft-bench metrics svamp p.jsonl --protocol peft-bench --json", meaning: "As the published script does."),
    ],
    run: { arguments, console in
      let name = arguments.positional("DATASET") ?? ""
      let dataset = try DataPlace(arguments).dataset(name)
      let scoring = arguments.value("protocol").flatMap(ScoringProtocol.init) ?? .strict
      let answers = try answers(arguments.positional("FILE") ?? "")
      let scores = try dataset.metric.score(answers, under: scoring)
      let summary = try dataset.metric.summary(of: answers, under: scoring)
      if arguments.flag("json") {
        var values: JSONValue = [:]
        for score in scores.scores { values[score.name] = JSONValue(score.value) }
        var json: JSONValue = [
          "dataset": JSONValue(name), "protocol": JSONValue(scoring.rawValue), "primary": JSONValue(scores.primary),
          "value": JSONValue(scores.value), "scores": values, "invalid_rate": JSONValue(scores.invalidRate),
          "count": JSONValue(scores.count), "notes": JSONValue(scores.notes),
        ]
        (arguments.flag("confusion") ? summary : summary.withoutClasses).add(to: &json)
        console.print(json: json)
      } else {
        var table = TextTable([.init(title: "\(name), \(scoring.rawValue)"), .init(title: "score", isNumber: true)])
        for score in scores.scores {
          table.add([
            score.name + (score.name == scores.primary ? " (primary)" : ""), Format.decimal(score.value, digits: 4),
          ])
        }
        if let majority = summary.majority {
          let answer = majority.answer.count > 40 ? majority.answer.prefix(40) + "…" : majority.answer
          table.add(["majority (\(answer) to every row)", Format.decimal(majority.value, digits: 4)])
        }
        if let chance = summary.chance { table.add(["chance", Format.decimal(chance, digits: 4)]) }
        table.add(["invalid answers", Format.decimal(scores.invalidRate, digits: 4)])
        if let count = summary.distinctAnswers { table.add(["different answers", "\(count)"]) }
        table.add(["rows", "\(scores.count)"])
        table.print(to: console)
        if arguments.flag("confusion") { printConfusion(summary, console) }
        for note in scores.notes { console.note("note: \(note)") }
      }
      return .done
    })

  private static func printConfusion(_ summary: AnswerSummary, _ console: Console) {
    guard !summary.classes.isEmpty else { return console.note("note: the answers are not label words") }
    var classes = TextTable([
      .init(title: "label"), .init(title: "precision", isNumber: true), .init(title: "recall", isNumber: true),
      .init(title: "f1", isNumber: true), .init(title: "rows", isNumber: true),
    ])
    for scores in summary.classes {
      classes.add(
        [scores.label] + [scores.precision, scores.recall, scores.f1].map { Format.decimal($0, digits: 4) }
          + ["\(scores.support)"])
    }
    console.print("")
    classes.print(to: console)
    if let reason = summary.confusionAbsence { console.note("note: no confusion matrix of \(reason)") }
    guard let confusion = summary.confusion else { return }
    var matrix = TextTable(
      [.init(title: "gold, predicted as")]
        + (confusion.labels + ["invalid"]).map { TextTable.Column(title: $0, isNumber: true) })
    for (index, label) in confusion.labels.enumerated() {
      matrix.add([label] + (confusion.counts[index] + [confusion.invalid[index]]).map { "\($0)" })
    }
    console.print("")
    matrix.print(to: console)
  }

  private static func answers(_ path: String) throws -> [ScoredAnswer] {
    let rows = try TableFile.open(path: path).rows()
    var answers: [ScoredAnswer] = []
    while let row = try rows.next() {
      guard let predict = row["predict"]?.string else { throw row.error("\"predict\" is missing or not a string") }
      guard let label = row["label"]?.string else { throw row.error("\"label\" is missing or not a string") }
      answers.append(
        ScoredAnswer(predict: predict, label: label, group: try group(of: row), allAnswers: try accepted(of: row)))
    }
    return answers
  }

  /// What ties a row to others; a number does as well as a text.
  private static func group(of row: TableRow) throws(TableError) -> String? {
    guard let value = row["group"] else { return nil }
    if let group = value.string ?? value.integer.map({ "\($0)" }) { return group }
    throw row.error(
      "\"group\": expected a string or an integer, the same for rows that belong together, found \(value.shown)")
  }

  /// Every accepted answer of a row.
  private static func accepted(of row: TableRow) throws(TableError) -> [String]? {
    guard let value = row["answers"] else { return nil }
    let answers = value.array?.map(\.string)
    guard let answers, !answers.isEmpty, !answers.contains(nil) else {
      throw row.error("\"answers\": expected a list of strings, the accepted answers, found \(value.shown)")
    }
    return answers.compactMap(\.self)
  }
}
