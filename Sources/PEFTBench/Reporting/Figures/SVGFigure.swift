import PEFTBench

/// A figure drawn as SVG, with a name and a description for those who do not see it.
///
/// Colours come from the page's style by class, so that a figure follows the light and the dark theme.
struct SVGFigure {
  let id: String
  let title: String
  let description: String
  let width: Double
  let height: Double
  private var parts: [String] = []

  /// Where a text begins, is centred or ends.
  enum Anchor: String { case start, middle, end }

  init(id: String, title: String, description: String, width: Double, height: Double) {
    (self.id, self.title, self.description, self.width, self.height) = (id, title, description, width, height)
  }

  /// The element, for a page that has the style.
  var markup: String { element(attributes: "", style: "") }

  /// A file of its own: its size, and the colours of the light theme.
  ///
  /// - Parameter legend: The series by name, which the page tells beside the figure and a file must tell in it.
  func document(legend: [(name: String, style: SeriesStyle)] = []) -> String {
    legend.isEmpty ? standalone : adding(legend).standalone
  }

  /// The drawing with the names of its series below it.
  private func adding(_ legend: [(name: String, style: SeriesStyle)]) -> SVGFigure {
    let names = RowNames(legend.map(\.name), width: 20...(width - 40))
    var places: [(x: Double, y: Double)] = []
    var (x, y) = (12.0, height + 12)
    for place in legend.indices {
      let needed = RowNames.width(of: names[place]) + 34
      if x + needed > width, x > 12 { (x, y) = (12, y + 19) }
      places.append((x, y))
      x += needed
    }
    var figure = SVGFigure(id: id, title: title, description: description, width: width, height: y + 14)
    figure.parts = parts
    for (place, entry) in legend.enumerated() {
      figure.mark(entry.style, places[place].x, places[place].y, size: 5)
      figure.text(names[place], places[place].x + 11, places[place].y + 4.5, class: "n")
    }
    return figure
  }

  private var standalone: String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    return element(
      attributes: " xmlns=\"http://www.w3.org/2000/svg\" \(size)",
      style: "<style>\(Theme.standalone)</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>") + "\n"
  }

  private func element(attributes: String, style: String) -> String {
    "<svg\(attributes) viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" role=\"img\" "
      + "aria-labelledby=\"\(id)-t \(id)-d\"><title id=\"\(id)-t\">\(VisibleText.markup(title))</title>"
      + "<desc id=\"\(id)-d\">\(VisibleText.markup(description))</desc>" + style + parts.joined() + "</svg>"
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class style: String) {
    parts.append(
      "<path class=\"\(style)\" d=\"M\(Self.number(x1)) \(Self.number(y1))L\(Self.number(x2)) \(Self.number(y2))\"/>")
  }

  mutating func path(_ points: [(x: Double, y: Double)], class style: String) {
    guard let first = points.first else { return }
    let rest = points.dropFirst().map { "L\(Self.number($0.x)) \(Self.number($0.y))" }.joined()
    parts.append("<path class=\"\(style)\" d=\"M\(Self.number(first.x)) \(Self.number(first.y))\(rest)\"/>")
  }

  mutating func text(_ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, class style: String = "") {
    let kind =
      (anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\"") + (style.isEmpty ? "" : " class=\"\(style)\"")
    parts.append("<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(kind)>\(VisibleText.markup(text))</text>")
  }

  /// A text that is read from bottom to top.
  mutating func verticalText(_ text: String, _ x: Double, _ y: Double) {
    let place = "\(Self.number(x)) \(Self.number(y))"
    parts.append(
      "<text transform=\"translate(\(place)) rotate(-90)\" text-anchor=\"middle\">\(VisibleText.markup(text))</text>")
  }

  /// A text that is read from bottom to top and begins at a place.
  mutating func upright(_ text: String, _ x: Double, _ y: Double) {
    let place = "\(Self.number(x)) \(Self.number(y))"
    parts.append("<text transform=\"translate(\(place)) rotate(-90)\" class=\"n\">\(VisibleText.markup(text))</text>")
  }

  /// The mark of a series; `tip` is shown when the pointer rests on it.
  mutating func mark(_ series: SeriesStyle, _ x: Double, _ y: Double, size: Double = 5, tip: String = "") {
    let tip = tip.isEmpty ? "/>" : "><title>\(VisibleText.markup(tip))</title></path>"
    parts.append("<path class=\"m \(series.color)\" d=\"\(series.outline(x, y, size))\"\(tip)")
  }

  /// Many faint dots of one series, in one path.
  mutating func dots(_ points: [(x: Double, y: Double)], class style: String) {
    guard !points.isEmpty else { return }
    // Lines without length, of which the round ends are drawn.
    let path = points.map { "M\(Self.number($0.x)) \(Self.number($0.y))h0" }.joined()
    parts.append("<path class=\"p \(style)\" d=\"\(path)\"/>")
  }

  /// The ground between two lines that have as many points.
  mutating func band(_ upper: [(x: Double, y: Double)], _ lower: [(x: Double, y: Double)], class style: String) {
    let points = upper + lower.reversed()
    guard points.count > 2 else { return }
    let path = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(Self.number($1.x)) \(Self.number($1.y))" }.joined()
    parts.append("<path class=\"r \(style)\" d=\"\(path)Z\"/>")
  }

  /// A bar; `tip` is shown when the pointer rests on it.
  mutating func bar(_ x: ClosedRange<Double>, _ y: ClosedRange<Double>, class style: String, tip: String) {
    let size =
      "width=\"\(Self.number(x.upperBound - x.lowerBound))\" height=\"\(Self.number(y.upperBound - y.lowerBound))\""
    parts.append(
      "<rect class=\"s \(style)\" x=\"\(Self.number(x.lowerBound))\" y=\"\(Self.number(y.lowerBound))\" \(size)>"
        + "<title>\(VisibleText.markup(tip))</title></rect>")
  }

  /// A small filled circle.
  mutating func dot(_ x: Double, _ y: Double, _ radius: Double, class style: String) {
    parts.append(
      "<circle class=\"\(style)\" cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\"/>")
  }

  /// A coordinate with at most one decimal place.
  static func number(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return Int(exactly: rounded).map(String.init) ?? NumberText.decimal(rounded, digits: 1)
  }
}
