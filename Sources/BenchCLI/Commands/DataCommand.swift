import Foundation
import PEFTBench
import PEFTCore

/// `data …`: what is on disk, what the model is shown of it, and any table as JSONL.
enum DataCommand {
  private static let root = OptionSpec(
    long: "root", valueName: "DIR", help: "The folder of the datasets; datasets/full unless given.")

  static let preview = Command(
    name: "data preview", summary: "Show what a model is given of a dataset, as text and ids.",
    positionals: [PositionalSpec(name: "DATASET", help: "One of the 27 datasets.")],
    options: [
      OptionSpec(long: "model", short: "m", valueName: "PATH", help: "The model whose template and tokenizer to use."),
      root, OptionSpec(long: "limit", valueName: "N", help: "Rows to show; 3 unless given."),
      OptionSpec(
        long: "split", valueName: "PART", choices: ["training", "evaluation"], help: "training unless given."),
      OptionSpec(long: "template", valueName: "NAME", help: "A chat template in place of the model's own."),
      .json,
    ],
    examples: [
      .init(line: "peft-bench data preview sst2 --model models/x --root data", meaning: "The first three rows."),
      .init(line: "peft-bench data preview gsm8k --model models/x --json", meaning: "Ids for a script."),
    ],
    run: { arguments, console in
      let name = arguments.positional("DATASET") ?? ""
      let dataset = try DatasetCatalogue.known(name)
      guard let path = arguments.value("model") else { throw arguments.error("--model is missing") }
      let renderer = try LoadedModel.renderer(of: try ModelFiles.open(path), template: arguments.value("template"))
      let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 3
      let part: DatasetPart = arguments.value("split") == "evaluation" ? .evaluation : .training
      let loaded = try DatasetLoader(locator: locator(arguments)).load(dataset, part, limit: limit)
      for (index, example) in loaded.examples.enumerated() {
        let rendered = try renderer.render(example, of: loaded.dataset)
        if arguments.flag("json") {
          console.print(line: [
            "prompt": JSONValue(rendered.prompt), "answer": JSONValue(rendered.completion),
            "prompt_ids": JSONValue(rendered.promptIDs.map(Int.init)),
            "answer_ids": JSONValue(rendered.answerIDs.map(Int.init)),
          ])
          continue
        }
        let traits = console.outputTraits
        console.print(
          traits.styled("row \(index)", .bold)
            + "  \(rendered.promptIDs.count) prompt tokens, \(rendered.answerIDs.count) trained")
        console.print(rendered.prompt + traits.styled(rendered.completion, .green))
        console.print("trained ids: \(rendered.answerIDs.map(String.init).joined(separator: " "))\n")
      }
      return .done
    })

  static let cat = Command(
    name: "data cat", summary: "Print any readable table as JSONL.",
    discussion: ["Reads JSONL, JSON, CSV, TSV and Parquet, chosen by content; gzip and Zstandard around them too."],
    positionals: [PositionalSpec(name: "FILE", help: "The table.")],
    options: [
      OptionSpec(long: "columns", valueName: "A,B", help: "Only these columns."),
      OptionSpec(long: "limit", valueName: "N", help: "Only the first N rows."),
    ],
    examples: [
      .init(line: "peft-bench data cat train.parquet --limit 5", meaning: "The first rows."),
      .init(line: "peft-bench data cat train.parquet --columns premise,label", meaning: "Two columns."),
    ],
    run: { arguments, console in
      let columns = arguments.value("columns").map { $0.split(separator: ",").map(String.init) }
      let table = try TableFile.open(path: arguments.positional("FILE") ?? "", columns: columns)
      var left = try arguments.integer("limit", in: 0...Int.max) ?? Int.max
      let rows = try table.rows()
      while left > 0, let row = try rows.next() {
        left -= 1
        console.print(line: JSONValue(DocumentValue(.object(row.object))))
      }
      return .done
    })

  static let status = Command(
    name: "data status", summary: "Which of the 27 datasets are where, with their rows.",
    options: [root, .json],
    examples: [
      .init(line: "peft-bench data status", meaning: "The full suite's folder."),
      .init(line: "peft-bench data status --root ~/data --json", meaning: "Another folder, for a script."),
    ],
    run: { arguments, console in
      let loader = DatasetLoader(locator: locator(arguments))
      var table = TextTable([
        .init(title: "dataset"), .init(title: "training rows", isNumber: true),
        .init(title: "evaluation rows", isNumber: true), .init(title: "where"),
      ])
      var json: [JSONValue] = []
      for dataset in DatasetCatalogue.all {
        let training = try? loader.rowCount(of: dataset, .training)
        let evaluation = try? loader.rowCount(of: dataset, .evaluation)
        let place = (try? loader.locator.locate(dataset, .evaluation))?.files.first
        json.append([
          "dataset": JSONValue(dataset.id), "training_rows": JSONValue(training),
          "evaluation_rows": JSONValue(evaluation), "path": JSONValue(place),
          "source": JSONValue(dataset.source?.repository),
        ])
        table.add([
          dataset.id, Format.count(training.map(Double.init)), Format.count(evaluation.map(Double.init)),
          place ?? "missing; on the Hub as \(dataset.source?.repository ?? "–")",
        ])
      }
      if arguments.flag("json") { console.print(json: .array(json)) } else { table.print(to: console) }
      return .done
    })

  private static func locator(_ arguments: ParsedArguments) -> DatasetLocator {
    DatasetLocator(root: arguments.value("root") ?? "datasets/full")
  }
}
