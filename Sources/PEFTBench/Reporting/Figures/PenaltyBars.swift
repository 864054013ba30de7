import Foundation
import PEFTBench

/// What each term of PSCP takes away from a method's score: bars as long as the score, of which the first part is left.
///
/// The terms are factors, so what one takes would depend on the order in which they are multiplied. Each is given the
/// share of the loss that its logarithm has of all three, which no order changes.
struct PenaltyBars {
  /// A method.
  struct Row {
    let name: String
    /// Percent.
    let score: Double
    let pscp: Double
    let terms: PSCP.Terms

    /// What the three terms take, in points: parameters, FLOPs, memory.
    var losses: [Double] {
      let logarithms = [terms.parameters, terms.flops, terms.memory].map { -log($0) }
      let total = logarithms.reduce(0, +)
      return logarithms.map { total > 0 ? (score - pscp) * $0 / total : 0 }
    }
  }

  let id: String
  let title: String
  let rows: [Row]

  private static let parts = ["PSCP", "trainable parameters", "added FLOPs", "peak memory"]
  private static let colors = ["c2", "c1", "c6", "c3"]
  private static let width = 760.0
  private static let right = 610.0
  private static let top = 34.0
  private static let step = 26.0

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing,
      columns: ["method", "score", "PSCP", "taken by parameters", "taken by FLOPs", "taken by memory"],
      rows: rows.map { row in
        [.text(row.name), .number(row.score), .number(row.pscp)] + row.losses.map { .number($0) }
      })
  }

  private var drawing: SVGFigure {
    let names = RowNames(rows.map(\.name), width: 120...290)
    let left = names.width + 14
    let bottom = Self.top + Self.step * Double(rows.count) + 4
    let description = rows.map { row in
      "\(row.name) \(text(row.pscp)) of \(text(row.score)); taken: "
        + zip(Self.parts.dropFirst(), row.losses).map { "\($0) \(text($1))" }.joined(separator: ", ")
    }
    var figure = SVGFigure(
      id: id, title: title, description: description.joined(separator: ". ") + ".", width: Self.width,
      height: bottom + 26)
    let most = max(rows.map(\.score).max() ?? 0, 1)
    let x = ChartScale.linear([0, most], places: left...Self.right, from: 0, to: max(most, 100))
    for tick in x.ticks {
      figure.line(x.place(tick), Self.top - 6, x.place(tick), bottom, class: "g")
      figure.text(NumberText.plain(tick), x.place(tick), bottom + 16, .middle)
    }
    figure.text("points", Self.right + 28, bottom + 16)
    var at = left
    for (name, color) in zip(Self.parts, Self.colors) {
      figure.bar(at...at + 12, 8...20, class: color, tip: name)
      figure.text(name, at + 18, 18.5, class: "t")
      at += 34 + 7 * Double(name.count)
    }
    for (number, row) in rows.enumerated() {
      let y = Self.top + Self.step * Double(number)
      figure.text(names[number], left - 12, y + 17, .end, class: "n")
      var start = 0.0
      for (place, part) in ([row.pscp] + row.losses).enumerated() where part > 0 {
        figure.bar(
          x.place(start)...x.place(start + part), y + 4...y + Self.step - 4, class: Self.colors[place],
          tip: place == 0
            ? "\(row.name): PSCP \(text(part))" : "\(row.name): \(Self.parts[place]) takes \(text(part)) points")
        start += part
      }
      figure.text("\(text(row.pscp)) of \(text(row.score))", Self.right + 14, y + 17, class: "n")
    }
    return figure
  }

  private func text(_ value: Double) -> String { NumberText.decimal(value, digits: 1) }
}

extension SuiteFigures {
  /// What the terms of PSCP take from each method; nil where none has PSCP.
  var penalties: ReportFigure? {
    let rows = statistics.leaderboard.compactMap { row -> PenaltyBars.Row? in
      guard !results.methods[row.method].isZeroShot, let terms = row.terms, let pscp = row.pscp, let mean = row.mean
      else { return nil }
      // PSCP counts no score below zero.
      return .init(
        name: results.title(row.method), score: 100 * max(0, mean), pscp: min(pscp, 100 * max(0, mean)), terms: terms)
    }
    guard !rows.isEmpty else { return nil }
    return PenaltyBars(id: id("penalties"), title: "What PSCP takes from the score", rows: rows).figure
  }
}
