import PEFTCore

/// What a training did.
package struct TrainingOutcome: Sendable {
  /// The logged steps and validation losses.
  package var history: [HistoryEntry] = []
  /// Optimizer steps.
  package var stepCount = 0
  /// Tokens of all batches, shared beginnings counted for every example.
  package var tokenCount = 0
  /// Loss of the last step.
  package var lastLoss = 0.0
  /// Seconds that it took, those of earlier attempts up to their last checkpoint included.
  package var seconds = 0.0
  /// Most tensor memory that was held at one time.
  package var peak = MemoryUse()
  /// What was left out of the frozen first blocks.
  package var frozenUsage = FrozenUsage()
  /// The step of the checkpoint that it went on from; 0 without one.
  package var resumedStep = 0
}

/// A number that went wrong in training; the run is recorded as failed with this as its cause.
package struct TrainingFailure: Error, CustomStringConvertible, Sendable {
  /// What, and at which step.
  package let description: String
}

/// What changes from one step of a training to the next, beside parameters, optimizer, source and participants.
struct TrainingState {
  var outcome = TrainingOutcome()
  /// The losses since the last line of the history.
  var logged = (loss: 0.0, steps: 0)
  /// Whether the training has ended, so that parameters hold its result.
  var isEnded = false

  /// More than any training sees, and few enough that a batch can be added.
  fileprivate static let mostTokens = 1 << 56

  init() {}

  /// The values under their keys.
  var json: JSONValue {
    var json: JSONValue = [
      "step": JSONValue(outcome.stepCount), "ended": JSONValue(isEnded), "tokens": JSONValue(outcome.tokenCount),
      "last_loss": JSONValue(outcome.lastLoss), "seconds": JSONValue(outcome.seconds),
      "peak": outcome.peak.json, "history": .array(outcome.history.map(\.json)),
      "logged": [JSONValue(logged.loss), JSONValue(logged.steps)],
    ]
    if outcome.frozenUsage.blocks > 0 { json["frozen_usage"] = outcome.frozenUsage.json }
    return json
  }

  /// The state that was written as `json`; nil for what no training of `steps` steps comes to.
  init?(json: DocumentValue, steps: Int) {
    guard let step = json["step"]?.integer, let isEnded = json["ended"]?.bool, let tokens = json["tokens"]?.integer,
      let history = json["history"]?.array, let sums = json["logged"]?.array, sums.count == 2,
      let loss = sums[0].number, let loggedSteps = sums[1].integer, let peak = MemoryUse(json["peak"])
    else { return nil }
    let seconds = json["seconds"]?.number ?? 0
    guard isEnded ? step == steps : 0...steps ~= step, 0...step ~= loggedSteps, 0...Self.mostTokens ~= tokens,
      seconds.isFinite, seconds >= 0, loss.isFinite
    else { return nil }
    self.isEnded = isEnded
    outcome.stepCount = step
    outcome.tokenCount = tokens
    outcome.lastLoss = json["last_loss"]?.number ?? .nan
    outcome.seconds = seconds
    outcome.peak = peak
    outcome.frozenUsage = FrozenUsage(json["frozen_usage"]) ?? FrozenUsage()
    logged = (loss, loggedSteps)
    for line in history {
      guard let entry = HistoryEntry(json: line), 1...max(1, step) ~= entry.step else { return nil }
      outcome.history.append(entry)
    }
  }
}

extension FrozenUsage {
  /// Its counts.
  fileprivate var json: JSONValue { JSONValue([blocks, rows, computedRows, bytes]) }

  /// Counts that were written as `json`.
  fileprivate init?(_ json: DocumentValue?) {
    guard let counts = json?.array?.compactMap(\.integer), counts.count == 4,
      counts.allSatisfy({ 0...TrainingState.mostTokens ~= $0 })
    else { return nil }
    self.init()
    (blocks, rows, computedRows, bytes) = (counts[0], counts[1], counts[2], counts[3])
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
