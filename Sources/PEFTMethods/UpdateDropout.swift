import PEFTCore

/// How the LyCORIS methods (LoHa, LoKr) drop parts of an update in training: rows of ΔW, or the update of a map as a whole.
///
/// A row is an output of the update. The same are dropped for a whole pass, whatever is in the batch. As with dropout of
/// inputs, what is drawn depends on the place alone, so that a pass that runs again draws the same.
struct UpdateDropout: Sendable {
  /// Probability of an output of the update to be dropped.
  let rows: Double
  /// Probability of the whole update to be dropped.
  let module: Double
  /// Whether the outputs that are left are divided by their share.
  let rescales: Bool

  /// Reads the options.
  init(options: inout OptionReader, rescales: Bool) throws {
    rows = try options.number(
      "rank_dropout", default: 0, in: 0..<1, about: "probability of a row of the update to be dropped in training")
    module = try options.number(
      "module_dropout", default: 0, in: 0..<1,
      about: "probability of a map's whole update to be left out of a training step")
    self.rescales = rescales
  }

  /// Reads the members of a saved adapter's settings.
  init(peft settings: AdapterSettings, rescales: Bool) throws {
    rows = try settings.number("rank_dropout", default: 0)
    module = try settings.number("module_dropout", default: 0)
    self.rescales = rescales
  }

  /// The options that make it again.
  var options: [(name: String, value: JSONValue)] {
    [("rank_dropout", JSONValue(rows)), ("module_dropout", JSONValue(module))]
  }

  /// As PEFT writes it.
  var members: [(String, JSONValue)] {
    [("rank_dropout", JSONValue(rows)), ("module_dropout", JSONValue(module))]
  }

  /// Whether this pass leaves the whole update at a place out.
  func dropsAll(of purpose: String, on tape: Tape) -> Bool {
    guard module > 0, let stream = tape.dropoutStream?.child("\(purpose).module_dropout") else { return false }
    return Double(stream.uniform(at: 0)) < module
  }

  /// The factors of a place's outputs in this pass; nil if none is dropped.
  ///
  /// PEFT rescales by the share that is left of this draw, which is NaN if none is; here the update is zero then.
  func factors(_ outputs: Int, purpose: String, on tape: Tape) -> Variable? {
    guard rows > 0, let stream = tape.dropoutStream?.child("\(purpose).rank_dropout") else { return nil }
    let kept = (0..<outputs).map { Double(stream.uniform(at: $0)) >= rows }
    let count = kept.count { $0 }
    let factor: Float = rescales && count > 0 ? Float(outputs) / Float(count) : 1
    return Variable(constant: Tensor(kept.map { $0 ? factor : 0 }, shape: [outputs], in: tape.context.pool))
  }
}
