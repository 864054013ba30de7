import Foundation
import PEFTCore

/// How far a run has come, as the process that works on it tells others in progress.json.
///
/// It is a sign of life for `status`, replaced every second and removed when the run ends. Whether the run is really
/// going on only its lock tells.
package struct RunProgress: Sendable, Equatable {
  /// What is going on.
  package enum Phase: String, Sendable { case choice, training, evaluation }

  /// What is going on.
  package var phase: Phase
  /// Candidates judged, optimizer steps or answers done.
  package var done: Int
  /// Candidates, optimizer steps or answers in all.
  package var total: Int
  /// Loss of the last step; nil without training.
  package var loss: Double?
  /// Candidates, tokens of training batches, or answers, a second of this attempt.
  package var rate: Double?
  /// Seconds that the run has taken so far, earlier attempts included.
  package var seconds: Double
  /// The machine.
  package var host: String
  /// The process.
  package var process: Int

  static let fileName = "progress.json"

  var json: JSONValue {
    [
      "phase": JSONValue(phase.rawValue), "done": JSONValue(done), "total": JSONValue(total),
      "loss": JSONValue(loss), "rate": JSONValue(rate), "seconds": JSONValue(seconds), "host": JSONValue(host),
      "process": JSONValue(process),
    ]
  }

  init(
    phase: Phase, done: Int, total: Int, loss: Double?, rate: Double?, seconds: Double,
    host: String = ProcessInfo.processInfo.hostName, process: Int = Int(ProcessInfo.processInfo.processIdentifier)
  ) {
    (self.phase, self.done, self.total, self.loss) = (phase, done, total, loss)
    (self.rate, self.seconds, self.host, self.process) = (rate, seconds, host, process)
  }

  /// Reads a run's progress; nil if there is none, or none that can be understood.
  init?(folder: String) {
    let path = folder + "/" + Self.fileName
    guard let value = try? JSONParser.parse(file: path, limit: DocumentText.largestDescription).value,
      let phase = value["phase"]?.string.flatMap(Phase.init), let done = value["done"]?.integer,
      let total = value["total"]?.integer
    else { return nil }
    self.init(
      phase: phase, done: done, total: total, loss: value["loss"]?.number, rate: value["rate"]?.number,
      seconds: value["seconds"]?.number ?? 0, host: value["host"]?.string ?? "",
      process: value["process"]?.integer ?? 0)
  }
}

/// Writes a run's progress.json, at most once a second and not before the first one is over.
final class RunProgressWriter {
  private let path: String
  private let host = ProcessInfo.processInfo.hostName
  private var last = ContinuousClock.now
  private static let interval = Duration.seconds(1)

  init(folder: String) { path = folder + "/" + RunProgress.fileName }

  func update(_ progress: @autoclosure () -> RunProgress) {
    let now = ContinuousClock.now
    guard now - last >= Self.interval else { return }
    last = now
    // A sign of life that cannot be given is no reason to stop working.
    try? AtomicFile.writeQuickly(progress().json.compactText + "\n", to: path)
  }
}
