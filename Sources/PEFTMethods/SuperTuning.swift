import PEFTCore

/// Super-Tuning: the largest entries of each weight are trained, all others frozen.
///
///     y = (W + S)·x + b + s · B·A·x,   S zero but where |W| is largest;   the last term only with a rank: "Supra"
///
/// Trainable: ⌊outputs · inputs · (1 − sparsity)⌋ for each target, with a rank also rank · (inputs + outputs). The entries
/// and B start at zero, A as LoRA's, so that step 0 is the base model. s = alpha / rank. `select_top: false` takes the
/// smallest entries. It is merged into W, so that it costs nothing at inference. Where the entries are is saved with them, and
/// read from the file: of entries that are alike PEFT may have taken others. Of equal entries those come first here that
/// come first in W. PEFT takes no GPT-2, whose maps are Conv1D; here all maps are taken.
struct SuperTuning: MapMethod {
  static let name = "super-tuning"
  static let summary = "the entries of each weight with the largest magnitude are trained"
  static let source = "arXiv 2607.09287"
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("lora_alpha", of: "alpha", origin: .peft),
    OptionAlias("lora_dropout", of: "dropout", origin: .peft),
  ]
  static let trainingOptions: Set<String> = ["dropout"]
  static let peftType = "SUPERTUNING"
  static let fixedKeyEndings = [".supertuning_indices"]

  /// Share of a weight's entries that stays frozen.
  let sparsity: Double
  /// Whether the largest entries are trained; else the smallest.
  let takesLargest: Bool
  /// The update of low rank beside them; nil for none.
  let lowRank: LowRank?
  let maps: MapSelection

  /// An update of low rank.
  struct LowRank: Sendable {
    let rank: Int
    let alpha: Double
    /// Probability of an input element of the update to be dropped in training.
    let dropout: Double
  }

  init(options: inout OptionReader) throws {
    sparsity = try options.number(
      "sparsity", default: 0.99, in: 0..<1, about: "share of a weight's entries that stays frozen")
    takesLargest = try options.bool(
      "select_top", default: true, about: "train the entries with the largest magnitude; else the smallest")
    let rank = try options.optionalInteger(
      "rank", in: 1..., about: "rank of an update like LoRA's beside them; none unless given")
    let alpha = try options.optionalNumber(
      "alpha", in: Double.leastNonzeroMagnitude...,
      about: "that update is multiplied by alpha / rank; twice the rank unless given")
    let dropout = try options.optionalNumber(
      "dropout", in: 0..<1, about: "probability of an input of that update to be dropped in training; 0 unless given")
    lowRank = rank.map { LowRank(rank: $0, alpha: alpha ?? Double(2 * $0), dropout: dropout ?? 0) }
    if rank == nil, let option = ["alpha", "dropout"].first(where: options.has) {
      throw options.error(option, "needs \"rank\" too")
    }
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    guard try settings.bool("save_precomputed_indices", default: true) else {
      throw settings.error(
        "save_precomputed_indices",
        "the file does not say which entries it holds, and which of equal ones PEFT takes is not defined")
    }
    sparsity = try settings.number("sparsity", default: 0.99)
    guard (0..<1).contains(sparsity) else { throw settings.error("sparsity", "expected a number from 0 to below 1") }
    takesLargest = try settings.bool("select_top", default: true)
    if settings["r"].map({ !$0.isNull }) ?? false {
      let rank = try settings.integer("r", in: 1...65_536)
      lowRank = LowRank(
        rank: rank, alpha: try settings.number("lora_alpha", default: Double(2 * rank)),
        dropout: try settings.number("lora_dropout", default: 0))
    } else {
      lowRank = nil
    }
    maps = try MapSelection(peft: settings)
  }

  var drawsStart: Bool { lowRank != nil }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("sparsity", sparsity.document), ("select_top", JSONValue(takesLargest)),
      ("rank", lowRank.map { JSONValue($0.rank) } ?? .null), ("alpha", lowRank?.alpha.document ?? .null),
      ("dropout", lowRank?.dropout.document ?? .null),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try maps.map { map in
      let all = map.inputs * map.outputs
      let count = Int(Double(all) * (1 - sparsity))
      guard count > 0 else {
        throw AttachError(
          "sparsity \(sparsity) leaves none of the \(all) entries of \(map.site) to train", option: "sparsity")
      }
      let update = SparseUpdate(map, "\(map.site).supertuning_values", count: count, setting: setting) {
        [takesLargest] in
        Magnitudes.entries(of: map.weight?.values ?? [], count: count, largest: takesLargest)
      }
      return SuperTuningAdapter(map, update, lowRank, setting: setting)
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("sparsity", sparsity.document), ("select_top", JSONValue(takesLargest)),
      ("r", lowRank.map { JSONValue($0.rank) } ?? .null), ("lora_alpha", lowRank?.alpha.document ?? .null),
      ("lora_dropout", JSONValue(lowRank?.dropout ?? 0)),
    ]
  }
}

/// Super-Tuning of one map.
private final class SuperTuningAdapter: MapAdapter, AdditiveLinearAdapter {
  private let site: String
  private let update: SparseUpdate
  private let factors: (a: Parameter, b: Parameter)?
  private let scale: Float
  private let dropout: Double
  private let purpose: String

  init(_ linear: Linear, _ update: SparseUpdate, _ lowRank: SuperTuning.LowRank?, setting: AttachmentSetting) {
    self.update = update
    site = linear.site
    purpose = setting.namespace + linear.site
    scale = lowRank.map { Float($0.alpha / Double($0.rank)) } ?? 0
    dropout = lowRank?.dropout ?? 0
    factors = lowRank.map { lowRank in
      let stream = setting.seeds.child(SuperTuning.name).child(linear.site)
      let (inputs, outputs, rank) = (linear.inputs, linear.outputs, lowRank.rank)
      let bound = 1 / Float(inputs).squareRoot()
      func parameter(_ name: String, _ shape: [Int], _ start: @escaping () -> [Float]) -> Parameter {
        Parameter(
          "\(linear.site).supertuning_\(name).weight", shape: shape, in: setting.context.pool, initialize: start)
      }
      return (
        parameter("lora_A", [rank, inputs]) { stream.uniforms(rank * inputs, in: -bound...bound) },
        parameter("lora_B", [outputs, rank]) { [Float](repeating: 0, count: outputs * rank) }
      )
    }
  }

  var parameters: [Parameter] { update.parameters + (factors.map { [$0.a, $0.b] } ?? []) }
  var outputs: Int { update.outputs }
  var tensors: [AdapterTensor] {
    parameters.map { AdapterTensor($0) }
      + [update.entries(key: "\(AdapterTensor.prefix)\(site).supertuning_indices")]
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let y = update.add(to: y, x: x, on: tape)
    guard let factors else { return y }
    return tape.addLowRank(
      to: y, x: x, a: tape.variable(for: factors.a), b: tape.variable(for: factors.b), scale: scale, dropout: dropout,
      purpose: purpose)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    if let factors {
      LowRankPair.add(
        factors.a.value.values, factors.b.value.values, rank: factors.a.shape[0], times: scale, to: &weight,
        workers: .one)
    }
    return update.merge(intoWeight: &weight)
  }
}

/// The entries of a weight by their magnitude.
enum Magnitudes {
  /// Where the entries with the largest, or smallest, magnitude are, the most extreme first and of equal ones the first.
  ///
  /// Only entries of about the needed magnitude are sorted: the upper halves of the numbers' bits are counted first.
  static func entries(of values: [Float], count: Int, largest: Bool) -> [Int32] {
    func key(_ value: Float) -> UInt32 {
      let magnitude = value.bitPattern & 0x7FFF_FFFF
      return largest ? ~magnitude : magnitude
    }
    var histogram = [Int](repeating: 0, count: 1 << 16)
    for value in values { histogram[Int(key(value) >> 16)] += 1 }
    var (last, sum) = (0, 0)
    for (bucket, size) in histogram.enumerated() where sum < count {
      last = bucket
      sum += size
    }
    let candidates = values.indices.filter { Int(key(values[$0]) >> 16) <= last }
    let ordered = candidates.sorted { left, right in
      let (leftKey, rightKey) = (key(values[left]), key(values[right]))
      return leftKey != rightKey ? leftKey < rightKey : left < right
    }
    return ordered.prefix(count).map { Int32($0) }
  }
}
