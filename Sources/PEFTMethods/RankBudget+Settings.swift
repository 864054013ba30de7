import PEFTCore

extension RankBudget {
  /// How ranks are taken away.
  struct Settings: StepSchedule {
    /// Mean rank of a map that is left in the end.
    let targetRank: Int
    /// Steps at the beginning in which nothing is taken away.
    let initialSteps: Int
    /// Steps at the end in which the ranks stay.
    let finalSteps: Int
    /// Steps between two reductions.
    let interval: Int
    /// Decay of the mean importance.
    let sensitivityDecay: Double
    /// Decay of its mean deviation.
    let uncertaintyDecay: Double

    init(options: inout OptionReader) throws {
      targetRank = try options.integer(
        "target_rank", default: 8, in: 1...65_536, about: "mean rank of a map that is left in the end")
      initialSteps = try options.integer(
        "initial_steps", default: 0, in: 0...1_000_000_000, about: "steps before the first rank is taken away")
      finalSteps = try options.integer(
        "final_steps", default: 0, in: 0...1_000_000_000, about: "steps after the last one is taken away")
      interval = try options.integer(
        "interval", default: 1, in: 1...1_000_000_000, about: "steps between two reductions")
      sensitivityDecay = try options.number(
        "sensitivity_decay", default: 0.85, in: 0..<1, about: "decay of the mean importance (beta1 of AdaLoRA)")
      uncertaintyDecay = try options.number(
        "uncertainty_decay", default: 0.85, in: 0..<1, about: "decay of its mean deviation (beta2 of AdaLoRA)")
    }

    init(peft settings: AdapterSettings) throws {
      let most = 1_000_000_000
      targetRank = try settings.integer("target_r", default: 8, in: 1...65_536)
      initialSteps = try settings.integer("tinit", default: 0, in: 0...most)
      finalSteps = try settings.integer("tfinal", default: 0, in: 0...most)
      interval = try settings.integer("deltaT", default: 1, in: 1...most)
      func decay(_ key: String) throws -> Double {
        let value = try settings.number(key, default: 0.85)
        guard (0..<1).contains(value) else { throw settings.error(key, "expected a number from 0 to below 1") }
        return value
      }
      sensitivityDecay = try decay("beta1")
      uncertaintyDecay = try decay("beta2")
    }

    func check(stepCount: Int) throws(AttachError) {
      let reducing = stepCount - finalSteps
      guard initialSteps < reducing, reducing > 1 else {
        throw AttachError(
          "of a training of \(stepCount) steps, initial_steps: \(initialSteps) and final_steps: "
            + "\(finalSteps) leave none in which ranks could be taken away", option: "initial_steps")
      }
    }

    /// The ranks are those of the result once the last one is taken away.
    func settledSteps(of stepCount: Int) -> Int { min(stepCount, finalSteps + 1) }

    /// The options that make it again.
    var options: [(name: String, value: JSONValue)] {
      [
        ("target_rank", JSONValue(targetRank)), ("initial_steps", JSONValue(initialSteps)),
        ("final_steps", JSONValue(finalSteps)), ("interval", JSONValue(interval)),
        ("sensitivity_decay", JSONValue(sensitivityDecay)), ("uncertainty_decay", JSONValue(uncertaintyDecay)),
      ]
    }

    /// The members of adapter_config.json.
    ///
    /// PEFT wants to know how many steps a training has, which only the training knows: as many are written as leave one for
    /// a reduction.
    var members: [(String, JSONValue)] {
      [
        ("target_r", JSONValue(targetRank)), ("tinit", JSONValue(initialSteps)), ("tfinal", JSONValue(finalSteps)),
        ("deltaT", JSONValue(interval)), ("beta1", JSONValue(sensitivityDecay)), ("beta2", JSONValue(uncertaintyDecay)),
        ("total_step", JSONValue(initialSteps + finalSteps + 1)),
      ]
    }
  }

  /// The names of the options.
  static let optionNames: Set<String> = [
    "target_rank", "initial_steps", "final_steps", "interval", "sensitivity_decay", "uncertainty_decay",
  ]
}
