import PEFTBench

/// Average ranks on one line; bars join methods that the critical difference does not part (Demšar 2006).
struct RankDiagram {
  let id: String
  let names: [String]
  let styles: [SeriesStyle]
  let test: FriedmanTest

  private static let width = 480.0
  private static let left = 135.0
  private static let right = 345.0
  private static let axis = 58.0

  var drawing: SVGFigure {
    let ranks = test.averageRanks
    let order = ranks.indices.sorted { ranks[$0] < ranks[$1] }
    let groups = groups(order)
    let half = (order.count + 1) / 2
    let labelTop = Self.axis + 20 + Double(groups.count) * 9
    var figure = SVGFigure(
      id: id, title: "Average ranks and critical difference",
      description: order.map { "\(names[$0]) \(NumberText.decimal(ranks[$0], digits: 2))" }.joined(separator: ", ")
        + ". Critical difference \(NumberText.decimal(test.criticalDifference, digits: 2)).",
      width: Self.width, height: labelTop + Double(half) * 21 + 4)
    let count = Double(max(2, names.count))
    func place(_ rank: Double) -> Double { Self.left + (rank - 1) / (count - 1) * (Self.right - Self.left) }

    figure.line(Self.left, Self.axis, Self.right, Self.axis, class: "a")
    // Numbers have room for a dozen.
    for rank in stride(from: 1, through: max(2, names.count), by: (names.count + 11) / 12) {
      let x = place(Double(rank))
      figure.line(x, Self.axis - 5, x, Self.axis, class: "a")
      figure.text("\(rank)", x, Self.axis - 10, .middle)
    }
    let width = min(place(1 + test.criticalDifference), Self.right) - Self.left
    figure.line(Self.left, 22, Self.left + width, 22, class: "b")
    figure.line(Self.left, 18, Self.left, 26, class: "b")
    figure.line(Self.left + width, 18, Self.left + width, 26, class: "b")
    figure.text("critical difference \(NumberText.decimal(test.criticalDifference, digits: 2))", Self.left, 12)

    for (place, index) in order.enumerated() {
      let isLeft = place < half
      let row = isLeft ? place : order.count - 1 - place
      let y = labelTop + Double(row) * 21 + 10
      let x = self.x(ranks[index], count)
      let end = isLeft ? Self.left - 14 : Self.right + 14
      figure.path([(x, Self.axis), (x, y), (end, y)], class: "l \(styles[index].color)")
      figure.mark(styles[index], x, Self.axis, size: 4.5)
      figure.text(
        RowNames.fitted(VisibleText.of(names[index]), to: Self.left - 20), isLeft ? end - 4 : end + 4, y + 4,
        isLeft ? .end : .start, class: "n")
    }
    for (row, group) in groups.enumerated() {
      let y = Self.axis + 12 + Double(row) * 9
      figure.line(place(group.lowerBound) - 4, y, place(group.upperBound) + 4, y, class: "k")
    }
    return figure
  }

  private func x(_ rank: Double, _ count: Double) -> Double {
    Self.left + (rank - 1) / (count - 1) * (Self.right - Self.left)
  }

  /// The longest stretches of neighbours whose ranks differ by no more than the critical difference.
  private func groups(_ order: [Int]) -> [ClosedRange<Double>] {
    let ranks = order.map { test.averageRanks[$0] }
    var result: [ClosedRange<Double>] = []
    var covered = -1
    for start in ranks.indices {
      let end = ranks.indices.last { ranks[$0] - ranks[start] <= test.criticalDifference } ?? start
      if end > start, end > covered {
        result.append(ranks[start]...ranks[end])
        covered = end
      }
    }
    return result
  }
}
