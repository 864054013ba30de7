import PEFTBench

/// Score against one cost, a mark a method, with the line of those that no other beats in both.
struct ScatterChart {
  /// A method's place.
  struct Point {
    let name: String
    let style: SeriesStyle
    /// Percent.
    let score: Double
    let interval: ClosedRange<Double>?
    let cost: Double
    /// Whether it is above the majority's answer, so that it may be on the front.
    let isEligible: Bool
  }

  let id: String
  let title: String
  let axis: String
  let costText: (Double) -> String
  let tickText: (Double) -> String
  let points: [Point]
  /// The base model's score, drawn as a line.
  let base: Double?
  /// What the most frequent answer to every row reaches, in percent, drawn as a line.
  let majority: Double?

  private static let width = 420.0
  private static let height = 330.0
  private static let left = 46.0
  private static let right = 408.0
  private static let top = 14.0
  private static let bottom = 282.0
  /// Names of more points would hide them.
  private static let mostNames = 16

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing, columns: ["method", axis, "score", "lower", "upper"],
      rows: points.map { point in
        [
          .text(point.name), .number(point.cost), .number(point.score), .number(point.interval?.lowerBound),
          .number(point.interval?.upperBound),
        ]
      })
  }

  private var drawing: SVGFigure {
    let eligible = points.indices.filter { points[$0].isEligible }
    let front = ParetoFront.indices(costs: eligible.map { points[$0].cost }, scores: eligible.map { points[$0].score })
      .map { eligible[$0] }
    let names = front.map { points[$0].name }.joined(separator: ", ")
    var figure = SVGFigure(
      id: id, title: title,
      description: "Points: "
        + points.map {
          "\($0.name) \(NumberText.decimal($0.score, digits: 1)) at \(costText($0.cost))"
        }.joined(separator: "; ") + ". Not beaten in both: \(names).",
      width: Self.width, height: Self.height)
    let x = ChartScale.costs(points.map(\.cost), places: Self.left + 10...Self.right - 10)
    // A base model far below would press the methods together; its line is left out then.
    let scores = points.flatMap {
      [$0.score, $0.interval?.lowerBound ?? $0.score, $0.interval?.upperBound ?? $0.score]
    }
    let low = scores.min() ?? 0
    let high = scores.max() ?? 0
    func shown(_ line: Double?) -> Double? { line.flatMap { $0 > low - max(10, 1.5 * (high - low)) ? $0 : nil } }
    let lines = [(name: "zero-shot", value: shown(base)), (name: "majority", value: shown(majority))]
      .compactMap { line in line.value.map { (line.name, $0) } }
    let y = ChartScale.linear(
      scores + lines.map(\.1), places: -Self.bottom ... -Self.top, from: -100, to: 100)
    func place(_ point: Point) -> (x: Double, y: Double) { (x.place(point.cost), -y.place(point.score)) }

    for tick in y.ticks {
      let at = -y.place(tick)
      figure.line(Self.left, at, Self.right, at, class: "g")
      figure.text(NumberText.decimal(tick, digits: tick == tick.rounded() ? 0 : 1), Self.left - 6, at + 4, .end)
    }
    for tick in x.ticks {
      let at = x.place(tick)
      figure.line(at, Self.bottom, at, Self.bottom + 4, class: "a")
      figure.text(tick == 0 ? "0" : tickText(tick), at, Self.bottom + 18, .middle)
    }
    figure.line(Self.left, Self.bottom, Self.right, Self.bottom, class: "a")
    figure.text(axis, (Self.left + Self.right) / 2, Self.height - 8, .middle, class: "t")
    figure.verticalText("score, %", 11, (Self.top + Self.bottom) / 2)
    for (name, value) in lines {
      let at = -y.place(value)
      figure.line(Self.left, at, Self.right, at, class: "z")
      // The two names stand at either end, where the lines may lie close.
      let isLeft = name == "majority"
      figure.text(
        "\(name) \(NumberText.decimal(value, digits: 1))", isLeft ? Self.left + 4 : Self.right, at - 5,
        isLeft ? .start : .end, class: "q")
    }
    var steps: [(x: Double, y: Double)] = []
    for index in front {
      let at = place(points[index])
      if let last = steps.last { steps.append((at.x, last.y)) }
      steps.append(at)
    }
    if let last = steps.last { steps.append((Self.right, last.y)) }
    figure.path(steps, class: "f")
    for point in points {
      let at = place(point)
      if let interval = point.interval {
        figure.line(
          at.x, -y.place(interval.lowerBound), at.x, -y.place(interval.upperBound), class: "e \(point.style.color)")
      }
      figure.mark(
        point.style, at.x, at.y, size: 6,
        tip: "\(point.name): \(NumberText.decimal(point.score, digits: 1)) at \(costText(point.cost))")
    }
    // The names of the front first, then the highest: where there are many, not all have room.
    let others = points.indices.filter { !front.contains($0) }.sorted {
      (points[$0].score, $1) > (points[$1].score, $0)
    }
    let named = front + (points.count > Self.mostNames ? Array(others.prefix(Self.mostNames / 2)) : others)
    labels(of: named, places: points.map(place)) { figure.text($0, $1.x, $1.y, $2, class: "n") }
    return figure
  }

  /// Puts a name beside each point where it touches neither a mark nor another name.
  private func labels(
    of named: [Int], places: [(x: Double, y: Double)], draw: (String, (x: Double, y: Double), SVGFigure.Anchor) -> Void
  ) {
    struct Box {
      let x: ClosedRange<Double>
      let y: ClosedRange<Double>
      func meets(_ other: Box) -> Bool { x.overlaps(other.x) && y.overlaps(other.y) }
    }
    var taken = places.map { Box(x: $0.x - 7...$0.x + 7, y: $0.y - 7...$0.y + 7) }
    let area = Box(x: Self.left...Self.right + 4, y: Self.top - 8...Self.bottom)
    for point in named {
      let place = places[point]
      let name = RowNames.fitted(VisibleText.of(points[point].name), to: 190)
      let width = RowNames.width(of: name) + 2
      let options: [(dx: Double, dy: Double, anchor: SVGFigure.Anchor)] = [
        (11, 4, .start), (-11, 4, .end), (0, -12, .middle), (0, 20, .middle), (10, -9, .start), (10, 17, .start),
        (-10, -9, .end), (-10, 17, .end), (0, -26, .middle), (0, 34, .middle),
      ]
      for option in options {
        let (x, y) = (place.x + option.dx, place.y + option.dy)
        let start = option.anchor == .start ? x : option.anchor == .end ? x - width : x - width / 2
        let box = Box(x: start...start + width, y: y - 11...y + 3)
        guard !taken.contains(where: box.meets), start >= area.x.lowerBound, start + width <= area.x.upperBound,
          box.y.lowerBound >= area.y.lowerBound, box.y.upperBound <= area.y.upperBound
        else { continue }
        taken.append(box)
        draw(name, (x, y), option.anchor)
        break
      }
    }
  }
}
