import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

extension AdapterCommand {
  static let combine = Command(
    name: "adapter combine", summary: "Add saved adapters: task vectors, exact sums, or as PEFT and mergekit do.",
    discussion: [
      "EXPRESSION is a weighted sum of adapters that --adapter gives names to, such as "
        + "'origin + 0.4*mnli + 0.6*(qnli - sst2)'. What it means is the convention's: task-vector adds what parameters "
        + "gained since their origin; delta adds weight updates, exactly (cat) or as the nearest update of a rank (svd); hf "
        + "and mergekit compute what these tools compute, under their names for types.",
      "The result is an ordinary adapter; task-vector without an origin makes a vector, which is no adapter, but a term of "
        + "other sums. For everything that can be merged into the weights, it prints how far the result is from the "
        + "exact sum of the adapters' updates; for task vectors of methods other than lora that takes the base model. (hf's "
        + "linear of two adapters, for example, is not their sum.)",
      "task-vector needs to know what adapters started from. Runs note it beside their adapters "
        + "(peft_bench_origin.json), and it is made again from the base model; for others give --origin.",
    ],
    positionals: [PositionalSpec(name: "EXPRESSION", help: "A weighted sum of adapters.")],
    options: [
      OptionSpec(
        long: "adapter", valueName: "NAME=DIR", isRepeated: true,
        help: "A saved adapter and its name in the expression."),
      NewAdapterFolder.option,
      OptionSpec(
        long: "convention", valueName: "NAME", choices: CombinationKind.conventions,
        help: "What adding means; task-vector unless given."),
      OptionSpec(
        long: "type", valueName: "NAME",
        help: "Within the convention: cat or svd of delta, linear, ties, dare_ties_svd … of hf, della … of mergekit."),
      OptionSpec(
        long: "rank", valueName: "N", help: "Rank of a decomposed result; the adapters' largest unless given."),
      OptionSpec(
        long: "density", valueName: "X", help: "Share of the elements that stay, where the type leaves some out."),
      OptionSpec(
        long: "set", valueName: "KEY=VALUE", isRepeated: true,
        help: "gamma, epsilon, majority_sign_method, svd_clamp, or a number that the expression has a name for."),
      OptionSpec(
        long: "origin", valueName: "DIR",
        help: "What all adapters started from: a folder, or neutral (zeros, ones for ia3); what each says unless given."
      ),
      OptionSpec(long: "seed", valueName: "N", help: "What random masks are drawn by; 0 unless given."),
      OptionSpec(long: "all-maps", help: "Print the deviation of every map."),
      AdapterBase.option, .threads, .json,
    ],
    examples: [
      .init(
        line: "peft-bench adapter combine 'origin + a - b' --adapter a=A --adapter b=B --to C",
        meaning: "A task vector added, another one taken away."),
      .init(
        line: "peft-bench adapter combine 0.5*a --adapter a=A --convention delta --to C",
        meaning: "Half of an update, exactly."),
    ],
    run: { arguments, console in
      let recipe = try recipe(arguments)
      let target = try NewAdapterFolder.path(arguments)
      let files = try recipe.adapters.map { try AdapterFile.open($0.path) }
      let base = try AdapterBase(arguments)
      let origins = base.origins(common: recipe.origin)
      let model = try neededModel(for: recipe, of: files, base)
      let result = try recipe.combined(
        files, named: target, base: model, workers: base.workers, origin: origins.values)
      try result.file.write(to: target)
      let names = recipe.kind.names
      if arguments.flag("json") {
        var json = DeviationReport.json(result)
        json["path"] = JSONValue(target)
        json["convention"] = JSONValue(names.convention)
        json["type"] = JSONValue(names.type)
        json["method"] = JSONValue(Swift.type(of: try result.file.method()).name)
        console.print(json: json)
      } else {
        console.print(
          "\(target): \(recipe.text), by \([names.convention, names.type].compactMap { $0 }.joined(separator: " "))")
        DeviationReport.print(result, all: arguments.flag("all-maps"), of: "the exact sum", to: console)
      }
      return .done
    })

  /// The base model, read where the updates of an adapter depend on it, as those of LoRA's variants do too; nil where it is
  /// not needed, or not there.
  private static func neededModel(
    for recipe: CombinationRecipe, of files: [AdapterFile], _ base: AdapterBase
  ) throws -> LoadedBase? {
    func dependsOnBase(_ file: AdapterFile) -> Bool { (try? LoRAConversion.needsBase(file)) != false }
    if recipe.kind == .taskVector {
      // It is only measured by the model; a vector changes no weight.
      guard recipe.vectorComplaint == nil, files.contains(where: dependsOnBase) else { return nil }
      return try base.modelIfThere(for: files)
    }
    guard recipe.kind.takesAnyMethod, files.contains(where: { dependsOnBase($0) && base.isThere(for: $0) }) else {
      return nil
    }
    return try files.first(where: base.isThere).map(base.model)
  }

  /// The options of a recipe that `--set` gives.
  private static let optionsBySet = ["gamma", "epsilon", "majority_sign_method", "svd_clamp"]

  /// The recipe that the arguments describe, with their own names in its errors.
  private static func recipe(_ arguments: ParsedArguments) throws -> CombinationRecipe {
    let expression = arguments.positional("EXPRESSION") ?? ""
    var json: JSONValue = ["combine": JSONValue(expression)]
    var adapters = JSONObject()
    for text in arguments.all("adapter") {
      guard let split = text.firstIndex(of: "="), split != text.startIndex else {
        throw arguments.error("--adapter: expected NAME=DIR, found \(text.debugDescription)")
      }
      let name = String(text[..<split])
      guard adapters[name] == nil else { throw arguments.error("--adapter: \(name) is named twice") }
      adapters[name] = JSONValue(String(text[text.index(after: split)...]))
    }
    guard !adapters.members.isEmpty else { throw arguments.error("--adapter is missing; the expression needs some") }
    json["adapters"] = .object(adapters)
    for name in ["convention", "type", "origin"] {
      if let value = arguments.value(name) { json[name] = JSONValue(value) }
    }
    if let rank = try arguments.integer("rank", in: 1...65_536) { json["rank"] = JSONValue(rank) }
    if let seed = try arguments.integer("seed", in: Int.min...Int.max) { json["seed"] = JSONValue(seed) }
    if let density = try arguments.number("density") { json["density"] = JSONValue(density) }
    let names = AdapterExpression.pieces(of: expression).filter { $0.isName && $0.text != "origin" }.map(\.text)
    var values = JSONObject()
    for text in arguments.all("set") {
      guard let split = text.firstIndex(of: "=") else {
        throw arguments.error("--set: expected KEY=VALUE, found \(text.debugDescription)")
      }
      let (key, value) = (String(text[..<split]), PlainScalar.content(of: String(text[text.index(after: split)...])))
      if optionsBySet.contains(key) {
        json[key] = JSONValue(DocumentValue(value))
      } else if names.contains(key) {
        values[key] = JSONValue(DocumentValue(value))
      } else {
        let guess = NearestName.of(key, among: optionsBySet + names).map { "; did you mean \($0)?" } ?? ""
        throw arguments.error(
          "--set: \(key.debugDescription) is neither a name in \(expression) nor one of "
            + "\(optionsBySet.joined(separator: ", "))\(guess)")
      }
    }
    if !values.members.isEmpty { json["values"] = .object(values) }
    let text = DocumentText(name: "adapter combine", bytes: [], isArgument: true)
    var reader = try OptionReader(value: DocumentValue(json: json, at: 0), text: text, what: "the combination")
    return try CombinationRecipe(reading: &reader)
  }
}
