/// A table in plain text: aligned columns, two spaces between them, no lines.
struct TextTable {
  struct Column {
    let title: String
    /// Numbers stand at the right edge, words at the left one.
    var isNumber = false
  }

  let columns: [Column]
  private(set) var rows: [[String]] = []
  /// Narrowest that a column of words becomes when the table does not fit.
  private static let leastWidth = 8

  init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty.
  mutating func add(_ cells: [String]) {
    let cells = cells.prefix(columns.count).map(Console.harmless)
    rows.append(cells + Array(repeating: "", count: columns.count - cells.count))
  }

  /// The lines with the titles first; no longer than `width` as far as columns of words can be cut.
  func lines(width: Int) -> [String] {
    var widths = columns.indices.map { index in
      rows.reduce(Self.width(of: columns[index].title)) { max($0, Self.width(of: $1[index])) }
    }
    var excess = widths.reduce(0, +) + 2 * max(0, columns.count - 1) - width
    while excess > 0 {
      let candidates = columns.indices.filter { !columns[$0].isNumber && widths[$0] > Self.leastWidth }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return ([columns.map(\.title)] + rows).map { cells in
      let parts = columns.indices.map { index in
        let cell = Self.fitted(cells[index], columns: widths[index])
        let space = String(repeating: " ", count: max(0, widths[index] - Self.width(of: cell)))
        return columns[index].isNumber ? space + cell : cell + space
      }
      let line = parts.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Prints the table, with bold titles where colours are welcome.
  func print(to console: Console) {
    let traits = console.outputTraits
    // A file or a pipe has no width, so nothing is cut there.
    let lines = lines(width: traits.isTerminal ? traits.width : Int.max)
    for (index, line) in lines.enumerated() { console.print(index == 0 ? traits.styled(line, .bold) : line) }
  }

  /// Columns that `text` takes on a terminal: two for East Asian wide characters and emoji.
  static func width(of text: String) -> Int {
    text.reduce(0) { width, character in
      guard let scalar = character.unicodeScalars.first else { return width }
      switch scalar.value {
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        return width + 2
      default: return width + 1
      }
    }
  }

  /// `text`, cut with an ellipsis if it takes more than `columns`.
  static func fitted(_ text: String, columns: Int) -> String {
    guard width(of: text) > columns else { return text }
    var result = ""
    var used = 0
    for character in text {
      let next = width(of: String(character))
      guard used + next <= columns - 1 else { break }
      result.append(character)
      used += next
    }
    return result + "…"
  }
}
