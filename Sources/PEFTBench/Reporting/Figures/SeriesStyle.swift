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

  /// The corners of its mark around (0, 0), for a mark of size 1; none for a circle.
  var corners: [(x: Double, y: Double)] {
    guard let index else { return [(-1.1, -0.25), (1.1, -0.25), (1.1, 0.25), (-1.1, 0.25)] }
    switch (index + index / Self.colorCount) % Self.shapeCount {
    case 0: return []
    case 1: return [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    case 2: return [(0, -1.2), (1.1, 0.8), (-1.1, 0.8)]
    case 3: return [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]
    case 4: return [(0, 1.2), (1.1, -0.8), (-1.1, -0.8)]
    case 5:
      let a = 0.38
      return [
        (-a, -1.2), (a, -1.2), (a, -a), (1.2, -a), (1.2, a), (a, a), (a, 1.2), (-a, 1.2), (-a, a), (-1.2, a),
        (-1.2, -a), (-a, -a),
      ]
    default: return [(0, -1.2), (1.15, -0.3), (0.7, 1), (-0.7, 1), (-1.15, -0.3)]
    }
  }

  /// The path of its mark around a place.
  func outline(_ x: Double, _ y: Double, _ size: Double) -> String {
    guard !corners.isEmpty else {
      let r = SVGFigure.number(size)
      return "M\(SVGFigure.number(x - size)) \(SVGFigure.number(y))a\(r) \(r) 0 1 0 \(SVGFigure.number(2 * size)) 0"
        + "a\(r) \(r) 0 1 0 \(SVGFigure.number(-2 * size)) 0Z"
    }
    return corners.enumerated().map { place, corner in
      "\(place == 0 ? "M" : "L")\(SVGFigure.number(x + corner.x * size)) \(SVGFigure.number(y + corner.y * size))"
    }.joined() + "Z"
  }
}
