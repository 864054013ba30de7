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
  var document: String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    return element(
      attributes: " xmlns=\"http://www.w3.org/2000/svg\" \(size)",
      style: "<style>\(FigureStyle.text)</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>") + "\n"
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

  /// The mark of a series; `tip` is shown when the pointer rests on it.
  mutating func mark(_ series: SeriesStyle, _ x: Double, _ y: Double, size: Double = 5, tip: String = "") {
    let tip = tip.isEmpty ? "/>" : "><title>\(VisibleText.markup(tip))</title></path>"
    parts.append("<path class=\"m \(series.color)\" d=\"\(series.outline(x, y, size))\"\(tip)")
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

/// How a series looks in all figures: a colour and a shape, so that neither alone must tell it from others.
struct SeriesStyle {
  private let index: Int?

  static let colorCount = 8
  private static let shapeCount = 7

  /// The style of the n-th trained method; nil is the base model.
  init(_ index: Int?) { self.index = index }

  /// The class of its colour.
  var color: String { index.map { "c\($0 % Self.colorCount)" } ?? "cz" }

  /// The class of its line: other dashes where colours begin again.
  var dash: String { index.map { "d\($0 / Self.colorCount % 3)" } ?? "d1" }

  /// The path of its mark around a place.
  func outline(_ x: Double, _ y: Double, _ size: Double) -> String {
    func polygon(_ points: [(Double, Double)]) -> String {
      points.enumerated().map { place, point in
        "\(place == 0 ? "M" : "L")\(SVGFigure.number(x + point.0 * size)) \(SVGFigure.number(y + point.1 * size))"
      }.joined() + "Z"
    }
    guard let index else { return polygon([(-1.1, -0.25), (1.1, -0.25), (1.1, 0.25), (-1.1, 0.25)]) }
    switch (index + index / Self.colorCount) % Self.shapeCount {
    case 0:
      let r = SVGFigure.number(size)
      return "M\(SVGFigure.number(x - size)) \(SVGFigure.number(y))a\(r) \(r) 0 1 0 \(SVGFigure.number(2 * size)) 0"
        + "a\(r) \(r) 0 1 0 \(SVGFigure.number(-2 * size)) 0Z"
    case 1: return polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
    case 2: return polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
    case 3: return polygon([(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)])
    case 4: return polygon([(0, 1.2), (1.1, -0.8), (-1.1, -0.8)])
    case 5:
      let a = 0.38
      return polygon([
        (-a, -1.2), (a, -1.2), (a, -a), (1.2, -a), (1.2, a), (a, a), (a, 1.2), (-a, 1.2), (-a, a), (-1.2, a),
        (-1.2, -a),
        (-a, -a),
      ])
    default: return polygon([(0, -1.2), (1.15, -0.3), (0.7, 1), (-0.7, 1), (-1.15, -0.3)])
    }
  }
}
