/// The style of a figure that stands alone in a file: the page's rules for figures with the colours of its light theme.
///
/// Colours are written out, since programs that turn SVG into PDF know no variables.
enum FigureStyle {
  /// The content of the file's `style` element.
  static let text: String = {
    var rules = [
      ".paper{fill:\(color("panel"))}",
      "text{paint-order:stroke;stroke:\(color("panel"));stroke-width:3.5px;stroke-linejoin:round;fill:\(color("soft"));"
        + "font:12.5px system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif}",
      "text.n,text.t{fill:\(color("ink"))}text.n{font-size:13px}text.q{fill:\(color("cz"))}",
      ".g{stroke:\(color("grid"))}.a{stroke:\(color("front"))}.z{stroke:\(color("cz"));stroke-dasharray:5 4}",
      ".f{fill:none;stroke:\(color("front"));stroke-width:2;stroke-linejoin:round}",
      ".e{stroke-width:1.6;opacity:.75}.m{stroke:\(color("mark"));stroke-width:.8}",
    ]
    for name in (0..<SeriesStyle.colorCount).map({ "c\($0)" }) + ["cz"] {
      rules.append(".e.\(name){stroke:\(color(name))}.m.\(name){fill:\(color(name))}")
    }
    return rules.joined()
  }()

  /// A colour of the page's style by its name there, as its first theme has it, the light one.
  private static func color(_ name: String) -> Substring {
    HTMLReport.style.firstRange(of: "--\(name):").map { range in
      HTMLReport.style[range.upperBound...].prefix { $0 != ";" && $0 != "}" }
    } ?? "currentColor"
  }
}
