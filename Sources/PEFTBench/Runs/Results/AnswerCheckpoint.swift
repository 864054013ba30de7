import Dispatch
import Foundation
import PEFTCore

/// Where an evaluation keeps its answers from time to time, so that a killed run need not ask again.
package final class AnswerCheckpoint {
  /// Answers to the first prompts, and what they took.
  package struct Answers {
    package var answers: [String]
    package var seconds: Double
    package var peak: MemoryUse

    package init(answers: [String] = [], seconds: Double = 0, peak: MemoryUse = MemoryUse()) {
      (self.answers, self.seconds, self.peak) = (answers, seconds, peak)
    }
  }

  private let file: CheckedDocument
  private var last = DispatchTime.now()

  /// Names a checkpoint.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: What the answers belong to, such as a run's id.
  ///   - complain: Called with what kept a file from being used.
  package init(path: String, identity: String, complain: @escaping (String) -> Void) {
    file = CheckedDocument(path: path, identity: identity, what: "answers", complain: complain)
  }

  /// Whether it is time to save.
  var isDue: Bool { last.secondsUntilNow >= TrainingCheckpoint.usualInterval }

  /// Saves the answers; if that is not possible, they will have to be made again.
  package func save(_ answers: Answers) {
    file.save([
      "seconds": JSONValue(answers.seconds), "peak": answers.peak.json, "answers": JSONValue(answers.answers),
    ])
    last = .now()
  }

  /// The saved answers; nil if there are none that fit.
  ///
  /// A damaged file is put aside.
  package func restore(prompts: Int) -> Answers? {
    file.restore { document in
      let list = document["answers"]?.array ?? []
      let answers = list.compactMap(\.string)
      guard let peak = MemoryUse(document["peak"]), let seconds = document["seconds"]?.number, seconds >= 0,
        answers.count == list.count, answers.count <= prompts
      else { return nil }
      return Answers(answers: answers, seconds: seconds, peak: peak)
    }
  }
}
