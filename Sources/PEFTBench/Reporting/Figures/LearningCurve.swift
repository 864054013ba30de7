import PEFTBench
import PEFTCore

/// The history of a run, thinned out for a figure.
struct LearningCurve {
  /// Most points of a line; neighbours are averaged beyond it.
  static let maximumCount = 24

  private(set) var training: [(step: Double, loss: Double)] = []
  private(set) var validation: [(step: Double, loss: Double)] = []
  /// The least and the greatest training loss of several runs, at the steps of `training`; empty for one run.
  private(set) var spread: [ClosedRange<Double>] = []

  /// Reads a history.jsonl; a file that is not there has no points.
  ///
  /// - Throws: `DocumentError` for a line that is not JSON.
  init(path: String) throws(DocumentError) {
    guard let file = try? MemoryMappedFile(path: path) else { return }
    for (number, line) in file.contents.split(separator: 0x0A).enumerated() {
      let value = try JSONParser.parse(DocumentText(name: "\(path), line \(number + 1)", bytes: Array(line)))
      guard let step = value["step"]?.number else { continue }
      if let loss = value["loss"]?.number { training.append((step, loss)) }
      if let loss = value["validation_loss"]?.number { validation.append((step, loss)) }
    }
    training = Self.thinned(training)
    validation = Self.thinned(validation)
  }

  /// The mean of several curves, point by point; curves of other steps than the first are left out.
  init(mean curves: [LearningCurve]) {
    func alike(_ lines: [[(step: Double, loss: Double)]]) -> [[(step: Double, loss: Double)]] {
      guard let first = lines.first(where: { !$0.isEmpty }) else { return [] }
      return lines.filter { $0.map(\.step) == first.map(\.step) }
    }
    func mean(_ lines: [[(step: Double, loss: Double)]]) -> [(step: Double, loss: Double)] {
      guard let first = lines.first else { return [] }
      return first.indices.map { place in (first[place].step, Summary.mean(lines.map { $0[place].loss })) }
    }
    let lines = alike(curves.map(\.training))
    training = mean(lines)
    validation = mean(alike(curves.map(\.validation)))
    guard lines.count > 1 else { return }
    spread = training.indices.map { place in
      let losses = lines.map { $0[place].loss }
      return (losses.min() ?? 0)...(losses.max() ?? 0)
    }
  }

  private static func thinned(_ points: [(step: Double, loss: Double)]) -> [(step: Double, loss: Double)] {
    guard points.count > maximumCount else { return points }
    return (0..<maximumCount).map { place in
      let range = place * points.count / maximumCount..<(place + 1) * points.count / maximumCount
      return (Summary.mean(points[range].map(\.step)), Summary.mean(points[range].map(\.loss)))
    }
  }
}
