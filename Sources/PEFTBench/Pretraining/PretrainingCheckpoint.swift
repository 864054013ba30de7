import Foundation
import PEFTCore

/// What a pretraining needs to go on as if it had never stopped, in one file that appears whole or not at all.
struct PretrainingCheckpoint {
  /// Everything beside the arrays.
  struct Progress: Equatable {
    /// Steps taken.
    var step = 0
    /// Tokens gone by.
    var tokens = 0
    /// Where the queue of documents stands.
    var position = DocumentQueue.Position()
    /// Sum of the losses since the last line of the history, and over how many steps.
    var pendingLoss = (sum: 0.0, steps: 0)
    /// The lines so far.
    var history: [PretrainingEntry] = []

    static func == (a: Progress, b: Progress) -> Bool {
      a.step == b.step && a.tokens == b.tokens && a.position == b.position && a.pendingLoss == b.pendingLoss
        && a.history == b.history
    }
  }

  /// The folder of a model's checkpoints.
  let folder: String

  private static let prefix = "step-"
  private static let suffix = ".safetensors"

  /// Checkpoints of the model in `output`.
  init(output: String) { folder = output + "/checkpoint" }

  /// The files of checkpoints, the oldest first.
  private var files: [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return entries.filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(Self.suffix) }.sorted()
  }

  /// Whether there is something to go on from.
  var exists: Bool { !files.isEmpty }

  /// Writes a checkpoint, then removes the older ones.
  func save(_ progress: Progress, parameters: [Parameter], optimizer: Optimizer, identity: String)
    throws(FileError)
  {
    let state: JSONValue = [
      "step": JSONValue(progress.step), "tokens": JSONValue(progress.tokens),
      "document": JSONValue(progress.position.document), "piece": JSONValue(progress.position.piece),
      "pending_loss": JSONValue(progress.pendingLoss.sum), "pending_steps": JSONValue(progress.pendingLoss.steps),
      "history": .array(progress.history.map(\.json)),
    ]
    var writer = CheckpointFile.Writer(texts: ["identity": identity, "state": state.compactText])
    for parameter in parameters { writer.add("weight.\(parameter.name)", parameter.value) }
    for (index, moment) in optimizer.moments.enumerated() { writer.add("moment.\(index)", moment) }
    let name = Self.prefix + String(format: "%09d", progress.step) + Self.suffix
    let old = files.filter { $0 != name }
    try writer.write(to: "\(folder)/\(name)")
    for file in old { try? FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
  }

  /// Takes up the newest checkpoint.
  ///
  /// - Returns: Where it stands.
  /// - Throws: `FileError` or `CheckpointError` for a file that is damaged or belongs to another config.
  func restore(into parameters: [Parameter], optimizer: Optimizer, identity: String) throws -> Progress {
    guard let name = files.last else { throw FileError(path: folder, "there is no checkpoint") }
    let path = "\(folder)/\(name)"
    let file = try CheckpointFile(path: path)
    guard file.text("identity") == identity else {
      throw FileError(path: path, "belongs to another config or corpus; --fresh starts over")
    }
    let weights = try parameters.map { try file.values("weight.\($0.name)", shape: $0.shape) }
    let moments = try optimizer.moments.enumerated().map { try file.values("moment.\($0)", shape: $1.shape) }
    let progress = try Self.progress(file.text("state"), path: path)
    guard optimizer.restore(stepCount: progress.step, moments: moments) else {
      throw FileError(path: path, "does not fit the model")
    }
    for (parameter, values) in zip(parameters, weights) {
      values.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress else { return }
        // In place, since copies of the model share the memory.
        parameter.value.mutableElements.update(from: base, count: values.count)
      }
    }
    return progress
  }

  private static func progress(_ state: String, path: String) throws -> Progress {
    let value = try JSONParser.parse(DocumentText(name: path, bytes: Array(state.utf8)))
    guard let step = value["step"]?.integer, let tokens = value["tokens"]?.integer,
      let document = value["document"]?.integer, let piece = value["piece"]?.integer,
      let loss = value["pending_loss"]?.number, let steps = value["pending_steps"]?.integer,
      let history = value["history"]?.array, [step, tokens, document, piece, steps].allSatisfy({ $0 >= 0 })
    else { throw FileError(path: path, "is not a checkpoint of a pretraining") }
    return Progress(
      step: step, tokens: tokens, position: .init(document: document, piece: piece), pendingLoss: (loss, steps),
      history: history.compactMap(PretrainingEntry.init))
  }

  /// Removes all checkpoints, once they are not needed any more.
  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
