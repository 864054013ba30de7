import PEFTBench
import PEFTCore

/// `pscp`: the score of methods whose costs are in a table.
enum PSCPCommand {
  static let command = Command(
    name: "pscp", summary: "Compute PSCP from a table of performance and costs.",
    discussion: [
      "FILE is CSV with the columns method, performance (percent), parameters, flops, memory. With --preset paper, "
        + "flops are TFLOP added at inference and memory is in GB. With --preset relative the first row named base "
        + "gives the constants: its parameters, flops and memory.",
      "FILE can also be the summary.csv of a report: then one line per run, with the preset, the exponents and the "
        + "constants of the results; counts and bytes are converted to the units of the preset.",
    ],
    positionals: [PositionalSpec(name: "FILE", help: "The table, CSV.")],
    options: [
      OptionSpec(
        long: "preset", valueName: "NAME", choices: ["paper", "relative"],
        help: "The constants; paper, or that of a summary, unless given."),
      OptionSpec(
        long: "beta", valueName: "P,F,M", help: "The three exponents; 1,1,1, or those of a summary, unless given."),
      .json,
    ],
    examples: [
      .init(line: "peft-bench pscp costs.csv", meaning: "With the paper's constants."),
      .init(line: "peft-bench pscp results/mini/summary.csv --preset paper", meaning: "Our own results again."),
      .init(line: "peft-bench pscp costs.csv --beta 0.5,1,1 --json", meaning: "With other exponents."),
    ],
    run: { arguments, console in
      var settings = PSCPTable.Settings()
      settings.preset = arguments.value("preset")
      if let text = arguments.value("beta") {
        guard let beta = PSCP.Exponents(text) else {
          throw arguments.error("--beta: expected three numbers such as 1,1,1, found \"\(text)\"")
        }
        settings.beta = beta
      }
      let table = try PSCPTable(path: arguments.positional("FILE") ?? "", settings: settings)
      if table.incompleteCount > 0 {
        let count = table.incompleteCount
        console.note(
          "note: \(NumberText.counted(count, "run")) that failed or \(count == 1 ? "is" : "are") missing left out")
      }
      if let note = table.note { console.note("note: \(note)") }
      if arguments.flag("json") {
        console.print(json: .array(table.rows.map(json)))
      } else {
        print(table, console)
      }
      return .done
    })

  private static func json(_ row: PSCPTable.Row) -> JSONValue {
    let terms = row.terms
    var json: JSONValue = [
      "method": JSONValue(row.method), "pscp": JSONValue(row.value),
      "terms": [
        "parameters": JSONValue(terms.parameters), "flops": JSONValue(terms.flops), "memory": JSONValue(terms.memory),
      ],
    ]
    for part in row.place { json[part.name] = JSONValue(part.name == "seed" ? nil : part.value) }
    if let seed = row.place.first(where: { $0.name == "seed" }) {
      json["seed"] = Int(seed.value).map { JSONValue($0) } ?? JSONValue(seed.value)
    }
    return json
  }

  private static func print(_ table: PSCPTable, _ console: Console) {
    let places = table.rows.first?.place.map(\.name) ?? []
    // What is one and the same everywhere needs no column.
    let shown = places.filter { name in
      name == "dataset" || Set(table.rows.map { row in row.place.first { $0.name == name }?.value }).count > 1
    }
    var lines = TextTable(
      shown.map { TextTable.Column(title: $0, isNumber: $0 == "seed") } + [
        .init(title: "method"), .init(title: "performance", isNumber: true), .init(title: "parameters", isNumber: true),
        .init(title: "flops", isNumber: true), .init(title: "memory", isNumber: true),
        .init(title: "PSCP", isNumber: true),
      ])
    for row in table.rows {
      let terms = row.terms
      lines.add(
        shown.map { name in row.place.first { $0.name == name }?.value ?? "" } + [
          row.method, Format.decimal(row.performance, digits: 2), Format.decimal(terms.parameters, digits: 4),
          Format.decimal(terms.flops, digits: 4), Format.decimal(terms.memory, digits: 4),
          Format.decimal(row.value, digits: 2),
        ])
    }
    lines.print(to: console)
  }
}
