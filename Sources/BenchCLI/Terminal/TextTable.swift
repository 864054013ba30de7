import PEFTBench

/// A table in plain text: aligned columns, two spaces between them, no lines.
struct TextTable {
  struct Column {
    let title: String
    /// Numbers are aligned right, words left.
    var isNumber = false
  }

  let columns: [Column]
  private(set) var rows: [[String]] = []
  /// Narrowest that a column of words becomes when the table does not fit.
  private static let leastWidth = 8

  init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty.
  mutating func add(_ cells: [String]) {
    let cells = cells.prefix(columns.count).map { VisibleText.of($0) }
    rows.append(cells + Array(repeating: "", count: columns.count - cells.count))
  }

  /// The lines with the titles first.
  ///
  /// No line is longer than `width`: columns of words are cut, and where that is not enough, the table continues below
  /// with the columns that there was no room for, each part beginning with the words that tell its rows apart.
  func lines(width: Int) -> [String] { Array(parts(width: width).joined(separator: [""])) }

  /// Prints the table, with bold titles where colours are welcome.
  func print(to console: Console) {
    let traits = console.outputTraits
    // A file or a pipe has no width, so nothing is cut there.
    for (number, part) in parts(width: traits.isTerminal ? traits.width : Int.max).enumerated() {
      if number > 0 { console.print("") }
      for (index, line) in part.enumerated() { console.print(index == 0 ? traits.styled(line, .bold) : line) }
    }
  }

  // MARK: - Fitting

  private func parts(width: Int) -> [[String]] {
    let natural = columns.indices.map { index in
      rows.reduce(Self.width(of: columns[index].title)) { max($0, Self.width(of: $1[index])) }
    }
    let all = Array(columns.indices)
    let words = columns.prefix { !$0.isNumber }.count
    // The words that tell rows apart are cut where there is no other way alone.
    let least = all.map { $0 < words ? min(natural[$0], Self.mostSplitWord) : Self.leastWidth }
    let cut = Self.cut(natural, of: columns, to: width, least: least)
    if Self.total(cut) <= width { return [lines(of: all, widths: cut)] }
    guard width >= Self.leastSplitWidth else {
      return [lines(of: all, widths: Self.cut(natural, of: columns, to: width))]
    }
    var keys = 1
    while keys < words, Self.total(Array(natural.prefix(keys + 1))) <= width / 2 { keys += 1 }
    let keyWidths = Self.cut(Array(natural.prefix(keys)), of: Array(columns.prefix(keys)), to: width / 2)
    let room = width - Self.total(keyWidths)
    var parts: [[Int]] = [[]]
    var used = 0
    for index in all.dropFirst(keys) {
      let wanted = 2 + min(natural[index], columns[index].isNumber ? room - 2 : Self.mostSplitWord)
      if used + wanted > room, parts.last?.isEmpty == false {
        parts.append([])
        used = 0
      }
      parts[parts.count - 1].append(index)
      used += wanted
    }
    return parts.map { part in
      let shown = Array(all.prefix(keys)) + part
      // A column of numbers whose title alone is wider than the terminal has its title cut.
      let widths = keyWidths + part.map { columns[$0].isNumber ? min(natural[$0], room - 2) : natural[$0] }
      return lines(of: shown, widths: Self.cut(widths, of: shown.map { columns[$0] }, to: width))
    }
  }

  /// Columns of the terminal from which on a table may continue below, and columns that words get there at least.
  private static let leastSplitWidth = 40
  private static let mostSplitWord = 24

  private static func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }

  /// The widths with the widest columns of words cut until everything fits, as far as that goes.
  ///
  /// - Parameter least: The narrowest that each column may become; `leastWidth` if nil.
  private static func cut(_ widths: [Int], of columns: [Column], to width: Int, least: [Int]? = nil) -> [Int] {
    var widths = widths
    var excess = total(widths) - width
    while excess > 0 {
      let candidates = columns.indices.filter { !columns[$0].isNumber && widths[$0] > least?[$0] ?? leastWidth }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func lines(of shown: [Int], widths: [Int]) -> [String] {
    ([columns.map(\.title)] + rows).map { cells in
      let parts = zip(shown, widths).map { index, width in
        let cell = Self.fitted(cells[index], columns: width)
        let space = String(repeating: " ", count: max(0, width - Self.width(of: cell)))
        return columns[index].isNumber ? space + cell : cell + space
      }
      let line = parts.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
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
