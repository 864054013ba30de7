import PEFTBench

/// The score against one option that a grid varies, a line for each method with its other options.
struct GridChart {
  /// One setting.
  struct Point {
    let value: Double
    /// Percent.
    let score: Double
    let interval: ClosedRange<Double>?
    /// Whether it is the best of its method's settings, and so the one that a choice on these rows would take.
    var isChosen: Bool
  }

  /// Settings that differ in this option alone.
  struct Line {
    let name: String
    let style: SeriesStyle
    /// By rising value.
    let points: [Point]
  }

  let id: String
  let title: String
  let axis: String
  let lines: [Line]
  /// The values that methods take unless told otherwise, with the methods' names.
  let defaults: [(value: Double, name: String)]
  let majority: Double?
  /// What the heights are.
  var measure = "score"
  /// Whether values are spread evenly, as shares are, rather than by their logarithm.
  var isLinear = false
  /// What a line is.
  var head = "method"

  private static let width = 600.0
  private static let height = 330.0
  private static let left = 46.0
  private static let right = 420.0
  private static let top = 26.0
  private static let bottom = 280.0
  private static let nameHeight = 15.0

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing, columns: [head, axis, measure, "lower", "upper", "best"],
      rows: lines.flatMap { line in
        line.points.map { point in
          [
            .text(line.name), .number(point.value), .number(point.score), .number(point.interval?.lowerBound),
            .number(point.interval?.upperBound), .text(point.isChosen ? "yes" : ""),
          ]
        }
      })
  }

  private var drawing: SVGFigure {
    let sentences = lines.map { line in
      "\(line.name): "
        + line.points.map {
          "\(NumberText.decimal($0.score, digits: 1)) at \(NumberText.significant($0.value, digits: 3))"
        }
        .joined(separator: ", ")
    }
    var figure = SVGFigure(
      id: id, title: title, description: sentences.joined(separator: "; ") + ".", width: Self.width,
      height: Self.height)
    let points = lines.flatMap(\.points)
    let places = Self.left + 20...Self.right - 16
    let values = points.map(\.value)
    let x =
      isLinear ? ChartScale.exact(values, places: places) : ChartScale.costs(values, places: places)
    let y = ChartScale.linear(
      points.flatMap { [$0.score, $0.interval?.lowerBound ?? $0.score, $0.interval?.upperBound ?? $0.score] }
        + (majority.map { [$0] } ?? []), places: -Self.bottom ... -Self.top, from: -100,
      to: measure == "score" ? 100 : nil)
    for tick in y.ticks {
      let at = -y.place(tick)
      figure.line(Self.left, at, Self.right, at, class: "g")
      figure.text(NumberText.decimal(tick, digits: tick == tick.rounded() ? 0 : 1), Self.left - 6, at + 4, .end)
    }
    figure.line(Self.left, Self.bottom, Self.right, Self.bottom, class: "a")
    // The values that were tried, where there is room for their numbers.
    var last = -Double.infinity
    for value in Set(points.map(\.value)).sorted() {
      let at = x.place(value)
      figure.line(at, Self.bottom, at, Self.bottom + 4, class: "a")
      let text = NumberText.significant(value, digits: 3)
      let half = 3.6 * Double(text.count)
      guard at - half > last + 4 else { continue }
      figure.text(text, at, Self.bottom + 18, .middle)
      last = at + half
    }
    figure.text(axis, (Self.left + Self.right) / 2, Self.height - 10, .middle, class: "t")
    figure.verticalText("\(measure), %", 11, (Self.top + Self.bottom) / 2)
    if let majority {
      figure.line(Self.left, -y.place(majority), Self.right, -y.place(majority), class: "z")
      figure.text(
        "majority \(NumberText.decimal(majority, digits: 1))", Self.left + 4, -y.place(majority) - 5, class: "q")
    }
    for (value, name) in defaults where x.values.contains(value) {
      figure.line(x.place(value), Self.top, x.place(value), Self.bottom, class: "y")
      let isLate = x.place(value) > (Self.left + Self.right) / 2
      figure.text(name, x.place(value) + (isLate ? 4 : -4), Self.top - 8, isLate ? .end : .start, class: "q")
    }
    for (number, line) in lines.enumerated() {
      draw(line, x, y, shift: 4 * (Double(number) - Double(lines.count - 1) / 2), &figure)
    }
    for (line, at) in zip(lines, namePlaces(y)) {
      figure.mark(line.style, Self.right + 14, at, size: 4.5)
      let name = RowNames.fitted(VisibleText.of(line.name), to: Self.width - Self.right - 28)
      figure.text(name, Self.right + 25, at + 4.5, class: "n")
    }
    return figure
  }

  /// - Parameter shift: Moves the line aside, so that its intervals do not hide those of others.
  private func draw(_ line: Line, _ x: ChartScale, _ y: ChartScale, shift: Double, _ figure: inout SVGFigure) {
    func place(_ point: Point) -> (x: Double, y: Double) { (x.place(point.value) + shift, -y.place(point.score)) }
    figure.path(line.points.map(place), class: "l \(line.style.color) \(line.style.dash)")
    for point in line.points {
      let at = place(point)
      if let interval = point.interval {
        figure.line(
          at.x, -y.place(interval.lowerBound), at.x, -y.place(interval.upperBound), class: "e \(line.style.color)")
      }
      if point.isChosen { figure.dot(at.x, at.y, 9.5, class: "o \(line.style.color)") }
      figure.mark(
        line.style, at.x, at.y, size: 5,
        tip:
          "\(line.name), \(NumberText.significant(point.value, digits: 3)): \(NumberText.decimal(point.score, digits: 1))"
      )
    }
  }

  /// The heights of the lines' names, beside their last points as far as they do not touch.
  private func namePlaces(_ y: ChartScale) -> [Double] {
    let wanted = lines.map { $0.points.last.map { -y.place($0.score) } ?? Self.top }
    var places = wanted
    var last = -Double.infinity
    for line in wanted.indices.sorted(by: { (wanted[$0], $0) < (wanted[$1], $1) }) {
      places[line] = max(wanted[line], last + Self.nameHeight)
      last = places[line]
    }
    let excess = max(0, last - Self.bottom)
    return places.map { $0 - excess }
  }
}
