/// What adding adapters means: a convention and, within it, a type.
public enum CombinationKind: Sendable, Equatable {
  /// Element by element on the parameters, on what they gained since their origin (Ilharco et al. 2023; Belanec et al.
  /// 2024 for prompts). For factors this is not the sum of the updates.
  case taskVector
  /// On the weight updates, exactly: their sum, as it is or as the nearest one of a lower rank.
  case delta(Delta)
  /// As `add_weighted_adapter` of Hugging Face PEFT 0.21.2 computes it.
  case hf(HuggingFace)
  /// As mergekit computes it, on the full weight updates.
  case mergekit(Mergekit)

  /// Types of `delta`.
  public enum Delta: String, Sendable, CaseIterable {
    /// Factors one beside the other: exact, and the ranks add up.
    case cat
    /// The nearest update of a given rank.
    case svd
  }

  /// Types of `hf`, under PEFT's names.
  public enum HuggingFace: String, Sendable, CaseIterable {
    case linear, cat, svd, ties
    case tiesSVD = "ties_svd"
    case dareLinear = "dare_linear"
    case dareLinearSVD = "dare_linear_svd"
    case dareTies = "dare_ties"
    case dareTiesSVD = "dare_ties_svd"
    case magnitudePrune = "magnitude_prune"
    case magnitudePruneSVD = "magnitude_prune_svd"

    /// How updates are made sparse, and whether signs are elected.
    var function: (sparsification: Sparsification?, elects: Bool) {
      switch self {
      case .linear, .cat, .svd: (nil, false)
      case .ties, .tiesSVD: (.magnitude, true)
      case .dareLinear, .dareLinearSVD: (.random, false)
      case .dareTies, .dareTiesSVD: (.random, true)
      case .magnitudePrune, .magnitudePruneSVD: (.magnitude, false)
      }
    }

    /// Whether the full updates are added and then decomposed; the two factors each for itself otherwise.
    var decomposes: Bool { rawValue.hasSuffix("svd") }
  }

  /// Types of `mergekit`, under its names.
  public enum Mergekit: String, Sendable, CaseIterable {
    case taskArithmetic = "task_arithmetic"
    case ties
    case dareLinear = "dare_linear"
    case dareTies = "dare_ties"
    case breadcrumbs
    case breadcrumbsTies = "breadcrumbs_ties"
    case della
    case dellaLinear = "della_linear"

    /// How updates are made sparse.
    func sparsification(gamma: Double, epsilon: Double) -> Sparsification? {
      switch self {
      case .taskArithmetic: nil
      case .ties: .magnitude
      case .dareLinear, .dareTies: .random
      case .breadcrumbs, .breadcrumbsTies: .outliers(gamma: gamma)
      case .della, .dellaLinear: .ranked(epsilon: epsilon)
      }
    }

    /// Whether signs are elected, the sum is divided by the weights, and magnitudes are given back.
    var rules: (elects: Bool, normalizes: Bool, rescales: Bool) {
      switch self {
      case .taskArithmetic: (false, false, false)
      case .ties: (true, true, false)
      case .dareLinear: (false, false, true)
      case .dareTies: (true, false, true)
      case .breadcrumbs: (false, false, false)
      case .breadcrumbsTies: (true, false, false)
      case .della: (true, true, true)
      case .dellaLinear: (false, false, true)
      }
    }
  }

  /// The conventions' names.
  public static let conventions = ["task-vector", "delta", "hf", "mergekit"]

  /// The convention's name and the type's.
  public var names: (convention: String, type: String?) {
    switch self {
    case .taskVector: ("task-vector", nil)
    case .delta(let type): ("delta", type.rawValue)
    case .hf(let type): ("hf", type.rawValue)
    case .mergekit(let type): ("mergekit", type.rawValue)
    }
  }

  /// The types of a convention, the one without a name given first; none for one that has no types.
  public static func types(of convention: String) -> [String] {
    switch convention {
    case "delta": Delta.allCases.map(\.rawValue)
    // PEFT's own default.
    case "hf": ["svd"] + HuggingFace.allCases.map(\.rawValue).filter { $0 != "svd" }
    case "mergekit": Mergekit.allCases.map(\.rawValue)
    default: []
    }
  }

  /// The kind with these names; nil for names that do not exist.
  init?(convention: String, type: String?) {
    let type = type ?? Self.types(of: convention).first ?? ""
    let found: CombinationKind? =
      switch convention {
      case "task-vector": .taskVector
      case "delta": Delta(rawValue: type).map { .delta($0) }
      case "hf": HuggingFace(rawValue: type).map { .hf($0) }
      case "mergekit": Mergekit(rawValue: type).map { .mergekit($0) }
      default: nil
      }
    guard let found else { return nil }
    self = found
  }

  /// Whether an adapter that is no LoRA takes its updates from the base model.
  public var takesAnyMethod: Bool {
    switch self {
    case .taskVector, .delta(.cat), .hf: false
    case .delta(.svd), .mergekit: true
    }
  }

  /// Whether parts of the updates are left out, so that a density is needed.
  var isSparse: Bool {
    switch self {
    case .taskVector, .delta: false
    case .hf(let type): type.function.sparsification != nil
    case .mergekit(let type): type != .taskArithmetic
    }
  }

  /// Whether the result is a sum that is decomposed, so that a rank can be chosen.
  var decomposes: Bool {
    switch self {
    case .taskVector, .delta(.cat): false
    case .delta(.svd), .mergekit: true
    case .hf(let type): type.decomposes
    }
  }
}
