import PEFTCore

/// How the gradients of a LoRA's two matrices are changed on their way into the optimizer, so that a step depends less on
/// how the product B·A is split.
enum LowRankRule: Sendable, Equatable {
  /// A stays at its random start; gB ← gB · (A·Aᵀ + 10⁻⁸·I)⁻¹ / s², the gradient of B whose update is nearest to the step
  /// that full fine-tuning would take.
  ///
  /// Trains rank · outputs values for each map, and keeps no input for A's gradient. Zhang et al. 2023, arXiv 2308.03303,
  /// with the projection of PEFT's `LoraFAOptimizer`.
  case loraFA
  /// gA ← (Bᵀ·B + d·I)⁻¹ · gA and gB ← gB · (A·Aᵀ + d·I)⁻¹: steps in the metric of the manifold of low-rank matrices.
  ///
  /// Zhang and Pilanci 2024, arXiv 2402.02347, as in PEFT's `create_riemannian_optimizer`.
  case riemannian(damping: Double)

  /// The names in configs.
  enum Name: String, CaseIterable, Sendable {
    case loraFA = "lora-fa"
    case riemannian
  }

  /// The option's name.
  static let optionName = "rule"
  /// Its value for the rule that trains B alone.
  static let frozenA = Name.loraFA.rawValue
  /// PEFT's default.
  static let usualDamping = 0.01
  /// What keeps A·Aᵀ of LoRA-FA invertible.
  private static let leastDamping = 1e-8

  /// Reads the options; nil for neither rule.
  static func read(_ options: inout OptionReader) throws -> LowRankRule? {
    let name: Name? = try options.optionalChoice(
      optionName,
      about: "A frozen and B's gradient projected (lora-fa), or both gradients in the metric of low-rank matrices")
    let damping = try options.optionalNumber(
      "damping", in: Double.leastNonzeroMagnitude...1e6,
      about: "of rule: riemannian: added to the diagonals of BᵀB and AAᵀ, 0.01 unless given")
    if damping != nil, name != .riemannian { throw options.error("damping", "belongs to rule: riemannian") }
    switch name {
    case .loraFA?: return .loraFA
    case .riemannian?:
      options.understood("damping", as: (damping ?? usualDamping).document)
      return .riemannian(damping: damping ?? usualDamping)
    case nil: return nil
    }
  }

  /// The options that make it again.
  static func options(_ rule: LowRankRule?) -> [(name: String, value: JSONValue)] {
    switch rule {
    case .loraFA?: [("rule", JSONValue(Name.loraFA.rawValue))]
    case .riemannian(let damping)?: [("rule", JSONValue(Name.riemannian.rawValue)), ("damping", damping.document)]
    case nil: []
    }
  }

  /// Which matrices it trains.
  var trained: LowRankPair.Trained { self == .loraFA ? .onlyB : .both }

  /// The name in checkpoints.
  fileprivate var name: String { self == .loraFA ? Name.loraFA.rawValue : Name.riemannian.rawValue }

  fileprivate var damping: Double {
    switch self {
    case .loraFA: Self.leastDamping
    case .riemannian(let damping): damping
    }
  }
}

/// Applies a rule to the gradients of some pairs, between clipping and the optimizer's step, as PEFT's optimizers do.
///
/// Products in float32, inverses in double precision. PEFT multiplies LoRA-FA's gradients in bfloat16 where the machine
/// has it, and decays weights after the step; here they stay float32, and decay is AdamW's.
final class LowRankPreconditioner: TrainingParticipant {
  let name: String
  let settings: String

  private let rule: LowRankRule
  private let updates: [LoRAAdapter]
  /// Of LoRA-FA, whose A does not change, what each B's gradient is multiplied by.
  private var constantFactors: [Int: Tensor] = [:]

  /// - Parameters:
  ///   - rule: What is done.
  ///   - updates: Whose gradients are changed; updates of embedding tables are left alone, as in PEFT.
  ///   - setting: Keeps the parts of a combined method apart.
  init(_ rule: LowRankRule, updates: [LoRAAdapter], setting: AttachmentSetting) {
    self.rule = rule
    self.updates = updates
    name = setting.namespace + rule.name
    settings = "damping \(rule.damping)"
  }

  func trainingBegins(_ moment: TrainingMoment) { constantFactors = [:] }

  func gradientsClipped(_ moment: TrainingMoment, by factor: Double) throws {
    for (index, update) in updates.enumerated() {
      let (a, b) = (update.pair.a, update.pair.b)
      switch rule {
      case .loraFA:
        let scale = Double(update.scale)
        let factor =
          try constantFactors[index]
          ?? inverse(ofGramOf: a, transposed: false, times: 1 / (scale * scale), moment.context)
        constantFactors[index] = factor
        multiply(b, fromTheRightBy: factor, moment.context)
      case .riemannian:
        let left = try inverse(ofGramOf: b, transposed: true, times: 1, moment.context)
        let right = try inverse(ofGramOf: a, transposed: false, times: 1, moment.context)
        multiply(a, fromTheLeftBy: left, moment.context)
        multiply(b, fromTheRightBy: right, moment.context)
      }
    }
  }

  /// (X·Xᵀ + d·I)⁻¹ times a number, `[rank, rank]`; of XᵀX where `transposed`.
  private func inverse(
    ofGramOf x: Parameter, transposed: Bool, times scale: Double, _ context: ComputeContext
  ) throws -> Tensor {
    let (rank, depth) = transposed ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    let gram = Tensor(uninitialized: [rank, rank], in: context.pool, as: .optimizer)
    let elements = x.value.elements
    MatrixMultiply.multiply(
      m: rank, n: rank, k: depth, a: elements, aStride: x.shape[1], transposeA: transposed, b: elements,
      bStride: x.shape[1], transposeB: !transposed, c: gram.mutableElements, cStride: rank, workers: context.workers)
    var damped = DoubleMatrix(gram.values, rows: rank, columns: rank)
    for index in 0..<rank { damped[index, index] += rule.damping }
    guard let inverse = LUDecomposition(damped)?.inverse else {
      throw AttachError("rule: the product of \(x.name) with itself cannot be inverted", option: "rule")
    }
    for (index, value) in inverse.elements.enumerated() { gram.mutableElements[index] = Float(scale * value) }
    return gram
  }

  private func multiply(_ parameter: Parameter, fromTheRightBy factor: Tensor, _ context: ComputeContext) {
    guard let gradient = parameter.gradient else { return }
    let (rows, rank) = (parameter.shape[0], parameter.shape[1])
    let old = gradient.copy(in: context.pool, as: .gradients)
    MatrixMultiply.multiply(
      m: rows, n: rank, k: rank, a: old.elements, aStride: rank, b: factor.elements, bStride: rank,
      c: gradient.mutableElements, cStride: rank, workers: context.workers)
  }

  private func multiply(_ parameter: Parameter, fromTheLeftBy factor: Tensor, _ context: ComputeContext) {
    guard let gradient = parameter.gradient else { return }
    let (rank, columns) = (parameter.shape[0], parameter.shape[1])
    let old = gradient.copy(in: context.pool, as: .gradients)
    MatrixMultiply.multiply(
      m: rank, n: columns, k: rank, a: factor.elements, aStride: rank, b: old.elements, bStride: columns,
      c: gradient.mutableElements, cStride: columns, workers: context.workers)
  }
}
