import PEFTBench

/// The names beside the rows of a figure: as wide a column as they need, and cut where that would be too wide.
struct RowNames {
  /// The width of the column.
  let width: Double
  private let names: [String]

  /// About the width of a letter of 13 pixels in the wider ones of the system's fonts.
  static let letter = 7.4

  /// - Parameter range: The least and the greatest width of the column.
  init(_ names: [String], width range: ClosedRange<Double>) {
    let texts = names.map { VisibleText.of($0) }
    let longest = texts.map { Self.width(of: $0) }.max() ?? 0
    width = min(max(longest, range.lowerBound), range.upperBound)
    let limit = width
    self.names = texts.map { Self.fitted($0, to: limit) }
  }

  subscript(row: Int) -> String { names[row] }

  /// About the width of a text of 13 pixels.
  static func width(of text: String) -> Double {
    // East Asian characters and pictures are about square, and so are M, W, m, @ and %.
    text.unicodeScalars.reduce(0) { width, scalar in
      switch scalar.value {
      case 0x1100...0x115F, 0x2E80...0xFFE6, 0x1F000..., 0x25, 0x40, 0x4D, 0x57, 0x6D: width + 13
      case 0x41...0x5A: width + 9.5
      default: width + letter
      }
    }
  }

  /// A text that takes at most a width, without its middle if need be: a name begins with what it is, and ends with what
  /// tells it from others.
  static func fitted(_ text: String, to width: Double) -> String {
    guard self.width(of: text) > width else { return text }
    let scalars = Array(text.unicodeScalars)
    var (front, back) = (0, 0)
    var left = width - letter
    while front + back < scalars.count {
      let isFront = front <= back
      left -= self.width(of: String(isFront ? scalars[front] : scalars[scalars.count - 1 - back]))
      guard left >= 0 else { break }
      if isFront { front += 1 } else { back += 1 }
    }
    return text.prefix(scalars: front) + "…" + text.suffix(scalars: back)
  }
}

extension String {
  fileprivate func prefix(scalars count: Int) -> String {
    String(String.UnicodeScalarView(unicodeScalars.prefix(count)))
  }
  fileprivate func suffix(scalars count: Int) -> String {
    String(String.UnicodeScalarView(unicodeScalars.suffix(count)))
  }
}
