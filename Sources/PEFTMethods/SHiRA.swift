import PEFTCore

/// SHiRA (sparse high-rank adapter): a few entries of each weight, drawn at random, are trained.
///
///     y = (W + S)·x + b,   S zero but for rank · (inputs + outputs) entries
///
/// Trainable: rank · (inputs + outputs) for each target, as many as LoRA of that rank, though S may have any rank. The
/// entries start at zero, so that step 0 is the base model. S is merged into W, so that it costs nothing at inference, and
/// what is merged can be taken out again to the bit; several sparse updates hardly meet. Where the entries are is drawn
/// from the run's seed and saved with them (PEFT: `random_seed`); masks of one's own in PEFT are read in the same way.
/// PEFT takes no GPT-2, whose maps are Conv1D; here all maps are taken.
struct SHiRA: MapMethod {
  static let name = "shira"
  static let summary = "a random choice of single entries of each weight is trained"
  static let source = "Bhardwaj et al. 2024, arXiv 2406.13175"
  static let aliases = [OptionAlias("r", of: "rank", origin: .peft)]
  static let peftType = "SHIRA"
  static let fixedKeyEndings = [".shira_indices"]

  /// The rank of a LoRA with as many values.
  let rank: Int
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer(
      "rank", default: 32, in: 1..., about: "rank · (inputs + outputs) entries of a weight are trained, as of a LoRA")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["fan_in_fan_out"])
    rank = try settings.integer("r", default: 32, in: 1...65_536)
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] { [("rank", JSONValue(rank))] }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try maps.map { map in
      let (entries, all) = (rank * (map.inputs + map.outputs), map.inputs * map.outputs)
      guard entries <= all else {
        throw AttachError(
          "rank \(rank) asks for \(entries) entries of \(map.site), which is \(map.outputs) × \(map.inputs) and has "
            + "\(all)", option: "rank")
      }
      let stream = setting.seeds.child(Self.name).child(map.site)
      return SHiRAAdapter(
        map,
        SparseUpdate(map, "\(map.site).shira_weight", count: entries, setting: setting) {
          Self.draw(entries, of: all, from: stream)
        })
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] { [("r", JSONValue(rank))] }

  /// Draws some of the numbers below a bound, each set of them as likely as any other, in rising order.
  ///
  /// Fisher and Yates' shuffle, ended after `count` draws.
  static func draw(_ count: Int, of bound: Int, from stream: SeedStream) -> [Int32] {
    var numbers = [Int32](unsafeUninitializedCapacity: bound) { buffer, initialized in
      for index in 0..<bound { buffer[index] = Int32(index) }
      initialized = bound
    }
    for index in 0..<count { numbers.swapAt(index, index + stream.integer(below: bound - index, at: index)) }
    return numbers[..<count].sorted()
  }
}

/// SHiRA of one map.
private final class SHiRAAdapter: MapAdapter, AdditiveLinearAdapter {
  private let site: String
  private let update: SparseUpdate

  init(_ linear: Linear, _ update: SparseUpdate) {
    site = linear.site
    self.update = update
  }

  var parameters: [Parameter] { update.parameters }
  var outputs: Int { update.outputs }
  var tensors: [AdapterTensor] {
    [
      AdapterTensor(update.values),
      update.rowsAndColumns(key: "\(AdapterTensor.prefix)\(site).shira_indices"),
    ]
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable { update.add(to: y, x: x, on: tape) }

  func merge(intoWeight weight: inout [Float]) -> Bool { update.merge(intoWeight: &weight) }
}
