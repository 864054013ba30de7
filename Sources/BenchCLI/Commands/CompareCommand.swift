import PEFTBench
import PEFTCore
import Reporting

/// `compare`: the regression gate.
enum CompareCommand {
  static let command = Command(
    name: "compare", summary: "Compare results with a baseline; status 3 if something became worse.",
    discussion: [
      "Runs match by model, method, data, seed and settings, whatever the version of the code. Scores, parameters, inference "
        + "FLOPs and peak bytes of tensors must not become worse at all, unless a tolerance says otherwise; PSCP and "
        + "speed count only with a tolerance. A run that failed or is missing is a regression.",
      "METRIC is score (any headline score), the name of a score such as accuracy, pscp, parameters, flops, memory or "
        + "speed; VALUE is absolute (0.02 is two points of a score) or relative (2%).",
      "--match takes parts of a run, with commas between them: "
        + RunPart.allCases.map { "\($0.rawValue) (\($0.about))" }.joined(separator: ", ")
        + ". Runs then match by these alone, and what else differs in their settings is listed.",
    ],
    positionals: [
      PositionalSpec(name: "BASELINE", help: "A results folder, or the JSON that report -f json prints."),
      PositionalSpec(name: "CANDIDATE", help: "The same, to be judged."),
    ],
    options: [
      OptionSpec(
        long: "tolerance", short: "t", valueName: "METRIC=VALUE", isRepeated: true,
        help: "How much worse a metric may become, such as accuracy=0.02 or memory=5%."),
      OptionSpec(
        long: "significant",
        help: "A drop of a score counts only when the paired bootstrap interval over the examples excludes zero."),
      OptionSpec(long: "allow-missing", help: "Runs that the candidate lacks are not a regression."),
      OptionSpec(
        long: "match", valueName: "PARTS",
        help: "Compare runs that are equal in these parts, such as dataset,method,seed."),
      .onlyOfResults,
      OptionSpec(long: "junit", valueName: "FILE", help: "Also write JUnit XML."),
      OptionSpec(long: "markdown", help: "Print Markdown, as for the summary of a CI job."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench compare main.json results/pr", meaning: "Against a committed baseline."),
      .init(
        line: "peft-bench compare old new --match dataset,method,seed",
        meaning: "After a change of the model, the config or the data."),
      .init(
        line: "peft-bench compare old new -t score=0.01 --significant", meaning: "Only clear drops of a point or more."),
    ],
    run: { arguments, console in
      console.outlivesReader = true
      try ReportCommand.refuseReserved("junit", arguments)
      var options = Comparison.Options()
      options.tolerances = try arguments.all("tolerance").map { try tolerance($0, arguments) }
      options.needsSignificance = arguments.flag("significant")
      options.allowsMissing = arguments.flag("allow-missing")
      if let parts = arguments.value("match") {
        do { options.match = try RunMatch(parts) } catch { throw arguments.error("--match: \(error)") }
      }
      let only = try ReportCommand.only(arguments)
      let sides = try ["BASELINE", "CANDIDATE"].map { name in
        try ReportedResults([arguments.positional(name) ?? ""], only: only)
      }
      for note in sides.flatMap(\.notes) { console.warning(note) }
      let comparison = try Comparison(sides[0], sides[1], options: options)
      for note in comparison.notes { console.warning(note) }
      if let file = arguments.value("junit") { try AtomicFile.write(comparison.junit, to: file) }
      if arguments.flag("json") {
        console.print(json: comparison.json)
      } else if arguments.flag("markdown") {
        console.print(document: comparison.markdown)
      } else {
        let traits = console.outputTraits
        let table = comparison.table
        if !table.rows.isEmpty {
          for line in ReportPrinter.lines(table, width: traits.isTerminal ? traits.width : Int.max) {
            console.print(line)
          }
        }
        if !comparison.changes.isEmpty {
          console.print(traits.styled("Settings that differ:", .bold))
          for line in comparison.changeLines { console.print("  " + line) }
        }
        console.print(traits.styled(comparison.summary, comparison.isRegression ? .red : .green))
      }
      return comparison.isRegression ? .regression : .done
    })

  private static func tolerance(_ text: String, _ arguments: ParsedArguments) throws -> (String, Tolerance) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, let tolerance = Tolerance(parts[1]) else {
      throw arguments.error(
        "--tolerance: expected a metric and a number or percentage, such as accuracy=0.02 or memory=5%, found \"\(text)\""
      )
    }
    if let complaint = tolerance.complaint(of: parts[0]) { throw arguments.error("--tolerance: \(text) \(complaint)") }
    return (parts[0], tolerance)
  }
}
