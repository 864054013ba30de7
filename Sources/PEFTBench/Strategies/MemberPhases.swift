import PEFTCore

/// When the members of noisy interpolation and of a delayed ensemble part, and when they come together again
/// (arXiv 2406.12471, section 3).
///
/// Between 30 % and 60 % of the steps, copies are made whose values get noise of the variance v / step; after a while their
/// mean goes on as the one model. From 90 % on, copies with noise of the variance v stay to the end and vote.
package struct MemberPhases: Sendable, Equatable {
  /// Which of both happen.
  package enum Kind: String, CaseIterable, Sendable {
    /// Noisy interpolation: one model at the end.
    case interpolation = "ni"
    /// A delayed ensemble.
    case ensemble = "de"
    /// Delayed ensemble with noisy interpolation.
    case both = "deni"

    /// Whether members come together again.
    var interpolates: Bool { self != .ensemble }
    /// Whether members vote at the end.
    var votes: Bool { self != .interpolation }
  }

  /// What updates a copy.
  package enum CopyOptimizer: String, CaseIterable, Sendable {
    /// An optimizer at its start, with the highest learning rate throughout, as the paper has it.
    case fresh
    /// A copy of the model's own, which follows the schedule; without noise all members then stay equal.
    case copied
  }

  /// What happens before a step.
  package enum Event: Sendable, Equatable {
    /// Copies are made, with noise of this share of each parameter's standard deviation.
    case split(Double)
    /// The mean of all members goes on alone.
    case merge
  }

  /// Which phases there are.
  package let kind: Kind
  /// Members, the model itself included; with one, nothing is copied.
  package var memberCount = MemberCount()
  /// v, as a share of each parameter's variance.
  package var variance = 0.15
  /// Where interpolation begins, as a share of all steps.
  package var startNoise = 0.3
  /// After which no further copies are made for it.
  package var endNoise = 0.6
  /// Where the ensemble begins.
  package var startEnsemble = 0.9
  /// Steps without copies before a split; a tenth of all unless given, which are the paper's 125 of 1250.
  package var splitSteps: Int?
  /// Steps from a split to the next merge; a tenth of all unless given.
  package var mergeSteps: Int?
  /// What updates copies.
  package var optimizer = CopyOptimizer.fresh

  /// The paper's phases.
  package init(_ kind: Kind) { self.kind = kind }

  /// How many members there are.
  package var members: Int { memberCount.value }

  var options: [(key: String, value: JSONValue)] {
    var options: [(key: String, value: JSONValue)] = [memberCount.option, ("variance", .number(variance))]
    if kind.interpolates {
      options += [
        ("start_noise", .number(startNoise)), ("end_noise", .number(endNoise)), ("split_steps", JSONValue(splitSteps)),
        ("merge_steps", JSONValue(mergeSteps)),
      ]
    }
    if kind.votes { options.append(("start_ensemble", .number(startEnsemble))) }
    return options + [("optimizer", .string(optimizer.rawValue))]
  }

  /// What happens in a training of so many steps, in order, each with the step, from 1, before which it does; a merge
  /// after the last step has the number that would follow.
  ///
  /// Of 1250 steps: split 375, merge 500, split 625, merge 750, split 1125.
  package func events(of stepCount: Int) -> [(step: Int, event: Event)] {
    guard members > 1 else { return [] }
    var events: [(step: Int, event: Event)] = []
    let final = kind.votes ? StepShare.firstStep(from: startEnsemble, of: stepCount) : stepCount + 1
    if kind.interpolates {
      let (alone, together) = (
        splitSteps ?? StepShare.steps(0.1, of: stepCount), mergeSteps ?? StepShare.steps(0.1, of: stepCount)
      )
      let first = StepShare.firstStep(from: startNoise, of: stepCount)
      let last = min(Int(endNoise * Double(stepCount) + 1e-6), final - 1)
      var split = max(first, alone)
      while split <= last {
        let merge = min(split + together, final)
        events.append((split, .split((variance / Double(split)).squareRoot())))
        events.append((merge, .merge))
        split = merge + alone
      }
    }
    if final <= stepCount { events.append((final, .split(variance.squareRoot()))) }
    return events
  }

  /// What of the phases a training of so many steps is too short for, in words; nil where all of them happen.
  package func absence(of stepCount: Int) -> String? {
    guard members > 1 else { return nil }
    let events = events(of: stepCount).map(\.event)
    let steps = NumberText.counted(stepCount, "step")
    if events.isEmpty { return "no copies are made in \(steps): it is plain steps, of which the last gives the result" }
    guard kind.interpolates, !events.contains(.merge) else { return nil }
    return "no copies come together again in \(steps), so that it is de, a delayed ensemble alone"
  }

  /// The steps that all members take, as half-open ranges.
  package func sharedSteps(of stepCount: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start: Int?
    for (step, event) in events(of: stepCount) {
      switch event {
      case .split: start = step
      case .merge:
        if let start { ranges.append(start..<step) }
        start = nil
      }
    }
    return ranges + (start.map { [$0..<(stepCount + 1)] } ?? [])
  }
}
