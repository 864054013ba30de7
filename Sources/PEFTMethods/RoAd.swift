import PEFTCore

/// RoAd (rotary adaptation): turns and stretches pairs of a map's outputs.
///
///     y′_i = c_i·y_i - d_i·y_j,   y′_j = c_j·y_j + d_j·y_i,   c = α·cos θ,   d = α·sin θ
///
/// In groups of `group_size` outputs, the bias included, those of the first half are paired with those of the second. Trainable
/// per map: outputs in variant 1 (a pair shares θ and α), 2 · outputs in variant 2 (each output has its own), 4 · outputs
/// in variant 4 (c and d have their own). θ starts at zero and α at one, so that step 0 is the base model. Merged into the
/// rows of W and into b.
///
/// PEFT asks that `group_size`, 64 unless given, divides the outputs. Here the default is the largest even size up to 64 that
/// divides those of all maps, which is what the file then says.
struct RoAd: MapMethod {
  static let name = "road"
  static let summary = "rotations and scales of pairs of the maps' outputs"
  static let source = "Liao and Monz 2024, arXiv 2409.00119"
  static let peftType = "ROAD"

  /// What shares an angle and a scale: a pair, an output, or a factor of an output.
  enum Variant: String, CaseIterable {
    case pairs = "road_1"
    case outputs = "road_2"
    case factors = "road_4"
  }

  let variant: Variant
  /// Outputs in a group; nil for the default.
  let groupSize: Int?
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    variant = try options.choice(
      "variant", default: Variant.pairs, about: "an angle and a scale for each pair, each output, or each factor")
    groupSize = try options.optionalInteger(
      "group_size", in: 2..., about: "outputs in a group, of which halves are paired; up to 64 unless given")
    if let groupSize, groupSize % 2 != 0 { throw options.error("group_size", "expected an even number") }
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    let name = try settings.string("variant", default: Variant.pairs.rawValue)
    guard let variant = Variant(rawValue: name) else {
      throw settings.error("variant", "expected road_1, road_2 or road_4")
    }
    self.variant = variant
    let size = try settings.integer("group_size", default: 64, in: 2...1_048_576)
    guard size % 2 == 0 else { throw settings.error("group_size", "expected an even number") }
    groupSize = size
    maps = try MapSelection(peft: settings)
  }

  var drawsStart: Bool { false }

  var ownOptions: [(name: String, value: JSONValue)] {
    [("variant", JSONValue(variant.rawValue)), ("group_size", groupSize.map { JSONValue($0) } ?? .null)]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    let size = groupSize(of: maps)
    if let other = maps.first(where: { size < 2 || $0.outputs % size != 0 }) {
      throw AttachError(
        size < 2
          ? "the maps' outputs have no common even divisor, so that they cannot be paired: name other maps"
          : "\(other.site) has \(other.outputs) outputs, which groups of \(size) do not divide: set group_size")
    }
    return maps.map { RoAdAdapter($0, variant, groupSize: size, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [("variant", JSONValue(variant.rawValue)), ("group_size", JSONValue(groupSize(of: maps)))]
  }

  /// The group size as given, or the largest even one up to 64 that divides all maps' outputs; 0 if there is none.
  private func groupSize(of maps: [Linear]) -> Int {
    groupSize ?? stride(from: 64, to: 0, by: -2).first { size in maps.allSatisfy { $0.outputs % size == 0 } } ?? 0
  }
}

/// The rotations of one map's outputs.
private final class RoAdAdapter: MapAdapter {
  private let theta: Parameter
  private let alpha: Parameter
  private let context: ComputeContext
  /// For each output, the one that it is paired with.
  private let partners: [Int]
  /// For each output, the angle and scale of c.
  private let own: [Int32]
  /// For each output, those of d.
  private let crossed: [Int32]
  /// For each output, the sign of d.
  private let signs: [Float]

  init(_ linear: Linear, _ variant: RoAd.Variant, groupSize size: Int, setting: AttachmentSetting) {
    context = setting.context
    let outputs = 0..<linear.outputs
    partners = outputs.map { $0 % size < size / 2 ? $0 + size / 2 : $0 - size / 2 }
    signs = outputs.map { $0 % size < size / 2 ? -1 : 1 }
    let count: Int
    switch variant {
    case .pairs:
      count = linear.outputs / 2
      own = outputs.map { Int32($0 / size * (size / 2) + $0 % (size / 2)) }
      crossed = own
    case .outputs:
      count = linear.outputs
      own = outputs.map { Int32($0) }
      crossed = own
    case .factors:
      // Of each group, those of c come first.
      count = 2 * linear.outputs
      own = outputs.map { Int32($0 / size * 2 * size + $0 % size) }
      crossed = own.map { $0 + Int32(size) }
    }
    func parameter(_ key: String, start: Float) -> Parameter {
      Parameter("\(linear.site).\(key)", shape: [count], in: setting.context.pool) {
        [Float](repeating: start, count: count)
      }
    }
    theta = parameter("road_theta", start: 0)
    alpha = parameter("road_alpha", start: 1)
  }

  private init(_ whole: RoAdAdapter, strength: Float) {
    theta = whole.theta.mapped { $0.map { strength * $0 } }
    alpha = whole.alpha.mapped { $0.map { 1 + strength * ($0 - 1) } }
    (context, partners, own, crossed, signs) = (
      whole.context, whole.partners, whole.own, whole.crossed, whole.signs
    )
  }

  /// That part of the angles, and of the scales' way from one.
  func atStrength(_ strength: Float) -> (any LinearAdapter)? { RoAdAdapter(self, strength: strength) }

  var parameters: [Parameter] { [theta, alpha] }
  /// Each output is made of two.
  var multiplyAddsPerToken: Int { 2 * partners.count }
  var stacking: Stacking { .transforms }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    let (y, factors) = (base(x), factors(on: tape))
    let turned = tape.scaleColumns(tape.selectColumns(partners, of: y), by: factors.d)
    return tape.add(turned, inPlaceTo: tape.scaleColumns(y, by: factors.c))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let old = weight
    let width = weight.count / partners.count
    turn { output, partner, c, d in
      for input in 0..<width {
        weight[output * width + input] = c * old[output * width + input] + d * old[partner * width + input]
      }
    }
    return true
  }

  func merge(intoBias bias: inout [Float]) {
    guard !bias.isEmpty else { return }
    let old = bias
    turn { output, partner, c, d in bias[output] = c * old[output] + d * old[partner] }
  }

  /// c and d with its sign, `[outputs]` each.
  private func factors(on tape: Tape) -> (c: Variable, d: Variable) {
    let (theta, alpha) = (tape.variable(for: theta), tape.variable(for: alpha))
    let signs = Variable(constant: Tensor(signs, shape: [signs.count], in: context.pool))
    let c = tape.hadamard(tape.elements(at: own, of: alpha), tape.cosine(tape.elements(at: own, of: theta)))
    let d = tape.hadamard(tape.elements(at: crossed, of: alpha), tape.sine(tape.elements(at: crossed, of: theta)))
    return (c, tape.hadamard(d, signs))
  }

  private func turn(_ body: (_ output: Int, _ partner: Int, _ c: Float, _ d: Float) -> Void) {
    let (c, d) = factors(on: Tape(context: context, recording: false))
    for (output, partner) in partners.enumerated() {
      body(output, partner, c.value.elements[output], d.value.elements[output])
    }
  }
}
