import Foundation
import PEFTCore
import TableFiles

/// Methods with their performance and costs from a table: one that a user made, or the summary.csv of a report.
///
/// A user's table has the columns method, performance, parameters, flops and memory, in the units of the preset. A
/// summary has plain counts and bytes, which are converted, and the constants of its runs.
package struct PSCPTable: Sendable {
  /// One method, or one run of a summary.
  package struct Row: Sendable {
    /// The method's name.
    package let method: String
    /// Suite, model, dataset and seed under their names, in this order; empty in a user's table.
    package let place: [(name: String, value: String)]
    /// The task score in percent.
    package let performance: Double
    /// What the method costs, in the units of the formula's constants.
    package let costs: PSCP.Costs
    /// The formula, with the constants and exponents of this row.
    package let formula: PSCP

    /// The score.
    package var value: Double { formula.value(performance: performance, costs: costs) }
    /// The three factors.
    package var terms: PSCP.Terms { formula.terms(costs) }
  }

  /// What is asked for on the command line.
  package struct Settings: Sendable {
    /// `paper` or `relative`; nil for that of a summary, and the paper's for a user's table.
    package var preset: String?
    /// The exponents; nil for those of a summary, and 1 for a user's table.
    package var beta: PSCP.Exponents?

    /// Settings that leave all to the table.
    package init() {}
  }

  /// The rows in the order of the table, less the row `base` that gives a user's constants.
  package let rows: [Row]
  /// Rows of a summary whose run is not complete.
  package let incompleteCount: Int
  /// What the reader of the scores must know; nil for nothing.
  package private(set) var note: String?

  /// Reads a table.
  ///
  /// - Throws: `InputError` that names line and column.
  package init(path: String, settings: Settings = Settings()) throws {
    let source = try TableFile.open(path: path).rows()
    var table: [TableRow] = []
    while let row = try source.next() { table.append(row) }
    guard let first = table.first else { throw FileError(path: path, "has no row") }
    if first["performance"] == nil, first["trainable_parameters"] != nil || first["score"] != nil {
      let complete = table.filter { ($0["status"]?.string ?? "complete") == "complete" }
      incompleteCount = table.count - complete.count
      rows = try complete.map { try Self.summaryRow($0, settings) }
    } else {
      incompleteCount = 0
      rows = try Self.userRows(table, settings)
      if let highest = rows.map(\.performance).max(), 0 < highest, highest <= 1 {
        note =
          "no performance is above 1: performance is read as percent, so that \(NumberText.plain(highest)) is less than "
          + "a row in a hundred; shares are to be multiplied by 100"
      }
    }
  }

  // MARK: - A user's table

  private static func userRows(_ table: [TableRow], _ settings: Settings) throws -> [Row] {
    func cost(_ column: String, of row: TableRow) throws -> Double {
      try number(column, of: row, in: 0...Double.infinity, "a number of 0 or more")
    }
    var known: Set<String> = []
    let read = try table.map { row in
      let method = try text("method", of: row)
      guard known.insert(method).inserted else {
        throw row.error("the method \"\(method)\" has a row already; expected one row a method")
      }
      return (
        method: method,
        performance: try number("performance", of: row, in: -100...100, "percent, from -100 to 100"),
        costs: PSCP.Costs(
          parameters: try cost("parameters", of: row), flops: try cost("flops", of: row),
          memory: try cost("memory", of: row))
      )
    }
    var constants = PSCP.Preset.paper.constants
    if settings.preset == "relative" {
      guard let index = read.firstIndex(where: { $0.method == "base" }) else {
        throw table[0].error("--preset relative needs a row whose method is base, with the constants")
      }
      constants = read[index].costs
      for (name, value) in [
        ("parameters", constants.parameters), ("flops", constants.flops), ("memory", constants.memory),
      ] where value <= 0 {
        throw table[index].error(
          "column \"\(name)\": the constants of the row base must be above 0, found \(value)")
      }
    }
    let formula = PSCP(constants: constants, beta: settings.beta ?? PSCP.Exponents())
    return read.filter { settings.preset != "relative" || $0.method != "base" }.map {
      Row(method: $0.method, place: [], performance: $0.performance, costs: $0.costs, formula: formula)
    }
  }

  // MARK: - A summary

  private static func summaryRow(_ row: TableRow, _ settings: Settings) throws -> Row {
    let preset = try preset(of: row, asked: settings.preset)
    let unit: (flops: Double, memory: Double) = preset == "paper" ? (1e12, 1e9) : (1, 1)
    var constants = PSCP.Preset.paper.constants
    if settings.preset != "paper", row["pscp_constant_parameters"] != nil || preset != "paper" {
      func constant(_ column: String) throws -> Double {
        let value = try number(column, of: row)
        guard value > 0 else { throw row.error("column \"\(column)\": expected a number above 0, found \(value)") }
        return value
      }
      constants = PSCP.Costs(
        parameters: try constant("pscp_constant_parameters"), flops: try constant("pscp_constant_flops") / unit.flops,
        memory: try constant("pscp_constant_memory") / unit.memory)
    }
    // Of runs in which members vote, a summary also tells the parameters of all of them, which count.
    let deployed = row[RunRecord.Costs.deployedKey].map { $0.string != "" } ?? false
    let costs = PSCP.Costs(
      parameters: try number(deployed ? RunRecord.Costs.deployedKey : "trainable_parameters", of: row),
      flops: try number("added_inference_flops", of: row) / unit.flops,
      memory: try number("peak_tensor_bytes", of: row) / unit.memory)
    let place = ["suite", "model", "dataset", "seed"].compactMap { name in
      row[name].map { (name, $0.string ?? JSONValue($0).compactText) }
    }
    return Row(
      method: try text("method", of: row), place: place, performance: 100 * max(0, try number("score", of: row)),
      costs: costs, formula: PSCP(constants: constants, beta: try settings.beta ?? beta(of: row)))
  }

  /// The preset of a run: what is asked for, else that of its results.
  private static func preset(of row: TableRow, asked: String?) throws -> String {
    let own = row["pscp_preset"]?.string ?? ""
    if asked == "paper" { return "paper" }
    guard !own.isEmpty else {
      throw row.error(
        "column \"pscp_preset\" is missing or empty: an older version wrote this summary; make it again with "
          + "`peft-bench report`, or give --preset paper")
    }
    guard ["paper", "relative"].contains(own) else {
      throw row.error("column \"pscp_preset\": expected paper or relative, found \"\(own)\"")
    }
    if let asked, asked != own {
      throw row.error(
        "column \"pscp_preset\" is \(own), so that this summary lacks the constants of the base model that --preset "
          + "\(asked) needs")
    }
    return own
  }

  private static func beta(of row: TableRow) throws -> PSCP.Exponents {
    guard let text = row["pscp_beta"]?.string, !text.isEmpty else { return PSCP.Exponents() }
    guard let beta = PSCP.Exponents(text) else {
      throw row.error("column \"pscp_beta\": expected three numbers such as 1,1,1, found \"\(text)\"")
    }
    return beta
  }

  // MARK: - Cells

  private static func text(_ column: String, of row: TableRow) throws -> String {
    guard let text = row[column]?.string else { throw row.error(missing(column)) }
    return text
  }

  private static func number(
    _ column: String, of row: TableRow, in range: ClosedRange<Double> = -.infinity ... .infinity,
    _ expected: String = "a number"
  ) throws -> Double {
    guard let cell = row[column] else { throw row.error(missing(column)) }
    let text = cell.string ?? JSONValue(cell).compactText
    guard let value = cell.number ?? number(in: text), value.isFinite else {
      // 80,5 is 80.5 to many, and 805 to whom a comma parts thousands.
      let hint = text.contains(",") ? "; write a point before decimals, and commas between thousands alone" : ""
      throw row.error("column \"\(column)\": expected a number, found \"\(text)\"\(hint)")
    }
    guard range.contains(value) else {
      throw row.error("column \"\(column)\": expected \(expected), found \(text)")
    }
    return value
  }

  /// The number in a text, which may part thousands by commas, underscores or spaces; nil for anything else.
  private static func number(in text: String) -> Double? {
    let digits = text.filter { !"_ ".contains($0) }
    guard digits.contains(",") else { return Double(digits) }
    guard digits.wholeMatch(of: #/-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?/#) != nil else { return nil }
    return Double(digits.replacing(",", with: ""))
  }

  private static func missing(_ column: String) -> String {
    "the column \"\(column)\" is missing; expected method, performance, parameters, flops and memory, or the summary.csv "
      + "of a report"
  }
}

extension PSCP.Exponents {
  /// Reads three numbers of 0 or more with commas between them; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard parts.count == 3, values.count == 3, values.allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
    self.init(parameters: values[0], flops: values[1], memory: values[2])
  }
}
