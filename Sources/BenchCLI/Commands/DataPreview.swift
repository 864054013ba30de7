import PEFTBench
import PEFTCore

extension DataCommand {
  static let preview = Command(
    name: "data preview", summary: "Show what a model is given of a dataset, as text and ids.",
    discussion: [
      "Prints prompt and answer within the model's chat template, as training and evaluation render them. What is "
        + "trained stands between ⟦ and ⟧ and is listed token by token; everything before it is only read. With "
        + "--json, one {\"prompt\", \"answer\", \"prompt_ids\", \"answer_ids\"} per line."
    ],
    positionals: [PositionalSpec(name: "DATASET", help: "A dataset of the catalogue, or one that --config describes.")],
    options: [
      OptionSpec(long: "model", short: "m", valueName: "PATH", help: "The model whose template and tokenizer to use."),
      root, config, OptionSpec(long: "limit", valueName: "N", help: "Rows to show; 3 unless given."),
      OptionSpec(
        long: "split", valueName: "SPLIT", choices: ["train", "validation", "test", "training", "evaluation"],
        help: "Rows to train on (train or training), which are shown unless given, rows to score, or a third split."),
      OptionSpec(
        long: "cutoff", valueName: "N", help: "Most tokens of prompt and answer together; no limit unless given."),
      OptionSpec(long: "template", valueName: "NAME", help: "A chat template in place of the model's own."),
      OptionSpec(
        long: "dataset-info", valueName: "FILE",
        help: "A dataset_info.json whose instructions replace the built-in ones."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench data preview sst2 --model models/x --root data", meaning: "The first three rows."),
      .init(line: "peft-bench data preview gsm8k --model models/x --json", meaning: "Ids for a script."),
      .init(line: "peft-bench data preview tickets --config c.yaml", meaning: "A dataset that a config describes."),
    ],
    run: { arguments, console in
      let place = try DataPlace(arguments)
      let dataset = try place.dataset(arguments.positional("DATASET") ?? "")
      let model = place.configuration?.models.first
      guard let path = arguments.value("model") ?? model?.path else { throw arguments.error("--model is missing") }
      let template = arguments.value("template") ?? (arguments.value("model") == nil ? model?.template : nil)
      let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 3
      let cutoff = try arguments.integer("cutoff", in: 8...10_000_000)
      let part = Self.part(arguments.value("split") ?? "train")
      let renderer = try LoadedModel.renderer(of: try ModelFiles.open(path), template: template)
      let loaded = try place.loader.load(dataset, part, .first(limit))
      if renderer.endToken == nil {
        console.note("note: no file of the model says what ends an answer; a run with it is refused")
      }
      for note in loaded.notes { console.note("note: \(note)") }
      for (index, example) in loaded.examples.enumerated() {
        let preview = try ExamplePreview(example, of: loaded.dataset, with: renderer, cutoff: cutoff)
        if arguments.flag("json") {
          console.print(line: preview.json)
        } else {
          show(preview, number: index, tokenizer: renderer.tokenizer, console)
        }
      }
      return .done
    })

  /// The part that a split's usual name stands for; of some datasets it is scored on another split than that.
  private static func part(_ name: String) -> DatasetPart {
    switch name {
    case "train": .training
    case "validation": .evaluation
    default: DatasetPart(rawValue: name) ?? .training
    }
  }

  private static func show(_ preview: ExamplePreview, number: Int, tokenizer: Tokenizer, _ console: Console) {
    let traits = console.outputTraits
    let answerIDs = preview.ids[preview.trained]
    console.print(
      traits.styled("row \(number)", .bold)
        + "  \(preview.trained.lowerBound) prompt tokens, \(answerIDs.count) trained"
        + (preview.isCut ? ", cut to the limit" : ""))
    console.print(
      Console.harmless(preview.prompt) + "⟦" + traits.styled(Console.harmless(preview.answer), .green) + "⟧")
    let tokens = zip(answerIDs.indices, answerIDs).map { position, id in
      let text = tokenizer.decode([id], skipSpecialTokens: false)
      return "\(position): \(id) \(Console.harmless(text).debugDescription)"
    }
    console.print(traits.styled("trained  ", .dim) + tokens.joined(separator: "  ") + "\n")
  }
}
