import Dispatch
import Foundation
import PEFTCore

/// Where a training keeps its state from time to time, so that a killed run resumes from there and ends with the
/// same bytes as an undisturbed one.
///
/// One safetensors file with a checksum, replaced as a whole: the values of the parameters, the optimizer's moments in the
/// form that it keeps them in and the tensors of the participants as tensors, everything else as one JSON text among the
/// metadata. A file that is damaged,
/// or that a training with other participants wrote, is put aside, and the training starts again; or it ends the training,
/// where that was chosen.
package final class TrainingCheckpoint {
  /// What becomes of a file that cannot be used.
  enum Refusal {
    /// The training starts from the beginning. A damaged file is kept beside; one of another training or of another
    /// version of the program is overwritten.
    case startsAgain
    /// The training ends with an error that says how to start again.
    case ends(advice: String)
  }

  /// The file.
  package let path: String

  private static let stateKey = "state"
  /// In which form moments are; float32 where a file does not say so.
  private static let stateFormatKey = "optimizer_state"

  /// What the state belongs to.
  private let identity: String
  private let everySteps: Int?
  private let interval: Double
  private let refusal: Refusal
  private var last = DispatchTime.now()
  /// Whether the file holds the end of the training.
  private var hasResult = false
  /// Who takes part in the training, for the state that goes with its result.
  private var participants: [any TrainingParticipant] = []
  /// Called when a checkpoint could not be written, which is no reason to give up the training.
  private let complain: (String) -> Void

  /// Seconds between two checkpoints unless a number of steps is given.
  package static let usualInterval = 60.0

  /// Names a checkpoint whose file, where it cannot be used, lets the training start again.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: What the state belongs to, such as a run's id.
  ///   - everySteps: Steps between two checkpoints; nil to go by time.
  ///   - interval: Seconds between two checkpoints where they go by time.
  ///   - complain: Called with what kept a checkpoint from being written or read.
  package convenience init(
    path: String, identity: String, everySteps: Int?, interval: Double = usualInterval,
    complain: @escaping (String) -> Void
  ) {
    self.init(
      path: path, identity: identity, everySteps: everySteps, interval: interval, refusal: .startsAgain,
      complain: complain)
  }

  init(
    path: String, identity: String, everySteps: Int?, interval: Double = usualInterval, refusal: Refusal,
    complain: @escaping (String) -> Void
  ) {
    self.path = path
    self.identity = identity
    self.everySteps = everySteps
    self.interval = interval
    self.refusal = refusal
    self.complain = complain
  }

  /// Whether there is a file.
  var exists: Bool { FileManager.default.fileExists(atPath: path) }

  /// Whether the state after `step` steps should be saved.
  func isDue(step: Int) -> Bool {
    if let everySteps { return step % everySteps == 0 }
    return last.secondsUntilNow >= interval
  }

  // MARK: - Writing

  /// Saves the state after a step.
  func save(_ state: TrainingState, of assembly: TrainingAssembly) {
    write(
      state, parameters: assembly.parameters, participants: assembly.participants,
      unfinished: (assembly.optimizer, assembly.source))
  }

  /// - Parameter unfinished: What the steps depend on that are left; nil where none are.
  private func write(
    _ state: TrainingState, parameters: [Parameter], participants: [any TrainingParticipant],
    unfinished: (optimizer: Optimizer, source: any TrainingSource)?
  ) {
    var json = state.json
    json["identity"] = JSONValue(identity)
    json["version"] = JSONValue(Version.current)
    var tensors = parameters.enumerated().map { ("parameter.\($0)", StoredTensor($1.value)) }
    if let (optimizer, source) = unfinished {
      json["optimizer_steps"] = JSONValue(optimizer.stepCount)
      json["parameter_steps"] = optimizer.parameterSteps.map { JSONValue($0) }
      if optimizer.stateFormat != .float32 {
        json[Self.stateFormatKey] = JSONValue(optimizer.stateFormat.rawValue)
      }
      tensors += optimizer.moments.enumerated().map { ("moment.\($0)", $1) }
      json["source"] = Self.json(of: source.state, prefix: "source", &tensors)
    }
    json["participants"] = .array(
      participants.enumerated().map { index, participant in
        var json = Self.json(of: participant.state, prefix: "participant.\(index)", &tensors)
        json["name"] = JSONValue(participant.name)
        json["settings"] = JSONValue(participant.settings)
        return json
      })
    var writer = CheckpointFile.Writer(texts: [Self.stateKey: json.compactText])
    for (name, tensor) in tensors { writer.add(name, tensor) }
    do {
      // Only this one: the run's own is gone where somebody removed the results.
      let folder = FilePath.folder(of: path)
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      try writer.write(to: path)
    } catch {
      complain("a checkpoint could not be written: \(error)")
    }
    last = .now()
  }

  private static func json(
    of state: SavedState, prefix: String, _ tensors: inout [(String, StoredTensor)]
  ) -> JSONValue {
    tensors += state.tensors.map { ("\(prefix).\($0.name)", $0.tensor) }
    var texts: JSONValue = [:]
    for (name, text) in state.texts.sorted(by: { $0.key < $1.key }) { texts[name] = JSONValue(text) }
    return ["texts": texts, "tensors": JSONValue(state.tensors.map(\.name))]
  }

  /// Saves what a training ended with, if it is long since the last checkpoint: `outcome`, and parameters that hold the
  /// result.
  func saveResult(_ outcome: TrainingOutcome, parameters: [Parameter], evenIfRecent: Bool = false) {
    guard !hasResult, evenIfRecent || everySteps != nil || last.secondsUntilNow >= interval else { return }
    var state = TrainingState()
    state.outcome = outcome
    state.isEnded = true
    write(state, parameters: parameters, participants: participants, unfinished: nil)
    hasResult = true
  }

  // MARK: - Reading

  /// Takes a saved state up.
  ///
  /// - Parameters:
  ///   - assembly: Gets its saved values; an optimizer only where steps are left.
  ///   - steps: Steps of the whole training.
  /// - Returns: The state, or nil for none; then parameters and optimizer are as they were.
  /// - Throws: What is wrong with the file; parameters and optimizer are as they were, but participants may have taken
  ///   their part of it.
  func restore(_ assembly: TrainingAssembly, steps: Int) throws -> TrainingState? {
    participants = assembly.participants
    guard exists else { return nil }
    let file = try CheckpointFile(path: path)
    let json = try JSONParser.parse(DocumentText(name: path, bytes: Array(file.text(Self.stateKey).utf8)))
    guard json["identity"]?.string == identity, json["version"]?.string == Version.current else {
      guard case .ends(let advice) = refusal else {
        if json["identity"]?.string == identity {
          complain("a checkpoint of another version of the program cannot be used, so the run starts again")
        }
        return nil
      }
      throw FileError(
        path: path, "belongs to another config or corpus, or to another version of the program; \(advice)")
    }
    guard let state = TrainingState(json: json, steps: steps) else {
      throw FileError(path: path, "its state cannot be that of a training of \(steps) steps")
    }
    // Everything is read before parameters are changed.
    let values = try assembly.parameters.enumerated().map { try file.values("parameter.\($0)", shape: $1.shape) }
    var moments: [StoredTensor] = []
    if !state.isEnded {
      let (saved, own) = (json[Self.stateFormatKey]?.string ?? "float32", assembly.optimizer.stateFormat.rawValue)
      guard saved == own else {
        throw FileError(path: path, "its optimizer's state is \(saved), and that of this training is \(own)")
      }
      // Memory that no training's count has: it is copied and given up at once.
      let pool = MemoryPool()
      moments = try assembly.optimizer.moments.enumerated().map {
        try file.tensor("moment.\($0)", like: $1, in: pool)
      }
      guard json["optimizer_steps"]?.integer == state.outcome.stepCount else {
        throw FileError(path: path, "its optimizer's state is not that after the step of its parameters")
      }
    }
    for (participant, state) in zip(participants, try participantStates(json["participants"], of: file)) {
      do { try participant.restore(state) } catch {
        throw FileError(path: path, "the state of \"\(participant.name)\" does not fit: \(error)")
      }
    }
    if !state.isEnded {
      try assembly.source.restore(try Self.state(json["source"], prefix: "source", of: file))
      let steps = json["parameter_steps"]?.array?.map { $0.integer ?? -1 }
      guard
        assembly.optimizer.restore(stepCount: state.outcome.stepCount, parameterSteps: steps, moments: moments)
      else {
        throw FileError(path: path, "does not fit the optimizer")
      }
    }
    for (parameter, values) in zip(assembly.parameters, values) {
      // In place, since copies of a model share the memory. What is derived from the first value is derived before it is
      // overwritten, when the value is asked for.
      let target = UnsafeMutableBufferPointer(start: parameter.value.mutableElements, count: values.count)
      _ = target.update(fromContentsOf: values)
    }
    hasResult = state.isEnded
    last = .now()
    return state
  }

  /// The states of the participants.
  ///
  /// - Throws: `FileError` where others took part.
  private func participantStates(_ json: DocumentValue?, of file: CheckpointFile) throws -> [SavedState] {
    let saved = json?.array ?? []
    func title(_ name: String, _ settings: String) -> String { settings.isEmpty ? name : "\(name) (\(settings))" }
    let found = saved.map { title($0["name"]?.string ?? "", $0["settings"]?.string ?? "") }
    let expected = participants.map { title($0.name, $0.settings) }
    guard found == expected else {
      func list(_ titles: [String]) -> String { titles.isEmpty ? "none" : titles.joined(separator: ", ") }
      throw FileError(
        path: path, "the participants of its training are \(list(found)), and those of this one \(list(expected))")
    }
    return try saved.enumerated().map { try Self.state($1, prefix: "participant.\($0)", of: file) }
  }

  private static func state(
    _ json: DocumentValue?, prefix: String, of file: CheckpointFile
  ) throws -> SavedState {
    var texts: [String: String] = [:]
    for member in json?["texts"]?.object?.members ?? [] { texts[member.key] = member.value.string }
    // As for moments.
    let pool = MemoryPool()
    let tensors = try (json?["tensors"]?.array ?? []).compactMap(\.string).map { name in
      (name: name, tensor: try file.tensor("\(prefix).\(name)", in: pool))
    }
    return SavedState(texts: texts, tensors: tensors)
  }

  /// Deals with a file that `restore` could not use: keeps it beside, so that the training starts again.
  ///
  /// - Throws: The error, where it is to end the training.
  func putAside(_ error: any Error) throws {
    if case .ends(let advice) = refusal {
      if let error = error as? FileError, error.message.hasSuffix(advice) { throw error }
      throw FileError(path: path, "the checkpoint cannot be used: \(error); \(advice)")
    }
    let kept = (try? AtomicFile.putAside(path)).map { "; it is kept as \($0)" } ?? ""
    complain("the checkpoint cannot be used, so the run starts again: \(error)\(kept)")
  }
}
