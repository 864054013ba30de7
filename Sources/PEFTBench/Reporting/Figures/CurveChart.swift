import PEFTBench
import PEFTCore

/// Loss by step on one dataset: lines while training, with the band of all seeds, and dots on the validation rows.
struct CurveChart {
  /// A method's curve.
  struct Line {
    let name: String
    let style: SeriesStyle
    let curve: LearningCurve
    /// Whether it is one of many behind the others.
    var isFaint = false
  }

  let id: String
  let dataset: String
  let lines: [Line]

  private static let width = 380.0
  private static let height = 250.0
  private static let left = 46.0
  private static let right = 370.0
  private static let top = 28.0
  private static let bottom = 222.0
  /// Losses on a logarithmic axis are drawn no lower.
  private static let leastLoss = 1e-6

  var figure: ReportFigure {
    .init(
      name: id, caption: dataset, drawing: drawing, columns: ["method", "kind", "step", "loss", "least", "greatest"],
      rows: lines.flatMap { line in
        line.curve.training.enumerated().map { place, point in
          let spread = line.curve.spread.isEmpty ? nil : line.curve.spread[place]
          return [
            .text(line.name), .text("training"), .number(point.step), .number(point.loss), .number(spread?.lowerBound),
            .number(spread?.upperBound),
          ]
        }
          + line.curve.validation.map {
            [.text(line.name), .text("validation"), .number($0.step), .number($0.loss), .number(nil), .number(nil)]
          }
      }, legend: lines.filter { !$0.isFaint }.map { ($0.name, $0.style) })
  }

  private var drawing: SVGFigure {
    let ends = lines.compactMap { line in
      line.curve.training.last.map { "\(line.name) \(NumberText.decimal($0.loss, digits: 3))" }
    }
    var figure = SVGFigure(
      id: id, title: "Learning curves, \(dataset)", description: "Last training loss: \(ends.joined(separator: ", ")).",
      width: Self.width, height: Self.height)
    let points = lines.flatMap { $0.curve.training + $0.curve.validation }
    let losses =
      (points.map(\.loss) + lines.flatMap { $0.curve.spread.flatMap { [$0.lowerBound, $0.upperBound] } })
      .map { max($0, Self.leastLoss) }
    let x = ChartScale.linear([0, max(1, points.map(\.step).max() ?? 1)], places: Self.left...Self.right, from: 0)
    let isWide = (losses.max() ?? 1) / (losses.min() ?? 1) > 20
    let places = -Self.bottom ... -Self.top
    let y = isWide ? ChartScale.costs(losses, places: places) : ChartScale.linear(losses, places: places, from: 0)
    for tick in y.ticks {
      let at = -y.place(tick)
      figure.line(Self.left, at, Self.right, at, class: "g")
      figure.text(NumberText.significant(tick, digits: 2), Self.left - 6, at + 4, .end)
    }
    figure.line(Self.left, Self.bottom, Self.right, Self.bottom, class: "a")
    for tick in x.ticks where x.place(tick) < Self.right - 20 {
      figure.text(NumberText.tick(tick), x.place(tick), Self.bottom + 16, .middle)
    }
    figure.text("step", Self.right, Self.bottom + 16, .end, class: "t")
    figure.text(RowNames.fitted(VisibleText.of(dataset), to: Self.width - 8), 2, 15, class: "h")
    func place(_ step: Double, _ loss: Double) -> (x: Double, y: Double) {
      (x.place(step), -y.place(max(loss, Self.leastLoss)))
    }
    for line in lines where !line.curve.spread.isEmpty && !line.isFaint {
      let ends = zip(line.curve.training, line.curve.spread)
      figure.band(
        ends.map { place($0.step, $1.upperBound) }, ends.map { place($0.step, $1.lowerBound) }, class: line.style.color)
    }
    for line in lines where line.isFaint {
      figure.path(line.curve.training.map { place($0.step, $0.loss) }, class: "j")
    }
    for line in lines where !line.isFaint {
      figure.path(
        line.curve.training.map { place($0.step, $0.loss) }, class: "l \(line.style.color) \(line.style.dash)")
      for point in line.curve.validation {
        let at = place(point.step, point.loss)
        figure.dot(at.x, at.y, 2.6, class: "m \(line.style.color)")
      }
    }
    return figure
  }
}

extension SuiteFigures {
  /// The losses of training, a figure a dataset, and why a history could not be read.
  var curves: (figures: [ReportFigure], problem: String?) {
    var problem: String?
    let inColor = inColor
    let figures = results.datasets.indices.compactMap { dataset -> ReportFigure? in
      let lines = trained.compactMap { method -> CurveChart.Line? in
        do {
          let all = try results.cells[method][dataset].runs.compactMap { run in
            try run.folder.map { try LearningCurve(path: $0 + "/history.jsonl") }
          }
          let curve = LearningCurve(mean: all)
          return curve.training.isEmpty
            ? nil
            : .init(
              name: results.title(method), style: style(method), curve: curve, isFaint: !inColor.contains(method))
        } catch {
          problem = "\(error)"
          return nil
        }
      }
      guard !lines.isEmpty else { return nil }
      return CurveChart(id: id("curves-\(dataset + 1)"), dataset: results.datasets[dataset], lines: lines).figure
    }
    return (figures, problem)
  }
}
