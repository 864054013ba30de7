import PEFTCore

/// BEFT (bias-efficient fine-tuning): a trained bias is added to what some maps give, the values above all.
///
///     y = W·x + b + c,   c trained: [outputs]
///
/// Trainable: outputs for each target. c starts at zero, so that step 0 is the base model, and is merged into the map's bias,
/// so that it costs nothing at inference. The maps are the value projections, which the paper found to matter most when data
/// are few; of a fused projection the whole map. PEFT cannot merge into a map without a bias and takes no GPT-2, whose
/// maps are Conv1D; here a bias is made, and all maps are taken. `BitFit` with targets trains the same biases, from other
/// maps and starts, and loads the same files.
struct BEFT: MapMethod {
  static let name = "beft"
  static let summary = "a trained bias is added to what the value projections give"
  static let source = "arXiv 2509.15974"
  static let peftType = "BEFT"

  let maps: MapSelection

  init(options: inout OptionReader) throws { maps = try MapSelection(options: &options) }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] { [] }

  var drawsStart: Bool { false }

  func defaultTargets(of model: CausalLanguageModel) throws -> TargetSelector {
    try DefaultTargets.first([["v_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]], of: model)
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    maps.map { map in AddedBias(map, setting: setting) { [Float](repeating: 0, count: map.outputs) } }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] { [] }
}

/// A trained bias beside the one that a map may have, under PEFT's key of BEFT.
final class AddedBias: MapAdapter, AdditiveLinearAdapter {
  private let bias: Parameter

  /// Starts at given values, one for each output of the map.
  init(_ linear: Linear, setting: AttachmentSetting, start: @escaping () -> [Float]) {
    bias = Parameter(
      "\(linear.site).beft_bias", shape: [1, linear.outputs], in: setting.context.pool, initialize: start)
  }

  var parameters: [Parameter] { [bias] }
  var changesBiasOnly: Bool { true }
  var outputs: Int { bias.elementCount }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable { tape.addBias(tape.variable(for: bias), to: y) }

  func merge(intoWeight weight: inout [Float]) -> Bool { true }

  func merge(intoBias sum: inout [Float]) { sum.addShift(bias.value.values) }
}
