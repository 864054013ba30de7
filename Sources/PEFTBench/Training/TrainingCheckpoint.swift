import Dispatch
import Foundation
import PEFTCore

/// Where a training keeps its state from time to time, so that a killed run goes on from there and ends with the
/// same bytes as an undisturbed one.
///
/// One safetensors file with a checksum, replaced as a whole: values of the parameters, the optimizer's moments and the
/// best parameters as tensors, everything else as one JSON text among the metadata. A file that is damaged is put aside,
/// and the training starts again.
package final class TrainingCheckpoint {
  /// The file.
  package let path: String

  private static let stateKey = "state"

  /// What the state belongs to; a file of anything else is passed over.
  private let identity: String
  private let everySteps: Int?
  private let interval: Double
  private var last = DispatchTime.now()
  /// Whether the file holds the end of the training.
  private var hasResult = false
  /// Told when a checkpoint could not be written, which is no reason to give up the training.
  private let complain: (String) -> Void

  /// Seconds between two checkpoints unless a number of steps is given.
  package static let usualInterval = 60.0

  /// Names a checkpoint.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: What the state belongs to, such as a run's id.
  ///   - everySteps: Steps between two checkpoints; nil to go by time.
  ///   - interval: Seconds between two checkpoints where they go by time.
  ///   - complain: Told what kept a checkpoint from being written or read.
  package init(
    path: String, identity: String, everySteps: Int?, interval: Double = usualInterval,
    complain: @escaping (String) -> Void
  ) {
    self.path = path
    self.identity = identity
    self.everySteps = everySteps
    self.interval = interval
    self.complain = complain
  }

  /// Whether a state behind so many steps should be saved.
  func isDue(step: Int) -> Bool {
    if let everySteps { return step % everySteps == 0 }
    return last.secondsUntilNow >= interval
  }

  /// Saves a state; the optimizer is nil behind the last step.
  func save(_ state: TrainingState, parameters: [Parameter], optimizer: Optimizer?) {
    var writer = CheckpointFile.Writer(texts: [Self.stateKey: json(of: state, optimizer: optimizer).compactText])
    for (index, parameter) in parameters.enumerated() { writer.add("parameter.\(index)", parameter.value) }
    for (index, moment) in (optimizer?.moments ?? []).enumerated() { writer.add("moment.\(index)", moment) }
    for (index, values) in (state.best?.values ?? []).enumerated() {
      writer.add("best.\(index)", values, shape: parameters[index].shape)
    }
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

  /// Takes a saved state up.
  ///
  /// - Parameters:
  ///   - parameters: Get their saved values.
  ///   - optimizer: Gets its saved state, which there is none of behind the last step.
  ///   - steps: Steps of the whole training.
  /// - Returns: The state; nil, with nothing changed but first values made, if there is none that fits.
  func restore(parameters: [Parameter], optimizer: Optimizer, steps: Int) -> TrainingState? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let file = try CheckpointFile(path: path)
      let json = try JSONParser.parse(DocumentText(name: path, bytes: Array(file.text(Self.stateKey).utf8)))
      guard json["identity"]?.string == identity, json["version"]?.string == Version.current else { return nil }
      guard var state = TrainingState(json: json, steps: steps) else {
        throw FileError(path: path, "its state cannot be that of a training of \(steps) steps")
      }
      // Everything is read before anything is changed.
      func tensors(_ kind: String, _ shapes: [[Int]]) throws -> [[Float]] {
        try shapes.enumerated().map { try file.values("\(kind).\($0)", shape: $1) }
      }
      let shapes = parameters.map(\.shape)
      let values = try tensors("parameter", shapes)
      let best = json["best"]?.isNull ?? true ? nil : try tensors("best", shapes)
      if state.outcome.stepCount < steps {
        let moments = try tensors("moment", optimizer.moments.map(\.shape))
        guard json["optimizer_steps"]?.integer == state.outcome.stepCount,
          optimizer.restore(stepCount: state.outcome.stepCount, moments: moments)
        else { throw FileError(path: path, "its optimizer's state is not that after the step of its parameters") }
      }
      for (parameter, values) in zip(parameters, values) {
        // What is derived from the first value must be derived before it is gone.
        _ = parameter.value
        parameter.assign(values)
      }
      if let loss = json["best"]?.number, let best { state.best = (loss, best) }
      last = .now()
      return state
    } catch {
      let kept = (try? AtomicFile.putAside(path)).map { "; it is kept as \($0)" } ?? ""
      complain("the checkpoint cannot be used, so the run starts again: \(error)\(kept)")
      return nil
    }
  }

  /// Saves what a training ended with, if it is long since the last checkpoint: `outcome`, and parameters that hold the
  /// result.
  func saveResult(_ outcome: Trainer.Outcome, parameters: [Parameter], evenIfRecent: Bool = false) {
    guard !hasResult, evenIfRecent || everySteps != nil || last.secondsUntilNow >= interval else { return }
    var state = TrainingState()
    state.outcome = outcome
    save(state, parameters: parameters, optimizer: nil)
    hasResult = true
  }

  private func json(of state: TrainingState, optimizer: Optimizer?) -> JSONValue {
    let outcome = state.outcome
    return [
      "identity": JSONValue(identity), "version": JSONValue(Version.current),
      "step": JSONValue(outcome.stepCount), "tokens": JSONValue(outcome.tokenCount),
      "last_loss": JSONValue(outcome.lastLoss), "seconds": JSONValue(outcome.seconds),
      "peak": outcome.peak.json, "history": .array(outcome.history.map(\.json)),
      "logged": [JSONValue(state.logged.loss), JSONValue(state.logged.steps)], "best": JSONValue(state.best?.loss),
      "optimizer_steps": JSONValue(optimizer?.stepCount),
    ]
  }
}

/// What changes from one step of a training to the next, beside tensors.
struct TrainingState {
  var outcome = Trainer.Outcome()
  /// The losses since the last line of the history.
  var logged = (loss: 0.0, steps: 0)
  /// The lowest validation loss, with the parameters that had it.
  var best: (loss: Double, values: [[Float]])?

  /// More than any training sees, and few enough that a batch can be added.
  private static let mostTokens = 1 << 56

  init() {}

  /// The state as a checkpoint has it, without the best parameters; nil for what no training of `steps` steps comes to.
  init?(json: DocumentValue, steps: Int) {
    guard let step = json["step"]?.integer, let tokens = json["tokens"]?.integer, let history = json["history"]?.array,
      let sums = json["logged"]?.array, sums.count == 2, let loss = sums[0].number,
      let loggedSteps = sums[1].integer, let peak = MemoryUse(json["peak"])
    else { return nil }
    let seconds = json["seconds"]?.number ?? 0
    guard 0...steps ~= step, 0...step ~= loggedSteps, 0...Self.mostTokens ~= tokens, seconds.isFinite, seconds >= 0,
      loss.isFinite
    else {
      return nil
    }
    outcome.stepCount = step
    outcome.tokenCount = tokens
    outcome.lastLoss = json["last_loss"]?.number ?? .nan
    outcome.seconds = seconds
    outcome.peak = peak
    logged = (loss, loggedSteps)
    for line in history {
      guard let entry = HistoryEntry(json: line), 1...max(1, step) ~= entry.step else { return nil }
      outcome.history.append(entry)
    }
  }
}

extension HistoryEntry {
  /// The step that it tells of.
  fileprivate var step: Int {
    switch self {
    case .step(let step, _, _, _, _, _), .validation(let step, _, _): step
    }
  }

  /// A line of a history that was read; numbers that are no finite ones were written as null.
  init?(json: DocumentValue) {
    guard let step = json["step"]?.integer, let epoch = json["epoch"]?.number else { return nil }
    if let loss = json.object?["validation_loss"] {
      self = .validation(step: step, epoch: epoch, loss: loss.number ?? .nan)
    } else if let rate = json["learning_rate"]?.number, let tokens = json["tokens"]?.integer {
      self = .step(
        step: step, epoch: epoch, loss: json["loss"]?.number ?? .nan, learningRate: rate,
        gradientNorm: json["gradient_norm"]?.number ?? .nan, tokens: tokens)
    } else {
      return nil
    }
  }
}

extension MemoryUse {
  /// Bytes by kind, in the order of the kinds.
  var json: JSONValue { JSONValue(MemoryKind.allCases.map { self[$0] }) }

  /// More than any machine has, and little enough that sums of it do not overflow.
  private static let mostBytes = 1 << 56

  /// Bytes that were written as `json`.
  init?(_ json: DocumentValue?) {
    guard let bytes = json?.array?.compactMap(\.integer), bytes.count == MemoryKind.allCases.count,
      bytes.allSatisfy({ 0...Self.mostBytes ~= $0 })
    else { return nil }
    self.init()
    for (kind, count) in zip(MemoryKind.allCases, bytes) { self[kind] = count }
  }

  /// The one with more bytes in all, the earlier of equals.
  func peak(with later: MemoryUse) -> MemoryUse { later.total > total ? later : self }
}
