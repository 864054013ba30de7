import PEFTBench
import PEFTCore
import SmallWorld

extension DataCommand {
  static let generate = Command(
    name: "data generate", summary: "Write the mini datasets, or show the text that the mini model is pretrained on.",
    discussion: [
      "The mini suite is made by this program from a small world of its own (a lexicon and a grammar) and a seed: the "
        + "same seed gives the same bytes. Writes DIR/NAME/train.jsonl (256 rows) and DIR/NAME/validation.jsonl (128 rows) "
        + "in the columns of the real datasets. With --corpus, writes nothing and prints pretraining documents, which tell "
        + "other facts than the rows."
    ],
    options: [
      OptionSpec(long: "to", valueName: "DIR", help: "The folder of the datasets; datasets/mini unless given."),
      OptionSpec(
        long: "dataset", valueName: "NAME", isRepeated: true, help: "Only this dataset or group; all unless given."),
      OptionSpec(long: "seed", valueName: "N", help: "The seed; that of the suite in this repository unless given."),
      OptionSpec(long: "corpus", valueName: "N", help: "Print the first N documents of the pretraining text instead."),
      OptionSpec(
        long: "from", valueName: "I", help: "With --corpus: the number of the first document; 0 unless given."),
      OptionSpec(
        long: "stage", valueName: "STAGE", choices: SmallWorldCorpus.Stage.allCases.map(\.rawValue),
        help: "With --corpus: what a model reads first (course, unless given), or practises then."),
      .json,
    ],
    examples: [
      .init(line: "peft-bench data generate", meaning: "All mini datasets, into datasets/mini."),
      .init(line: "peft-bench data generate --corpus 20", meaning: "Twenty documents of the pretraining text."),
    ],
    run: { arguments, console in
      let seed = try arguments.integer("seed", in: 0...Int.max) ?? SmallWorld.defaultSeed
      if let count = try arguments.integer("corpus", in: 0...Int.max) {
        try printCorpus(count, seed: seed, arguments, console)
        return .done
      }
      for name in ["from", "stage"] where arguments.value(name) != nil {
        throw arguments.error("--\(name) is for --corpus")
      }
      var datasets: [any MiniDataset] = []
      for name in arguments.all("dataset").isEmpty ? ["all"] : arguments.all("dataset") {
        let named = try DatasetCatalogue.datasets(named: name)
        guard named.contains(where: { SmallWorld.dataset($0.id) != nil }) else {
          throw arguments.error("\(name) has no counterpart in the mini suite")
        }
        for dataset in named {
          guard let mini = SmallWorld.dataset(dataset.id), !datasets.contains(where: { $0.name == mini.name }) else {
            continue
          }
          datasets.append(mini)
        }
      }
      let folder = arguments.value("to") ?? DataConfiguration.Suite.mini.defaultRoot
      var json: [JSONValue] = []
      for dataset in datasets {
        let paths = try MiniSuite.write(dataset, to: folder, seed: seed)
        json.append(["dataset": JSONValue(dataset.name), "files": JSONValue(paths)])
        if !arguments.flag("json") { console.print("\(dataset.name)  \(paths.joined(separator: "  "))") }
      }
      if arguments.flag("json") { console.print(json: .array(json)) }
      return .done
    })

  private static func printCorpus(
    _ count: Int, seed: Int, _ arguments: ParsedArguments, _ console: Console
  ) throws {
    guard arguments.all("dataset").isEmpty, arguments.value("to") == nil else {
      throw arguments.error("--corpus prints the text of the whole small world; it takes neither --dataset nor --to")
    }
    let stage = arguments.value("stage").flatMap(SmallWorldCorpus.Stage.init) ?? .course
    let corpus = SmallWorldCorpus(seed: seed, stage: stage)
    let start = try arguments.integer("from", in: 0...Int.max) ?? 0
    for index in 0..<count {
      let document = corpus.document(UInt64(start) &+ UInt64(index))
      if arguments.flag("json") {
        console.print(line: document.json)
        continue
      }
      if index > 0 { console.print("") }
      switch document {
      case .prose(let text): console.print(text)
      case .conversation(let messages):
        for message in messages { console.print("\(message.role): \(message.content)") }
      }
    }
  }
}
