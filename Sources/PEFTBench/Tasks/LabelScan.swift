import PEFTCore
import TableFiles

/// Counts how the values of a label column can be read, over all rows there are.
struct LabelScan {
  /// Values that can be read in the same ways.
  private struct Tally {
    var count = 0
    var first: (text: String, place: TablePlace)?

    mutating func add(_ text: String, _ place: TablePlace) {
      count += 1
      if first == nil { first = (text, place) }
    }
  }

  private let column: LabelColumn
  /// Values that only the first reading takes, that only the second one takes, and that both take.
  private var first = Tally()
  private var second = Tally()
  private var both = Tally()
  private var truths = Tally()

  /// A scan of nothing yet.
  init(_ column: LabelColumn) { self.column = column }

  /// A scan of one row.
  init(_ column: LabelColumn, row: TableRow, names: [String]?) throws(TableError) {
    self.init(column)
    try add(row, names: names)
  }

  /// Takes a row in; one without a label does not count, nor one whose file says what its id means.
  mutating func add(_ row: TableRow, names: [String]?) throws(TableError) {
    guard let given = try column.value(row), let value = LabelValue(given, names: names), !value.isNamed else { return }
    let readings = column.readings
    let isFirst = column.index(of: value, by: readings.first) != nil
    let isSecond = column.index(of: value, by: readings.second) != nil
    switch (isFirst, isSecond) {
    case (true, true): both.add(value.text, row.location)
    case (true, false): first.add(value.text, row.location)
    case (false, true): second.add(value.text, row.location)
    case (false, false): break
    }
    if !isFirst, isSecond, value.isTruth { truths.add(value.text, row.location) }
  }

  /// Takes all rows of a table in.
  mutating func add(_ table: any TableReader) throws {
    let names = try column.useful(
      table.classLabels(of: column.columns.last ?? column.name), at: .file(table.name))
    let rows = try table.rows()
    while let row = try rows.next() { try add(row, names: names) }
  }

  /// The reading of the whole column.
  ///
  /// - Throws: `TableError` that shows both readings where values ask for different ones.
  var reading: LabelReading {
    get throws(TableError) {
      let readings = column.readings
      guard let other = second.first else { return readings.first }
      guard let own = first.first ?? both.first else { return readings.second }
      let most = NumberText.counted(first.count + both.count, "value")
      let parts = [
        "\(most) \(Self.name(of: readings.first)) (first \"\(own.text)\", \(own.place): "
          + "\(shown(own.text, by: readings.first)))",
        "\(NumberText.counted(second.count, "value")) only \(Self.name(of: readings.second)) "
          + "(first \"\(other.text)\", \(other.place): \(shown(other.text, by: readings.second)))",
      ]
      throw TableError(
        "column \"\(column.name)\" can be read in two ways: \(parts.joined(separator: ", "))\(conflict). Say what each "
          + "value means, as in labels: {\"\(own.text)\": word, \"\(other.text)\": word}", at: .file(other.place.file))
    }
  }

  /// What to know about a reading that is not the one that words suggest.
  var note: String? {
    guard truths.count > 0, first.count + both.count == 0 else { return nil }
    return "column \"\(column.name)\" holds truth values: false is read as \"\(column.words[0])\", true as "
      + "\"\(column.words[1])\""
  }

  private func shown(_ text: String, by reading: LabelReading) -> String {
    column.index(of: LabelValue(text: text), by: reading).map { "it is \"\(column.words[$0])\"" } ?? "it is not a label"
  }

  /// A value that both readings take, and what it is by each.
  private var conflict: String {
    let readings = column.readings
    guard let (text, _) = both.first, let one = column.index(of: LabelValue(text: text), by: readings.first),
      let other = column.index(of: LabelValue(text: text), by: readings.second), one != other
    else { return "" }
    return "; so \"\(text)\" would be \"\(column.words[one])\" or \"\(column.words[other])\""
  }

  private static func name(of reading: LabelReading) -> String {
    switch reading {
    case .words: "as label words"
    case .ids: "as ids from 0"
    case .listed: "as values that labels lists"
    }
  }
}
