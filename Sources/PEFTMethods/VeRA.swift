import PEFTCore

/// VeRA (vector-based random matrix adaptation): two trained vectors a map between random projections that all maps share.
///
///     y + λ_b ⊙ (B·(λ_d ⊙ (A·x)))
///
/// Trainable: outputs + rank a map. λ_b starts at zero, so that step 0 is the base model, and λ_d at `d_initial`. A and B
/// are drawn once for the model and never trained. Merged into W + diag(λ_b)·B·diag(λ_d)·A for inference.
struct VeRA: MapMethod {
  static let name = "vera"
  static let summary = "trained vectors between random projections that all maps share"
  static let source = "Kopiczko et al. 2023, arXiv 2310.11454"
  static let peftType = "VERA"
  static let aliases = VeRAOptions.aliases(dropout: "vera_dropout")
  static let trainingOptions = VeRAOptions.trainingOptions

  let own: VeRAOptions
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    own = try VeRAOptions(options: &options)
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    own = try VeRAOptions(peft: settings, dropout: "vera_dropout")
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] { own.options }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    let projections = SharedProjections(
      for: maps, read: own.rank, written: own.rank, seed: own.seed, in: setting.context.pool)
    return maps.map { VeRAAdapter($0, own, prefix: Self.name, samples: false, projections, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    own.members(of: model, maps: maps) + [("vera_dropout", JSONValue(own.dropout))]
  }

  func sharedTensors(of adapters: [any MapAdapter]) -> [AdapterTensor] { own.sharedTensors(of: adapters, Self.name) }
}

/// PVeRA (probabilistic VeRA): what VeRA scales is drawn, in training, from normal distributions that depend on the input.
///
///     (μ, v) = λ_d ⊙ (A·x),   z = μ + ε · exp(v / 2),   y + λ_b ⊙ (B·z)      ε normal in training and 0 afterwards
///
/// Trainable: outputs + 2 · rank a map; A has twice as many rows. It starts and is merged like VeRA, with z = μ. PEFT's
/// `sample_at_inference`, by which the same question has other answers each time, is refused.
struct PVeRA: MapMethod {
  static let name = "pvera"
  static let summary = "VeRA with normal distributions in place of the hidden values"
  static let source = "arXiv 2512.07703"
  static let peftType = "PVERA"
  static let aliases = VeRAOptions.aliases(dropout: "pvera_dropout")
  static let trainingOptions = VeRAOptions.trainingOptions

  let own: VeRAOptions
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    own = try VeRAOptions(options: &options)
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["sample_at_inference"], because: "answers that are drawn at random are not supported")
    own = try VeRAOptions(peft: settings, dropout: "pvera_dropout")
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] { own.options }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    let projections = SharedProjections(
      for: maps, read: 2 * own.rank, written: own.rank, seed: own.seed, in: setting.context.pool)
    return maps.map { VeRAAdapter($0, own, prefix: Self.name, samples: true, projections, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    own.members(of: model, maps: maps) + [("pvera_dropout", JSONValue(own.dropout))]
  }

  func sharedTensors(of adapters: [any MapAdapter]) -> [AdapterTensor] { own.sharedTensors(of: adapters, Self.name) }
}

/// The options of VeRA and PVeRA.
struct VeRAOptions: Sendable {
  /// Width between the projections.
  let rank: Int
  /// What λ_d starts at.
  let start: Double
  /// Probability of an input to be dropped in training.
  let dropout: Double
  /// Seed of the projections.
  let seed: Int
  /// Whether the file has the projections.
  let savesProjections: Bool

  static let trainingOptions: Set<String> = ["d_initial", "dropout"]

  static func aliases(dropout: String) -> [OptionAlias] {
    [
      OptionAlias("r", of: "rank", origin: .peft), OptionAlias(dropout, of: "dropout", origin: .peft),
      OptionAlias("projection_prng_key", of: "projection_seed", origin: .peft),
    ]
  }

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 256, in: 1..., about: "width between the two projections")
    start = try options.number("d_initial", default: 0.1, in: -100...100, about: "what the inner vectors start at")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    seed = try options.integer(
      "projection_seed", default: 0, in: 0...Int(UInt32.max), about: "seed of the projections, drawn as PyTorch does")
    savesProjections = try options.bool(
      "save_projection", default: true, about: "put the projections into the adapter's file")
  }

  init(peft settings: AdapterSettings, dropout key: String) throws {
    try settings.refuse(["bias"])
    rank = try settings.integer("r", in: 1...65_536)
    start = try settings.number("d_initial", default: 0.1)
    dropout = try settings.number(key, default: 0)
    seed = try settings.integer("projection_prng_key", default: 0, in: 0...Int(UInt32.max))
    savesProjections = try settings.bool("save_projection", default: true)
  }

  var options: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(rank)), ("d_initial", JSONValue(start)), ("dropout", JSONValue(dropout)),
      ("projection_seed", JSONValue(seed)), ("save_projection", JSONValue(savesProjections)),
    ]
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("r", JSONValue(rank)), ("d_initial", JSONValue(start)), ("projection_prng_key", JSONValue(seed)),
      ("save_projection", JSONValue(savesProjections)),
      ("fan_in_fan_out", JSONValue(maps.contains { model.storesTransposed($0) })),
    ]
  }

  func sharedTensors(of adapters: [any MapAdapter], _ prefix: String) -> [AdapterTensor] {
    guard savesProjections, let first = adapters.first as? VeRAAdapter else { return [] }
    return first.projections.tensors(prefix)
  }
}
