/// The colours and the rules of figures, which the page and files of figures share.
///
/// Series colours are Okabe and Ito's, darker on light ground so that marks have a contrast of three at least.
enum Theme {
  /// The custom properties of the light theme and those of the dark one, by the page's attribute or the system's wish.
  static let colors: String = {
    let dark = text(PackageResources.dark_css)
    let light = text(PackageResources.light_css)
    return """
      :root{\(light)}
      @media (prefers-color-scheme:dark){:root:not([data-theme=light]){\(dark)}}
      :root[data-theme=dark]{\(dark)}
      @media print{:root:root:root{\(light)}}
      """
  }()

  /// The rules of figures on the page, where a mark's colour is that of its series' class.
  static let figures: String =
    series.map { ".\($0){--c:var(--\($0))}" }.joined() + "\n" + text(PackageResources.figures_css)

  /// The same rules in the light theme's colours, for a file of its own.
  ///
  /// Colours are written out, since programs that turn SVG into PDF know no variables.
  static let standalone: String = {
    let rules = text(PackageResources.figures_css).split(separator: "\n").flatMap { rule -> [String] in
      guard rule.contains("var(--c)") else { return [String(rule)] }
      return series.map { name in
        String(rule).replacing("{", with: ".\(name){", maxReplacements: 1).replacing("var(--c)", with: "var(--\(name))")
      }
    }
    return ([".paper{fill:var(--panel)}"] + rules).map(writtenOut).joined()
  }()

  private static let series = (0..<SeriesStyle.colorCount).map { "c\($0)" } + ["cz"]

  private static func writtenOut(_ rule: String) -> String {
    var result = ""
    var rest = rule[...]
    while let start = rest.firstRange(of: "var(--"), let end = rest[start.upperBound...].firstIndex(of: ")") {
      result += rest[..<start.lowerBound] + lightColor(rest[start.upperBound..<end])
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private static func lightColor(_ name: Substring) -> String {
    let colors = text(PackageResources.light_css)
    return colors.firstRange(of: "--\(name):").map { String(colors[$0.upperBound...].prefix { $0 != ";" }) }
      ?? "currentColor"
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
