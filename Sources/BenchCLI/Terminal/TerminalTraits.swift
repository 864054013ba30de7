import Foundation

/// What the program may assume of the place that a stream goes to.
struct TerminalTraits: Sendable {
  /// Whether people read it as it comes.
  let isTerminal: Bool
  /// Whether escape sequences for colour are welcome.
  let hasColor: Bool
  /// Whether blocks and other characters beyond ASCII are drawn.
  let hasBlocks: Bool
  /// Columns, 80 where that cannot be known.
  let width: Int
  /// Rows, 24 where that cannot be known.
  let height: Int

  /// Traits of an open file descriptor.
  init(descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
    var size = winsize()
    let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    self.init(
      isTerminal: isatty(descriptor) == 1, columns: known ? Int(size.ws_col) : nil,
      rows: known && size.ws_row > 0 ? Int(size.ws_row) : nil, environment: environment)
  }

  init(isTerminal: Bool, columns: Int?, rows: Int? = nil, environment: [String: String]) {
    func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty && $0 != "0" } ?? false }
    let isDumb = environment["TERM"] == "dumb"
    self.isTerminal = isTerminal && !isDumb
    // no-color.org: any value that is not empty turns colour off.
    let isForbidden = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    hasColor = !isForbidden && (isSet("CLICOLOR_FORCE") || isSet("FORCE_COLOR") || (isTerminal && !isDumb))
    let wish = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    let terminal = environment["TERM"] ?? ""
    // The first of these that is set decides the locale's characters.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "UTF-8"
    hasBlocks =
      !isDumb && !["vt", "ansi", "linux"].contains { terminal.hasPrefix($0) }
      && ["utf-8", "utf8"].contains { locale.lowercased().contains($0) }
    width = min(max(columns ?? wish ?? 80, 20), 1000)
    height = rows ?? 24
  }

  /// `text` in a colour, where colours are welcome: between marks that become escape sequences on the way to the
  /// terminal, where those of the text itself are made harmless.
  func styled(_ text: String, _ style: Style) -> String {
    hasColor ? "\(style.mark)\(text)\(Style.plain.mark)" : text
  }

  /// The few styles that the program uses.
  enum Style: Int, CaseIterable {
    case plain, bold, dim, red, green, yellow

    /// A code point for private use, which texts from outside lose on their way (`VisibleText`).
    var mark: Unicode.Scalar { Self.marks[rawValue] }

    /// The escape sequence of ECMA-48.
    var sequence: String { "\u{1B}[\([0, 1, 2, 31, 32, 33][rawValue])m" }

    private static let marks: [Unicode.Scalar] = [
      "\u{10FFF0}", "\u{10FFF1}", "\u{10FFF2}", "\u{10FFF3}", "\u{10FFF4}", "\u{10FFF5}",
    ]

    /// The style that a mark stands for.
    init?(mark: Unicode.Scalar) {
      guard let index = Self.marks.firstIndex(of: mark) else { return nil }
      self.init(rawValue: index)
    }
  }
}
