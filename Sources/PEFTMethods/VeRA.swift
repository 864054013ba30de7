import PEFTCore

/// VeRA (vector-based random matrix adaptation): two trained vectors a map between random projections that all maps share.
///
///     y + λ_b ⊙ (B·(λ_d ⊙ (A·x)))
///
/// Trainable: outputs + rank a map. λ_b starts at zero, so that step 0 is the base model, and λ_d at `d_initial`. A and B
/// are drawn once for the model and never trained. Merged into W + diag(λ_b)·B·diag(λ_d)·A for inference.
struct VeRA: SharedProjectionMethod {
  static let name = "vera"
  static let summary = "trained vectors between random projections that all maps share"
  static let source = "Kopiczko et al. 2023, arXiv 2310.11454"
  static let peftType = "VERA"
  static let samples = false

  let own: VeRAOptions
  let maps: MapSelection
}

/// PVeRA (probabilistic VeRA): what VeRA scales is drawn, in training, from normal distributions that depend on the input.
///
///     (μ, v) = λ_d ⊙ (A·x),   z = μ + ε · exp(v / 2),   y + λ_b ⊙ (B·z)      ε normal in training and 0 afterwards
///
/// Trainable: outputs + 2 · rank a map; A has twice as many rows. It starts and is merged like VeRA, with z = μ. PEFT's
/// `sample_at_inference`, by which the same question has other answers each time, is refused.
struct PVeRA: SharedProjectionMethod {
  static let name = "pvera"
  static let summary = "VeRA with normal distributions in place of the hidden values"
  static let source = "arXiv 2512.07703"
  static let peftType = "PVERA"
  static let samples = true

  let own: VeRAOptions
  let maps: MapSelection
}

/// VeRA or PVeRA: all but whether the hidden values are drawn.
protocol SharedProjectionMethod: MapMethod, SeededTensorsMethod {
  /// Whether the hidden values are drawn in training, from a mean and a variance each.
  static var samples: Bool { get }
  /// The options apart from the choice of maps.
  var own: VeRAOptions { get }

  init(own: VeRAOptions, maps: MapSelection)
}

extension SharedProjectionMethod {
  static var aliases: [OptionAlias] { VeRAOptions.aliases(dropout: dropoutMember) }
  static var trainingOptions: Set<String> { VeRAOptions.trainingOptions }
  static var fixedKeyEndings: [String] { SharedProjections.keys(name) }
  /// PEFT's name of the dropout.
  private static var dropoutMember: String { "\(name)_dropout" }

  init(options: inout OptionReader) throws {
    let own = try VeRAOptions(options: &options)
    if !Self.samples, own.start == 0, options.has("d_initial") {
      throw options.error("d_initial", "both vectors of a map would be zero, and no gradient would reach either")
    }
    self.init(own: own, maps: try MapSelection(options: &options))
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    if Self.samples {
      try settings.refuse(["sample_at_inference"], because: "answers that are drawn at random are not supported")
    }
    self.init(
      own: try VeRAOptions(peft: settings, dropout: Self.dropoutMember), maps: try MapSelection(peft: settings))
  }

  var ownOptions: [(name: String, value: JSONValue)] { own.options }

  /// What is drawn are the projections, by a seed of their own.
  var drawsStart: Bool { false }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    let projections = SharedProjections(
      for: maps, read: (Self.samples ? 2 : 1) * own.rank, written: own.rank, seed: own.seed, in: setting.context.pool)
    return maps.map { VeRAAdapter($0, own, prefix: Self.name, samples: Self.samples, projections, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    own.members(of: model, maps: maps) + [(Self.dropoutMember, JSONValue(own.dropout))]
  }

  func sharedTensors(of adapters: [any MapAdapter]) -> [AdapterTensor] { own.sharedTensors(of: adapters, Self.name) }

  func membersWithoutFixedTensors(_ tensors: [SafetensorsTensor]) throws -> [(String, JSONValue)]? {
    let keys = SharedProjections.keys(Self.name)
    let found = keys.compactMap { key in tensors.first { $0.name == key } }
    guard found.count == keys.count, found.allSatisfy({ $0.shape.count == 2 && $0.type == .float32 }) else {
      return nil
    }
    let drawn = SharedProjections.drawn(a: found[0].shape, b: found[1].shape, seed: own.seed)
    guard try found[0].floats() == drawn.a, try found[1].floats() == drawn.b else { return nil }
    return [("save_projection", false)]
  }
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
      ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: maps))),
    ]
  }

  func sharedTensors(of adapters: [any MapAdapter], _ prefix: String) -> [AdapterTensor] {
    guard savesProjections, let first = adapters.first as? VeRAAdapter else { return [] }
    return first.projections.tensors(prefix)
  }
}
