import Foundation
import PEFTBench
import PEFTCore

/// `pscp`: the score of methods whose costs are in a table.
enum PSCPCommand {
  static let command = Command(
    name: "pscp", summary: "Compute PSCP from a table of performance and costs.",
    discussion: [
      "FILE is CSV with the columns method, performance (percent), parameters, flops, memory. With --preset paper, "
        + "flops are TFLOP added at inference and memory is in GB. With --preset relative the first row named base "
        + "gives the constants: its parameters, flops and memory."
    ],
    positionals: [PositionalSpec(name: "FILE", help: "The table, CSV.")],
    options: [
      OptionSpec(
        long: "preset", valueName: "NAME", choices: ["paper", "relative"], help: "The constants; paper unless given."),
      OptionSpec(long: "beta", valueName: "P,F,M", help: "The three exponents; 1,1,1 unless given."), .json,
    ],
    examples: [
      .init(line: "peft-bench pscp costs.csv", meaning: "With the paper's constants."),
      .init(line: "peft-bench pscp costs.csv --beta 0.5,1,1 --json", meaning: "With other exponents."),
    ],
    run: { arguments, console in
      let rows = try rows(arguments.positional("FILE") ?? "")
      let pscp = PSCP(constants: try constants(arguments, rows), beta: try beta(arguments))
      let isRelative = arguments.value("preset") == "relative"
      let scored = rows.filter { !isRelative || $0.method != "base" }
      if arguments.flag("json") {
        console.print(
          json: .array(
            scored.map { row in
              let terms = pscp.terms(row.costs)
              return [
                "method": JSONValue(row.method),
                "pscp": JSONValue(pscp.value(performance: row.performance, costs: row.costs)),
                "terms": [
                  "parameters": JSONValue(terms.parameters), "flops": JSONValue(terms.flops),
                  "memory": JSONValue(terms.memory),
                ],
              ]
            }))
        return .done
      }
      var table = TextTable([
        .init(title: "method"), .init(title: "performance", isNumber: true), .init(title: "parameters", isNumber: true),
        .init(title: "flops", isNumber: true), .init(title: "memory", isNumber: true),
        .init(title: "PSCP", isNumber: true),
      ])
      for row in scored {
        let terms = pscp.terms(row.costs)
        table.add([
          row.method, Format.decimal(row.performance, digits: 2), Format.decimal(terms.parameters, digits: 4),
          Format.decimal(terms.flops, digits: 4), Format.decimal(terms.memory, digits: 4),
          Format.decimal(pscp.value(performance: row.performance, costs: row.costs), digits: 2),
        ])
      }
      table.print(to: console)
      return .done
    })

  private struct Row {
    let method: String
    let performance: Double
    let costs: PSCP.Costs
  }

  private static func rows(_ path: String) throws -> [Row] {
    let source = try TableFile.open(path: path).rows()
    var rows: [Row] = []
    while let row = try source.next() {
      guard let method = row["method"]?.string else { throw row.complaint("the column \"method\" is missing") }
      rows.append(
        Row(
          method: method, performance: try number("performance", of: row),
          costs: PSCP.Costs(
            parameters: try number("parameters", of: row), flops: try number("flops", of: row),
            memory: try number("memory", of: row))))
    }
    return rows
  }

  private static func number(_ column: String, of row: TableRow) throws -> Double {
    guard let cell = row[column] else { throw row.complaint("\"\(column)\" is missing") }
    if let value = cell.number { return value }
    let text = cell.string ?? ""
    guard let value = Double(text.filter { !",_ ".contains($0) }), value.isFinite else {
      throw row.complaint("\"\(column)\": expected a number, found \"\(text)\"")
    }
    return value
  }

  private static func constants(_ arguments: ParsedArguments, _ rows: [Row]) throws -> PSCP.Costs {
    guard arguments.value("preset") == "relative" else { return PSCP.Preset.paper.constants }
    guard let base = rows.first(where: { $0.method == "base" }) else {
      throw arguments.error("--preset relative needs a row named base with the constants")
    }
    guard base.costs.parameters > 0, base.costs.flops > 0, base.costs.memory > 0 else {
      throw arguments.error("--preset relative: parameters, flops and memory of the row base must be above 0")
    }
    return base.costs
  }

  private static func beta(_ arguments: ParsedArguments) throws -> PSCP.Exponents {
    guard let text = arguments.value("beta") else { return PSCP.Exponents() }
    let values = text.split(separator: ",").compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard values.count == 3, values.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw arguments.error("--beta: expected three numbers such as 1,1,1, found \"\(text)\"")
    }
    return PSCP.Exponents(parameters: values[0], flops: values[1], memory: values[2])
  }
}
