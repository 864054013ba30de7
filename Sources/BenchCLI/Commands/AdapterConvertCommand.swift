import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

extension AdapterCommand {
  static let convert = Command(
    name: "adapter convert", summary: "Make a LoRA of any adapter that can be merged into the weights.",
    discussion: [
      "Each map's weight update is replaced by the nearest one of a low rank, by its singular values: of --rank for all "
        + "maps, or of as low a rank for each as has the share --energy of the squares of all. Shifts of biases become "
        + "biases of the updates. How far each map is from the adapter's own update is printed.",
      "With --config both adapters answer the evaluation rows of the config's datasets on its model, and both scores are "
        + "printed beside that.",
      "The base model is needed for every method but lora without DoRA or blocks. Virtual tokens, prefixes and bottleneck networks "
        + "are no weight updates, and what is trained in place (norms, embeddings, whole modules) is no linear map's.",
    ],
    positionals: [PositionalSpec(name: "DIR", help: "The saved adapter.")],
    options: [
      NewAdapterFolder.option,
      OptionSpec(
        long: "as", valueName: "METHOD", choices: ["lora"], help: "The method to convert to; lora unless given."),
      OptionSpec(long: "rank", valueName: "N", help: "Rank of every map's update."),
      OptionSpec(
        long: "energy", valueName: "X",
        help: "Share of the squared singular values that is kept; 0.99 unless a rank is given."),
      OptionSpec(
        long: "config", short: "c", valueName: "CONFIG",
        help: "Score the adapter and the LoRA on the datasets of a run's config, on the config's model."),
      OptionSpec(long: "all-maps", help: "Print the deviation of every map."),
      AdapterBase.option, .threads, .json,
    ],
    examples: [
      .init(line: "peft-bench adapter convert DIR --to DIR-lora", meaning: "99 % of each map's energy."),
      .init(line: "peft-bench adapter convert DIR --to DIR-lora --rank 8 -m models/x", meaning: "Of rank 8."),
      .init(
        line: "peft-bench adapter convert DIR --to DIR-lora --config run.yaml", meaning: "With the scores of both."),
    ],
    run: { arguments, console in
      if let name = arguments.value("to"), MethodRegistry.method(named: name) != nil {
        throw arguments.error(
          "--to: expected the folder to make, found the method \(name.debugDescription); did you mean --as lora --to DIR? "
            + "A folder of that name is ./\(name)")
      }
      let target = try NewAdapterFolder.path(arguments)
      let file = try AdapterFile.open(arguments.positional("DIR") ?? "")
      let (rank, energy) = (try arguments.integer("rank", in: 1...65_536), try arguments.number("energy"))
      guard rank == nil || energy == nil else { throw arguments.error("give --rank or --energy, not both") }
      if let energy, !(energy > 0 && energy <= 1) { throw arguments.error("--energy: expected more than 0, up to 1") }
      let base = try AdapterBase(arguments)
      let comparison = try comparison(arguments, console)
      let method = try file.method()
      let isPlain = (try? LoRAConversion.needsBase(file)) == false
      let result = try LoRAConversion.convert(
        file, on: isPlain ? nil : try comparison?.base ?? base.model(of: file),
        keeping: rank.map { .rank($0) } ?? .energy(energy ?? 0.99),
        named: target, workers: base.workers)
      let scores = try comparison.map { ConversionScores(try $0.scores(of: file, and: result.file)) }
      try result.file.write(to: target)
      let (before, after) = (count(file), count(result.file))
      let ranks = result.file.tensors.filter { $0.name.hasSuffix("lora_A.weight") }.map { $0.tensor.shape[0] }
      let span = "\(ranks.min() ?? 0)" + (ranks.min() == ranks.max() ? "" : " to \(ranks.max() ?? 0)")
      if arguments.flag("json") {
        var json = DeviationReport.json(result)
        json["path"] = JSONValue(target)
        json["method"] = JSONValue(type(of: method).name)
        json["parameters"] = JSONValue(after)
        json["parameters_before"] = JSONValue(before)
        json["ranks"] = JSONValue(ranks)
        if let scores { json["scores"] = scores.json }
        console.print(json: json)
      } else {
        console.print(
          "\(target): \(type(of: method).name) with \(Format.count(Double(before))) values as lora of rank \(span) with "
            + "\(Format.count(Double(after)))")
        DeviationReport.print(result, all: arguments.flag("all-maps"), of: "the adapter's update", to: console)
        scores?.print(to: console)
      }
      return .done
    })

  /// What judges both adapters, if a config says on which rows.
  private static func comparison(_ arguments: ParsedArguments, _ console: Console) throws -> AdapterComparison? {
    guard let path = arguments.value("config") else { return nil }
    guard arguments.value("model") == nil else {
      throw arguments.error("--model and --config both name the model; leave out --model")
    }
    let configuration = try RunConfiguration(try ConfigFile.load(path: path, environment: RunSession.environment))
    return try AdapterComparison(
      configuration,
      context: ComputeContext(
        threads: try arguments.integer("threads", in: 1...4096) ?? configuration.threads
          ?? ProcessInfo.processInfo.activeProcessorCount),
      cancellation: Interrupts.flag(console: console), note: { console.note("note: \($0)") })
  }

  /// The numbers in an adapter's file, whatever their type.
  private static func count(_ file: AdapterFile) -> Int { file.tensors.reduce(0) { $0 + $1.tensor.elementCount } }
}
