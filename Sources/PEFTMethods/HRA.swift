import PEFTCore

/// HRA (Householder reflection adaptation): a chain of reflections of what a map reads.
///
///     y = x·H_r·…·H₁·Wᵀ + b,   H_i = I - 2·u_i·u_iᵀ,   u_i the columns of U, each of length 1
///
/// Trainable: inputs · rank a map, U. For an even rank U starts in pairs of equal columns, whose reflections undo each
/// other, so that step 0 is the base model but for rounding; for an odd one it starts elsewhere. Merged into W·H₁·…·H_r.
///
/// The chain is applied at once by its compact form (Schreiber and Van Loan 1989), which costs two thin products:
///
///     H₁·…·H_r = I - U·T·Uᵀ,   T⁻¹ = ½·I + the strict upper triangle of Uᵀ·U
///
/// With `gram_schmidt` the columns are made orthogonal first. What remains is I - 2·P with the projection P onto their span,
/// for any order: T = 2·(Uᵀ·U)⁻¹. No start of it is the base model, and pairs of equal columns would leave rounding alone
/// to choose the directions, as they do in PEFT; here it starts from independent columns.
struct HRA: MapMethod {
  static let name = "hra"
  static let summary = "chains of Householder reflections of the maps' inputs"
  static let source = "Yuan et al. 2024, arXiv 2405.17484"
  static let peftType = "HRA"
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("apply_GS", of: "gram_schmidt", origin: .peft),
  ]

  /// Number of reflections.
  let rank: Int
  /// Whether the columns are made orthogonal.
  let isOrthogonalized: Bool
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 8, in: 1..., about: "number of reflections, best an even one")
    isOrthogonalized = try options.bool(
      "gram_schmidt", default: false, about: "make the reflected directions orthogonal to each other")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"])
    rank = try settings.integer("r", in: 1...65_536)
    isOrthogonalized = try settings.bool("apply_GS", default: false)
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [("rank", JSONValue(rank)), ("gram_schmidt", JSONValue(isOrthogonalized))]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    if isOrthogonalized, let narrow = maps.first(where: { $0.inputs < rank }) {
      throw AttachError(
        "\(narrow.site) has \(narrow.inputs) inputs, in which \(rank) directions cannot be orthogonal: lower the rank")
    }
    return maps.map { HRAAdapter($0, self, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [("r", JSONValue(rank)), ("apply_GS", JSONValue(isOrthogonalized))]
  }

  func notes(_ maps: [Linear]) -> [String] {
    if isOrthogonalized { return ["with gram_schmidt no start is the base model"] }
    return rank % 2 == 0 ? [] : ["an odd number of reflections (rank \(rank)) does not start at the base model"]
  }
}

/// The reflections of one map's input.
private final class HRAAdapter: MapAdapter {
  /// U `[inputs, rank]`; the lengths of its columns do not matter.
  private let vectors: Parameter
  private let isOrthogonalized: Bool
  private let context: ComputeContext

  init(_ linear: Linear, _ method: HRA, setting: AttachmentSetting) {
    isOrthogonalized = method.isOrthogonalized
    context = setting.context
    let (rank, inputs, seeds) = (method.rank, linear.inputs, setting.seeds)
    let isPaired = rank % 2 == 0 && !method.isOrthogonalized
    vectors = Parameter("\(linear.site).hra_u", shape: [inputs, rank], in: setting.context.pool) {
      // PyTorch's default for a matrix of this width.
      let width = isPaired ? rank / 2 : rank
      let bound = 1 / Float(width).squareRoot()
      let drawn = seeds.child(HRA.name).child(linear.site).uniforms(inputs * width, in: -bound...bound)
      return isPaired ? drawn.flatMap { [$0, $0] } : drawn
    }
  }

  var parameters: [Parameter] { [vectors] }
  /// Each reflection is a product with its direction, and one back.
  var multiplyAddsPerToken: Int { 2 * vectors.elementCount }
  var stacking: Stacking { .transforms }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    base(reflected(x, forward: true, on: tape))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let inputs = vectors.shape[0]
    let rows = Variable(constant: Tensor(weight, shape: [weight.count / inputs, inputs], in: context.pool))
    weight = reflected(rows, forward: false, on: Tape(context: context, recording: false)).value.values
    return true
  }

  /// `x·H_r·…·H₁`, as an input meets the reflections, or `x·H₁·…·H_r`, as a weight's row does.
  private func reflected(_ x: Variable, forward: Bool, on tape: Tape) -> Variable {
    let columns = tape.transposed(tape.variable(for: vectors))
    let rows = tape.normalizedRows(columns, epsilon: 0)
    let core = core(of: tape.product(rows, rows, transposeB: true), on: tape)
    return tape.addLowRank(
      to: tape.scaled(x, by: 1), x: x, a: tape.product(core, rows, transposeA: !forward), b: tape.transposed(rows),
      scale: -1, dropout: 0, purpose: "")
  }

  /// T `[rank, rank]` of the compact form, from the products of all pairs of vectors.
  private func core(of products: Variable, on tape: Tape) -> Variable {
    let rank = products.shape[0]
    func inverse(_ x: Variable) -> Variable {
      tape.reshape(tape.inverse(tape.reshape(x, to: [1, rank, rank])), to: [rank, rank])
    }
    guard !isOrthogonalized else { return tape.scaled(inverse(products), by: 2) }
    func matrix(_ element: (Int, Int) -> Float) -> Variable {
      let elements = (0..<rank * rank).map { element($0 / rank, $0 % rank) }
      return Variable(constant: Tensor(elements, shape: [rank, rank], in: context.pool))
    }
    let upper = tape.hadamard(products, matrix { $0 < $1 ? 1 : 0 })
    return inverse(tape.sum(upper, matrix { $0 == $1 ? 0.5 : 0 }))
  }
}
