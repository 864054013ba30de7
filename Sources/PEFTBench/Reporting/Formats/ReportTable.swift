/// A table of a report before it has a format.
package struct ReportTable: Sendable {
  /// A column with its title.
  package struct Column: Sendable {
    /// The heading.
    package let title: String
    /// Numbers are aligned right.
    package let isNumber: Bool

    init(_ title: String, isNumber: Bool = true) {
      self.title = title
      self.isNumber = isNumber
    }
  }

  /// What a cell's content means beside its text.
  package enum Mark: Sendable {
    case plain
    /// The best of its row or column, and the second.
    case best, second
    /// Something that failed.
    case failed
    /// Something that is not there.
    case missing
  }

  /// A cell.
  package struct Cell: Sendable, ExpressibleByStringInterpolation {
    /// What it says.
    package let text: String
    /// What the content means.
    package var mark: Mark

    init(_ text: String, _ mark: Mark = .plain) {
      self.text = text
      self.mark = mark
    }

    /// A cell without a mark.
    package init(stringLiteral value: String) { self.init(value) }
  }

  /// A short name that an anchor can have: `leaderboard`.
  package let id: String
  /// The heading.
  package let title: String
  /// What the numbers are; sentences.
  package let caption: String
  /// The columns.
  package let columns: [Column]
  /// The first cell of a row is its title.
  package private(set) var rows: [[Cell]] = []

  init(_ id: String, _ title: String, caption: String, columns: [Column]) {
    self.id = id
    self.title = title
    self.caption = caption
    self.columns = columns
  }

  /// The table with some of its columns only.
  package func keeping(_ titles: [String]) -> ReportTable {
    let kept = columns.indices.filter { titles.contains(columns[$0].title) }
    var table = ReportTable(id, title, caption: caption, columns: kept.map { columns[$0] })
    for row in rows { table.add(kept.map { row[$0] }) }
    return table
  }

  /// The table with rows and columns exchanged.
  ///
  /// - Parameters:
  ///   - others: Titles of columns that are left out.
  ///   - head: The title of the first column.
  func transposed(leavingOut others: [String], head: String) -> ReportTable {
    let kept = columns.indices.dropFirst().filter { !others.contains(columns[$0].title) }
    var table = ReportTable(
      id, title, caption: caption,
      columns: [.init(head, isNumber: false)] + rows.map { .init($0.first?.text ?? "") })
    for column in kept { table.add([.init(columns[column].title)] + rows.map { $0[column] }) }
    return table
  }

  /// The table with some of its rows only.
  func rows(_ range: Range<Int>) -> ReportTable {
    var table = self
    table.rows = Array(rows[range])
    return table
  }

  mutating func add(_ cells: [Cell]) { rows.append(cells) }

  /// Marks the highest value with all that cannot be told from it, and the next one.
  ///
  /// - Parameters:
  ///   - best: The places of the best ones; nil where nothing tells them, so that none is marked.
  ///   - values: nil where a cell has none, or may not be the best.
  static func marked(_ texts: [String], best: Set<Int>?, _ values: [Double?]) -> [Cell] {
    guard let best, values.count(where: { $0 != nil }) > 1 else { return texts.map { Cell($0) } }
    let rest = Set(values.indices.filter { !best.contains($0) }.compactMap { values[$0] })
    let second = rest.count > 1 ? rest.max() : nil
    return texts.indices.map { place in
      guard let value = values[place] else { return Cell(texts[place]) }
      return Cell(texts[place], best.contains(place) ? .best : value == second ? .second : .plain)
    }
  }

  /// Marks the best and the second best of `values`, which are nil where a cell has none.
  static func ranked(_ texts: [String], _ values: [Double?], higherIsBetter: Bool = true) -> [Cell] {
    let known = Set(values.compactMap { $0 }).sorted { higherIsBetter ? $0 > $1 : $0 < $1 }
    return zip(texts, values).map { text, value in
      guard let value, known.count > 1 else { return Cell(text) }
      return Cell(text, value == known[0] ? .best : value == known[1] && known.count > 2 ? .second : .plain)
    }
  }
}
