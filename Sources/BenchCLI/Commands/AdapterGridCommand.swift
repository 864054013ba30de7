import Dispatch
import Foundation
import PEFTBench
import PEFTCore

extension AdapterCommand {
  static let grid = Command(
    name: "adapter grid",
    summary: "Combine or compress the adapters of a results folder; choose on held-out rows, score on evaluation rows.",
    discussion: [
      "RESULTS is a folder of complete runs. Runs that differ in their dataset alone belong together, and of every pair of "
        + "them an adapter is made by --expression, in which a and b (and c, d … for larger sets) stand for the two, and every "
        + "other name for a number that goes from 0 to 1 by --step, or through --set NAME=VALUES. What comes out is judged on "
        + "the training rows that the runs held back (validation_fraction); the numbers with the best mean score are chosen, of "
        + "several the middle ones, and these alone are judged on the evaluation rows of all tasks, beside the tasks' own "
        + "adapters: is the merged adapter as good as its parts?",
      "With --keep or --alpha adapters are compressed instead (ComPEFT): for each share of the values that is kept, alpha is "
        + "chosen in the same way. What adapter compress refuses to leave values out of is refused here too, and so is an "
        + "expression of task vectors without an origin.",
      "The model is loaded once. Each choice is written to RESULTS/grids when it is made, and what is there is not made again; "
        + "several processes can share the work by --shard.",
    ],
    positionals: [PositionalSpec(name: "RESULTS", help: "A folder that run has written.")],
    options: [
      OptionSpec(
        long: "expression", short: "e", valueName: "EXPRESSION",
        help: "What is made of the adapters a, b …; '\(CombinationGrid.usualExpression)' unless given."),
      OptionSpec(
        long: "set", valueName: "NAME=VALUES", isRepeated: true,
        help: "The values of a number of the expression: 0:1:0.05 (from, to, step), or 0,0.5,1."),
      OptionSpec(long: "step", valueName: "X", help: "The step from 0 to 1 of all other numbers; 0.05 unless given."),
      OptionSpec(
        long: "pairs", valueName: "A+B", isRepeated: true,
        help: "Only these datasets together, such as sst2+mnli; all pairs unless given."),
      OptionSpec(
        long: "convention", valueName: "NAME",
        help: "What adding means, as in adapter combine; task-vector unless given."),
      OptionSpec(long: "type", valueName: "NAME", help: "Within the convention, as in adapter combine."),
      OptionSpec(long: "rank", valueName: "N", help: "Rank of a decomposed combination."),
      OptionSpec(
        long: "density", valueName: "X", help: "Share of the elements that stay, where the type leaves some out."),
      OptionSpec(
        long: "keep", valueName: "X,…",
        help: "Compress instead: the shares of the values that are kept; 0.05,0.1,0.2,0.3,0.5 with --alpha alone."),
      OptionSpec(
        long: "alpha", valueName: "X,…",
        help: "Compress instead: the factors to choose from; 0.5,1,2,3,4,5,6,8,10 with --keep alone."),
      OptionSpec(
        long: "control",
        help: "Of a compression, keep values that are drawn at random: what choosing the largest is worth."),
      OptionSpec(
        long: "held-out-rows", valueName: "N", help: "At most N held-out rows of each task; all unless given."),
      .only,
      OptionSpec(long: "shard", valueName: "I/N", help: "Only every N-th choice, beginning with the I-th."),
      .threads, .json, .quiet,
    ],
    examples: [
      .init(
        line: "peft-bench adapter grid results/tasks --expression 'origin + l*a + (1-l)*b'",
        meaning: "All pairs, 21 weights each."),
      .init(line: "peft-bench adapter grid results/tasks --keep 0.1 --alpha 1,2,4", meaning: "A tenth of the values."),
    ],
    run: { arguments, console in
      let results = ResultsFolder(path: arguments.positional("RESULTS") ?? "")
      let configuration = try RunConfiguration(
        try ConfigFile.load(path: "\(results.path)/\(ResultsFolder.configName)", environment: RunSession.environment))
      let filter = RunFilter(try RunSession.only(arguments))
      let selection = configuration.selection(
        datasets: try configuration.data.descriptions(from: configuration.file), only: filter)
      if let complaint = filter.complaint(names: selection.names) { throw arguments.error(complaint) }
      let plan = try plan(arguments)
      let shard = try RunSession.shard(arguments)
      let grid = AdapterGrid(
        configuration, results: results,
        context: ComputeContext(
          threads: try arguments.integer("threads", in: 1...4096) ?? configuration.threads
            ?? ProcessInfo.processInfo.activeProcessorCount),
        heldOutLimit: try arguments.integer("held-out-rows", in: 1...Int.max),
        cancellation: Interrupts.flag(console: console), note: { console.note("note: \($0)") })
      let all = try grid.problems(
        of: plan, among: selection.runs,
        sets: arguments.all("pairs").map { $0.split(separator: "+").map(String.init) })
      let problems = all.enumerated().filter { place, _ in
        shard.map { place % $0.count + 1 == $0.index } ?? true
      }.map(\.element)
      var records: [GridRecord] = []
      for (index, problem) in problems.enumerated() {
        let (record, isNew) = try grid.solve(problem)
        records.append(record)
        let time = isNew ? ", \(Format.seconds(record.seconds))" : ", known"
        console.note("\(index + 1)/\(problems.count) \(problem.title)\(time)")
      }
      if arguments.flag("json") {
        console.print(json: .array(records.map(\.json)))
      } else {
        GridTables(records).print(to: console)
      }
      return .done
    })

  /// What the arguments ask for.
  private static func plan(_ arguments: ParsedArguments) throws -> AdapterGrid.Plan {
    let combining = ["expression", "set", "step", "pairs", "convention", "type", "rank", "density"]
    if arguments.value("keep") != nil || arguments.value("alpha") != nil {
      if let other = combining.first(where: { arguments.value($0) != nil }) {
        throw arguments.error("--\(other) is about combinations; --keep and --alpha compress each adapter by itself")
      }
      func numbers(_ name: String, in range: ClosedRange<Double>, default usual: [Double]) throws -> [Double] {
        guard let text = arguments.value(name) else { return usual }
        guard let axis = GridAxis(name, parsing: text), axis.values.allSatisfy(range.contains) else {
          throw arguments.error(
            "--\(name): expected numbers from \(range.lowerBound) to \(range.upperBound), such as 0.1,0.2 or 0.1:0.5:0.1, "
              + "found \(text.debugDescription)")
        }
        return axis.values
      }
      return .compressions(
        CompressionGrid(
          shares: try numbers("keep", in: 0.001...1, default: CompressionGrid.paper.shares),
          alphas: try numbers("alpha", in: 1e-6...1e6, default: CompressionGrid.paper.alphas),
          isControl: arguments.flag("control")))
    }
    if arguments.flag("control") { throw arguments.error("--control goes with --keep or --alpha") }
    var members: JSONValue = [
      "combine": JSONValue(arguments.value("expression") ?? CombinationGrid.usualExpression)
    ]
    for name in ["convention", "type"] {
      if let value = arguments.value(name) { members[name] = JSONValue(value) }
    }
    if let rank = try arguments.integer("rank", in: 1...65_536) { members["rank"] = JSONValue(rank) }
    if let density = try arguments.number("density") { members["density"] = JSONValue(density) }
    let axes = try arguments.all("set").map { text -> GridAxis in
      guard let split = text.firstIndex(of: "="),
        let axis = GridAxis(String(text[..<split]), parsing: String(text[text.index(after: split)...]))
      else {
        throw arguments.error(
          "--set: expected NAME=VALUES, such as l=0:1:0.05 or l=0,0.5,1, found \(text.debugDescription)")
      }
      return axis
    }
    return .combinations(try CombinationGrid(members, axes: axes, step: try arguments.number("step") ?? 0.05))
  }
}
