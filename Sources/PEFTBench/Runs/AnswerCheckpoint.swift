import Dispatch
import Foundation
import PEFTCore

/// Where an evaluation keeps its answers from time to time, so that a killed run need not ask again.
final class AnswerCheckpoint {
  /// Answers to the first prompts, and what they took.
  struct Answers {
    var answers: [String] = []
    var seconds = 0.0
    var peak = MemoryUse()
  }

  /// The file for the rows that are scored.
  static let fileName = "answers.json"
  /// The file for those of a third set.
  static let testFileName = "answers-test.json"

  private let path: String
  private let identity: String
  private var last = DispatchTime.now()

  init(path: String, identity: String) {
    self.path = path
    self.identity = identity
  }

  /// Whether it is time to save.
  var isDue: Bool { last.secondsUntilNow >= TrainingCheckpoint.usualInterval }

  /// Saves the answers; if that is not possible, they will have to be made again.
  func save(_ answers: Answers) {
    let json: JSONValue = [
      "identity": JSONValue(identity), "version": JSONValue(Version.current), "seconds": JSONValue(answers.seconds),
      "peak": answers.peak.json, "answers": JSONValue(answers.answers),
    ]
    let folder = FilePath.folder(of: path)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try? AtomicFile.write(json.compactText, to: path)
    last = .now()
  }

  /// The saved answers; nil if there are none that fit.
  func restore(prompts: Int) -> Answers? {
    guard let data = FileManager.default.contents(atPath: path),
      let json = try? JSONParser.parse(DocumentText(name: path, bytes: [UInt8](data))),
      json["identity"]?.string == identity, json["version"]?.string == Version.current,
      let peak = MemoryUse(json["peak"]), let seconds = json["seconds"]?.number,
      let answers = json["answers"]?.array?.compactMap(\.string), answers.count <= prompts
    else { return nil }
    return Answers(answers: answers, seconds: seconds, peak: peak)
  }
}
