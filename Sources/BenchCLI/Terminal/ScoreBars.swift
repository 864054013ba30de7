import PEFTBench
import Reporting

/// The scores of a suite's methods with their intervals, as bars of characters.
///
///     lora       80.0  ██████████████████████████████████████████▓▓▓▓▓▓░░░░░░
///     majority   54.7  ·································
///
/// A bar is full up to the lower end of the 95 % interval, dark up to the score and light up to the upper end.
struct ScoreBars {
  /// The characters of a bar's parts.
  struct Characters {
    let full, dark, light, line: Character

    /// Blocks, where the terminal has them.
    static let blocks = Characters(full: "█", dark: "▓", light: "░", line: "·")
    static let plain = Characters(full: "#", dark: "+", light: "-", line: ".")
  }

  /// A line: a method, or what it is held against.
  private struct Row {
    let name: String
    /// Percent.
    let score: Double
    let interval: ClosedRange<Double>
    let isMethod: Bool
  }

  private let rows: [Row]
  private static let widest = 80
  private static let widestName = 28
  /// Columns of a score and the spaces around it.
  private static let scoreWidth = 9

  init(_ suite: Report.Suite) {
    var rows = suite.statistics.leaderboard.compactMap { row -> Row? in
      guard let mean = row.mean else { return nil }
      let (score, interval) = (100 * mean, row.interval)
      return Row(
        name: suite.results.title(row.method), score: score,
        interval: min(score, 100 * (interval?.lower ?? mean))...max(score, 100 * (interval?.upper ?? mean)),
        isMethod: true)
    }
    if let majority = suite.statistics.leaderboard.lazy.compactMap(\.majority).first, !rows.isEmpty {
      rows.append(Row(name: "majority", score: 100 * majority, interval: 0...0, isMethod: false))
    }
    self.rows = rows.enumerated().sorted { ($0.element.score, $1.offset) > ($1.element.score, $0.offset) }
      .map(\.element)
  }

  /// The lines, none longer than 80 columns; none for fewer than two scores.
  func lines(width: Int, characters: Characters = .blocks) -> [String] {
    guard rows.count > 1 else { return [] }
    let width = min(width, Self.widest)
    let nameWidth = min(
      rows.map { TextTable.width(of: VisibleText.of($0.name)) }.max() ?? 0, Self.widestName, width / 3)
    let cells = width - nameWidth - Self.scoreWidth
    guard cells >= 10 else { return [] }
    let bars = rows.map { row in
      let name = TextTable.fitted(VisibleText.of(row.name), columns: nameWidth)
      let gap = String(repeating: " ", count: nameWidth - TextTable.width(of: name))
      let score = NumberText.decimal(row.score, digits: 1)
      let room = String(repeating: " ", count: max(0, Self.scoreWidth - 2 - score.count))
      return name + gap + room + score + "  " + bar(row, cells: cells, characters)
    }
    let scale =
      String(repeating: " ", count: nameWidth + Self.scoreWidth) + "0" + String(repeating: " ", count: cells - 4)
      + "100"
    let meaning =
      "\(characters.full) to the lower end of the 95 % interval, \(characters.dark) to the score, \(characters.light) to the "
      + "upper end"
    return bars + [scale, TextTable.fitted(meaning, columns: width)]
  }

  private func bar(_ row: Row, cells: Int, _ characters: Characters) -> String {
    var bar = ""
    for cell in 0..<cells {
      let value = 100 * (Double(cell) + 0.5) / Double(cells)
      if !row.isMethod {
        if value <= row.score { bar.append(characters.line) }
      } else if value <= row.interval.lowerBound {
        bar.append(characters.full)
      } else if value <= row.score {
        bar.append(characters.dark)
      } else if value <= row.interval.upperBound {
        bar.append(characters.light)
      }
    }
    return bar
  }
}
