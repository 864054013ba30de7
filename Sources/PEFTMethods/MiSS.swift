import PEFTCore

/// Matrix shard sharing, formerly Bone: one small block is the update of all groups of inputs.
///
///     mode default:  y = W·x + b + Dᵀ·s(x),   s(x)ᵢ = Σ_g x[g·rank + i],   D: [rank, outputs]
///     mode mini:     the same with D: [rank, mini_rank], repeated along the outputs
///     mode bat:      W′_qp = W_qp + W_qp·B_q + B_q for the blocks [rank, rank] of W,   B: [outputs / rank, rank, rank]
///
/// Trainable for each target: rank · outputs, with `mini` rank · mini_rank. All start at zero, so that step 0 is the base model.
/// The groups are the inputs cut in pieces of `rank`; the last one may be short. `default` is LoRA with a fixed A whose row i has
/// ones at the inputs i, i + rank, …, and costs additions where LoRA multiplies. `mini_rank` has to divide the outputs, in `bat` the
/// rank both widths. `dropout` drops inputs of the update in training, not in `bat`. Merged, it costs nothing. PEFT keeps the mode in
/// `init_weights`, and has the method for `nn.Linear` alone.
struct MiSS: MapMethod {
  static let name = "miss"
  static let summary = "one small trained block shared by all groups of a map's inputs (formerly Bone)"
  static let source = "Kang and Yin 2024, arXiv 2409.15371"
  static let peftType = "MISS"
  static let trainingOptions: Set<String> = ["dropout"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("mini_r", of: "mini_rank", origin: .peft),
    OptionAlias("miss_dropout", of: "dropout", origin: .peft),
    OptionAlias(
      "init_weights", of: "mode", origin: .peft,
      translations: [.init(true, "default"), .init("bat", "bat"), .init("mini", "mini")], takesOthers: false),
  ]

  /// What the block is.
  enum Mode: String, CaseIterable, Sendable {
    case standard = "default"
    case mini, bat
  }

  /// Width of a group of inputs.
  let rank: Int
  /// Width of the block in `mini`.
  let miniRank: Int
  /// What the block is.
  let mode: Mode
  /// Probability of an input of the update to be dropped in training.
  let dropout: Double
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer(
      "rank", default: 64, in: 1..., about: "inputs of a group, for each of which one row is trained")
    mode = try options.choice(
      "mode", default: Mode.standard,
      about: "a row for each output, one that repeats along the outputs (mini), or blocks that act on the weight (bat)")
    miniRank = try options.integer(
      "mini_rank", default: 1, in: 1..., about: "outputs after which a row of mini repeats")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    if miniRank != 1, mode != .mini { throw options.error("mini_rank", "needs mode: mini") }
    if dropout > 0, mode == .bat { throw options.error("dropout", "has no place in mode: bat") }
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"], because: "training the model's own biases beside it is not supported")
    rank = try settings.integer("r", in: 1...65_536)
    switch settings["init_weights"]?.string {
    case nil: mode = .standard
    case "bat": mode = .bat
    case "mini": mode = .mini
    default: throw settings.error("init_weights", "expected true, \"bat\" or \"mini\"")
    }
    miniRank = mode == .mini ? try settings.integer("mini_r", default: 1, in: 1...Int(Int32.max)) : 1
    // Bat's forward pass has no place for it; PEFT overlooks it there.
    dropout = mode == .bat ? 0 : try settings.number("miss_dropout", default: 0)
    maps = try MapSelection(peft: settings)
  }

  var drawsStart: Bool { false }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(rank)), ("mode", JSONValue(mode.rawValue)),
      ("mini_rank", mode == .mini ? JSONValue(miniRank) : .null),
      ("dropout", mode == .bat ? .null : JSONValue(dropout)),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    for linear in maps { try check(linear) }
    return maps.map { linear -> any MapAdapter in
      switch mode {
      case .bat: BatAdapter(linear, rank: rank, setting: setting)
      case .standard, .mini:
        MiSSAdapter(
          linear, rank: rank, width: mode == .mini ? miniRank : linear.outputs, dropout: dropout, setting: setting)
      }
    }
  }

  private func check(_ linear: Linear) throws {
    let shape = "\(linear.site), which is \(linear.outputs) × \(linear.inputs)"
    if rank > linear.inputs { throw AttachError("rank \(rank) is above the inputs of \(shape)", option: "rank") }
    if mode == .bat, linear.inputs % rank != 0 || linear.outputs % rank != 0 {
      throw AttachError("mode bat: rank \(rank) does not divide both widths of \(shape)", option: "rank")
    }
    if mode == .mini, linear.outputs % miniRank != 0 {
      throw AttachError("mini_rank \(miniRank) does not divide the outputs of \(shape)", option: "mini_rank")
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("init_weights", mode == .standard ? true : JSONValue(mode.rawValue)), ("mini_r", JSONValue(miniRank)),
      ("miss_dropout", JSONValue(dropout)), ("r", JSONValue(rank)),
    ]
  }
}
