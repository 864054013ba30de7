import Dispatch
import PEFTCore

/// Where a choice among adapters keeps the scores of those that were judged, so that a killed run need not ask again.
final class ChoiceCheckpoint {
  /// The scores of the first candidates, and what they took.
  struct Scores {
    var values: [Double] = []
    var seconds = 0.0
    var peak = MemoryUse()
  }

  static let fileName = "choice.json"

  private let file: CheckedDocument
  private var last = DispatchTime.now()

  /// Names a checkpoint.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: The run's id.
  ///   - complain: Called with what kept a file from being used.
  init(path: String, identity: String, complain: @escaping (String) -> Void) {
    file = CheckedDocument(path: path, identity: identity, what: "scores of candidates", complain: complain)
  }

  /// Whether it is time to save.
  var isDue: Bool { last.secondsUntilNow >= TrainingCheckpoint.usualInterval }

  /// Saves the scores.
  func save(_ scores: Scores) {
    file.save([
      "seconds": JSONValue(scores.seconds), "peak": scores.peak.json, "scores": JSONValue(scores.values),
    ])
    last = .now()
  }

  /// The saved scores; nil if there are none that fit.
  ///
  /// - Parameter candidates: How many there can be.
  func restore(candidates: Int) -> Scores? {
    file.restore { document in
      let list = document["scores"]?.array ?? []
      let values = list.compactMap(\.number)
      guard let peak = MemoryUse(document["peak"]), let seconds = document["seconds"]?.number, seconds >= 0,
        values.count == list.count, values.count <= candidates
      else { return nil }
      return Scores(values: values, seconds: seconds, peak: peak)
    }
  }
}
