import PEFTBench

/// What each run took, a line a method: a dot a run, and the mean.
struct EffortChart {
  /// A method with the values of its runs.
  struct Row {
    let name: String
    let style: SeriesStyle
    let values: [(run: String, value: Double)]
  }

  let id: String
  let title: String
  let axis: String
  let text: (Double) -> String
  let rows: [Row]

  private static let width = 560.0
  private static let right = 462.0
  private static let top = 10.0
  private static let step = 24.0

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing, columns: ["method", "run", axis],
      rows: rows.flatMap { row in row.values.map { [.text(row.name), .text($0.run), .number($0.value)] } })
  }

  private var drawing: SVGFigure {
    let names = RowNames(rows.map(\.name), width: 100...230)
    let left = names.width + 10
    let bottom = Self.top + Self.step * Double(rows.count) + 4
    var figure = SVGFigure(
      id: id, title: title, description: rows.map { "\($0.name) \(text(mean($0)))" }.joined(separator: ", ") + ".",
      width: Self.width, height: bottom + 40)
    let x = ChartScale.costs(rows.flatMap { $0.values.map(\.value) }, places: left + 8...Self.right)
    for tick in x.ticks {
      figure.line(x.place(tick), Self.top, x.place(tick), bottom, class: "g")
      figure.text(text(tick), x.place(tick), bottom + 16, .middle)
    }
    figure.line(left, bottom, Self.right, bottom, class: "a")
    figure.text(axis, (left + Self.right) / 2, bottom + 34, .middle, class: "t")
    for (number, row) in rows.enumerated() {
      let y = Self.top + Self.step * (Double(number) + 0.5)
      figure.text(names[number], left - 8, y + 4.5, .end, class: "n")
      figure.dots(row.values.map { (x.place($0.value), y) }, class: row.style.color)
      figure.mark(row.style, x.place(mean(row)), y, size: 5, tip: "\(row.name): mean \(text(mean(row)))")
      figure.text(text(mean(row)), Self.right + 12, y + 4.5, class: "n")
    }
    return figure
  }

  private func mean(_ row: Row) -> Double { Summary.mean(row.values.map(\.value)) }
}

extension SuiteFigures {
  /// Seconds and peak bytes of all runs.
  var effort: [ReportFigure] {
    func chart(
      _ name: String, _ title: String, _ axis: String, _ text: @escaping (Double) -> String,
      _ value: (ReportedRun) -> Double?
    ) -> ReportFigure? {
      let rows = results.methods.indices.compactMap { method -> EffortChart.Row? in
        let values = results.cells[method].flatMap(\.runs).compactMap { run in
          value(run).map { (run: "\(run.dataset), seed \(run.seed)", value: $0) }
        }
        return values.isEmpty ? nil : .init(name: results.title(method), style: style(method), values: values)
      }
      return rows.isEmpty ? nil : EffortChart(id: id(name), title: title, axis: axis, text: text, rows: rows).figure
    }
    return [
      chart("time", "Time of each run", "seconds of training and evaluation", { NumberText.seconds($0) }) { run in
        run.costs.trainingSeconds.map { $0 + (run.costs.evaluationSeconds ?? 0) }
      },
      chart("memory", "Memory of each run", "peak bytes of tensors", { NumberText.bytes($0) }) {
        $0.costs.tensorBytes.total
      },
    ].compactMap { $0 }
  }
}
