import PEFTBench

/// Elements that several sections of the page have.
enum PageParts {
  /// A paragraph of small print.
  static func caption(_ text: String) -> String {
    text.isEmpty ? "" : "<p class=\"caption\">\(VisibleText.markup(text))</p>"
  }

  static func heading(_ text: String) -> String { "<h3>\(VisibleText.markup(text))</h3>" }

  /// Something that is shown when its title is chosen.
  static func folded(_ title: String, _ content: String) -> String {
    "<details><summary>\(VisibleText.markup(title))</summary>\(content)</details>"
  }

  static func notes(_ texts: [String]) -> String {
    texts.isEmpty
      ? "" : "<ul class=\"notes\">" + texts.map { "<li>\(VisibleText.markup($0))</li>" }.joined() + "</ul>"
  }

  /// A table that scrolls on its own.
  ///
  /// - Parameters:
  ///   - name: What it is called for those who do not see it.
  ///   - style: Its classes.
  ///   - content: Its rows.
  static func table(_ name: String, style: String = "", _ content: String) -> String {
    let name = VisibleText.markup(name)
    let style = style.isEmpty ? "" : " class=\"\(style)\""
    return "<div class=\"scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\">"
      + "<table\(style)><caption class=\"vh\">\(name)</caption>\(content)</table></div>"
  }

  /// A row of column titles.
  static func head(_ titles: [(text: String, isNumber: Bool)]) -> String {
    "<thead><tr>"
      + titles.map { title in
        "<th scope=\"col\"\(title.isNumber ? "" : " class=\"w\"")>\(VisibleText.markup(title.text))</th>"
      }.joined() + "</tr></thead>"
  }

  /// More numbers than this are in files alone.
  private static let mostRows = 200

  /// Drawings up to this width can be read on a phone as they are.
  private static let mostPhoneWidth = 480.0

  /// A figure with its caption, below which its numbers are folded.
  static func figure(_ figure: ReportFigure, hasTable: Bool = true) -> String {
    let table = hasTable && figure.rows.count <= mostRows ? folded("Numbers", numbers(figure)) : ""
    // On a phone a wide drawing scrolls rather than becomes too small to read.
    let isWide = figure.drawing.width > mostPhoneWidth
    let drawing =
      isWide
      ? "<div class=\"sheet\" role=\"region\" aria-label=\"\(VisibleText.markup(figure.drawing.title))\">\(figure.drawing.markup)</div>"
      : figure.drawing.markup
    return
      "<figure>\(drawing)<figcaption>\(VisibleText.markup(figure.caption))</figcaption>\(table)</figure>"
  }

  /// Small figures that have their title inside.
  static func panels(_ figures: [ReportFigure], style: String) -> String {
    "<div class=\"\(style)\">" + figures.map { "<figure>\($0.drawing.markup)</figure>" }.joined() + "</div>"
  }

  /// Names that are longer than a column should be are broken into lines.
  static func wrapping(_ text: String) -> String { text.count > 40 ? " class=\"long\"" : "" }

  private static func numbers(_ figure: ReportFigure) -> String {
    let titles = zip(figure.columns, figure.rows.first ?? []).map { title, value in
      if case .text = value { (title, false) } else { (title, true) }
    }
    let rows = figure.rows.map { row in
      "<tr>"
        + row.enumerated().map { place, value in
          let text = VisibleText.markup(value.short)
          if place == 0 { return "<th scope=\"row\"\(wrapping(value.short))>\(text)</th>" }
          if case .text = value { return "<td class=\"w\">\(text)</td>" }
          return "<td>\(text)</td>"
        }.joined() + "</tr>"
    }
    return table(
      "Numbers of the figure \(figure.drawing.title)", head(titles) + "<tbody>\(rows.joined(separator: "\n"))</tbody>")
  }
}
