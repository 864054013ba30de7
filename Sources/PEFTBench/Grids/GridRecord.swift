import Foundation
import PEFTCore

/// What a grid came to: the adapters that were tried, which of them was chosen on held-out training rows, and what it is
/// worth on the evaluation rows of every task, beside the task's own adapter.
///
/// It is written once, under an id that stands for all that its numbers depend on, as `grids/<id>.json` in the folder of the
/// runs whose adapters it is about.
package struct GridRecord: Sendable, Equatable {
  /// What was made of the adapters.
  package enum Kind: String, Sendable { case combination, compression }

  /// One task with its own adapter.
  package struct Task: Sendable, Equatable {
    /// The adapter's name in the expression; of a compression the dataset.
    package let name: String
    /// The dataset.
    package let dataset: String
    /// The run that trained the adapter.
    package let run: String
    /// The headline score's name.
    package let primary: String
    /// Held-out and evaluation rows.
    package let heldOutRows: Int
    package let evaluationRows: Int
    /// What the own adapter scores on both.
    package let ownHeldOut: Double?
    package let own: GridScore
    /// What the chosen adapter scores.
    package let chosen: GridScore

    /// The chosen adapter's score over the own one's; nil where that is not positive.
    package var retained: Double? { own.value > 0 ? chosen.value / own.value : nil }
  }

  /// One adapter that was tried.
  package struct Candidate: Sendable, Equatable {
    /// The numbers that make it.
    package let values: [GridValue]
    /// Its scores on held-out rows, task by task; empty where nothing was to choose.
    package let heldOut: [Double]

    /// Their mean, by which it is chosen; nil where there are none.
    package var mean: Double? { heldOut.isEmpty ? nil : heldOut.reduce(0, +) / Double(heldOut.count) }
  }

  /// The id.
  package let id: String
  /// What was made.
  package let kind: Kind
  /// How: the expression with its convention, or the share that is kept with the codec.
  package let recipe: JSONValue
  /// The model, and the method that trained the adapters.
  package let model: String
  package let method: String
  /// The seed of the runs.
  package let seed: Int
  /// The tasks, in the order of the expression.
  package let tasks: [Task]
  /// All that were tried, in their order.
  package let candidates: [Candidate]
  /// Which one was chosen.
  package let chosen: Int
  /// Bytes of the file of the chosen adapter's trained values, of a compression.
  package let bytes: Int?
  /// The size of these values in float16 over that.
  package let ratioToFloat16: Double?
  /// Seconds that it took.
  package let seconds: Double

  /// The mean of the retained shares; nil where a task has none.
  package var meanRetained: Double? {
    let shares = tasks.compactMap(\.retained)
    return shares.count == tasks.count ? shares.reduce(0, +) / Double(shares.count) : nil
  }

  /// The candidate that is chosen: the largest mean; of several the middle one, which lies farthest from what is worse.
  static func choice(among candidates: [Candidate]) -> Int {
    guard let best = candidates.compactMap(\.mean).max() else { return 0 }
    let places = candidates.indices.filter { candidates[$0].mean == best }
    return places[(places.count - 1) / 2]
  }
}

/// A headline score with its 95 % interval.
package struct GridScore: Sendable, Equatable {
  /// The score.
  package let value: Double
  /// The ends of the interval; nil for a score that is no share of rows.
  package let interval: ClosedRange<Double>?

  /// The headline score of some answers.
  init(_ scores: DatasetScores) {
    value = scores.value
    let credits = scores.rowCredits
    let isShare =
      !credits.isEmpty && abs(credits.reduce(0, +) / Double(credits.count) - scores.value) < 1e-9
    interval =
      isShare
      ? ScoreInterval.mean(of: [.init(shares: [credits])]).map { min($0.lower, $0.upper)...max($0.lower, $0.upper) }
      : nil
  }

  init(value: Double, interval: ClosedRange<Double>?) { (self.value, self.interval) = (value, interval) }
}
