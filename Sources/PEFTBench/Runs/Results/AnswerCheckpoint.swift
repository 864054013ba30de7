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

  private let path: String
  private let identity: String
  /// Called with what kept a file from being used.
  private let complain: (String) -> Void
  private var last = DispatchTime.now()

  /// Names a checkpoint.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: What the answers belong to, such as a run's id.
  ///   - complain: Called with what kept a file from being used.
  package init(path: String, identity: String, complain: @escaping (String) -> Void) {
    self.path = path
    self.identity = identity
    self.complain = complain
  }

  /// Whether it is time to save.
  var isDue: Bool { last.secondsUntilNow >= TrainingCheckpoint.usualInterval }

  /// Saves the answers; if that is not possible, they will have to be made again.
  package func save(_ answers: Answers) {
    var json: JSONValue = [
      "identity": JSONValue(identity), "version": JSONValue(Version.current), "seconds": JSONValue(answers.seconds),
      "peak": answers.peak.json, "answers": JSONValue(answers.answers),
    ]
    json[Self.checksumKey] = JSONValue(Self.checksum(of: json))
    let folder = FilePath.folder(of: path)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try? AtomicFile.write(json.compactText, to: path)
    last = .now()
  }

  /// The saved answers; nil if there are none that fit.
  ///
  /// A damaged file is put aside.
  package func restore(prompts: Int) -> Answers? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try read(prompts: prompts)
    } catch {
      let kept = (try? AtomicFile.putAside(path)).map { "; they are kept as \($0)" } ?? ""
      complain("the saved answers cannot be used, so all are made again: \(error)\(kept)")
      return nil
    }
  }

  private func read(prompts: Int) throws -> Answers? {
    let (document, text) = try JSONParser.parse(file: path)
    var json = JSONValue(document)
    json[Self.checksumKey] = nil
    guard document[Self.checksumKey]?.string == Self.checksum(of: json) else {
      throw DocumentError("the checksum does not fit the content", at: document.offset, of: text)
    }
    guard document["identity"]?.string == identity, document["version"]?.string == Version.current else { return nil }
    let list = document["answers"]?.array ?? []
    let answers = list.compactMap(\.string)
    guard let peak = MemoryUse(document["peak"]), let seconds = document["seconds"]?.number, seconds >= 0,
      answers.count == list.count, answers.count <= prompts
    else { throw DocumentError("these are not the first answers of \(prompts)", at: document.offset, of: text) }
    return Answers(answers: answers, seconds: seconds, peak: peak)
  }

  /// The member with the checksum.
  package static let checksumKey = "checksum"

  /// The checksum of all other members.
  package static func checksum(of json: JSONValue) -> String {
    String(SHA256.hexadecimal(of: JSONWriter.bytes(json, isPretty: false)).prefix(16))
  }
}
