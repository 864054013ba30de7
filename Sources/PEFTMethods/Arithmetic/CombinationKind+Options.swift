import PEFTCore

extension CombinationKind {
  /// Why an option has no meaning here, in words that follow its name; nil where it has one.
  ///
  /// - Parameters:
  ///   - option: One that only some kinds have.
  ///   - adapterCount: How many adapters the expression adds.
  func objection(to option: String, adapterCount: Int) -> String? {
    switch option {
    case "rank":
      if takesSingleAdapter(adapterCount) { return "\(title) takes a single adapter as it is, as PEFT does" }
      return decomposes ? nil : "\(title) decomposes nothing"
    case "svd_clamp":
      if takesSingleAdapter(adapterCount) { return "\(title) takes a single adapter as it is, as PEFT does" }
      if case .hf(let type) = self, type.decomposes { return nil }
      return "\(title) cuts no factors: it belongs to hf's svd and the types that end with _svd"
    case "density": return isSparse ? nil : "\(title) leaves nothing out"
    case "majority_sign_method":
      if case .hf(let type) = self, type.function.elects { return nil }
      return "\(title) elects no sign in this way: it belongs to the ties of hf"
    case "gamma":
      if case .mergekit(let type) = self, [.breadcrumbs, .breadcrumbsTies].contains(type) { return nil }
      return "\(title) drops no largest elements: it belongs to mergekit's breadcrumbs"
    case "epsilon":
      if case .mergekit(let type) = self, [.della, .dellaLinear].contains(type) { return nil }
      return "\(title) moves no density by rank: it belongs to mergekit's della"
    case "seed": return drawsMasks ? nil : "\(title) draws no random masks"
    case "origin": return self == .taskVector ? nil : "only task-vector has origins"
    default: return nil
    }
  }

  /// The options that `objection(to:adapterCount:)` knows, in the order in which they are read.
  static let optionsOfSome = [
    "rank", "density", "majority_sign_method", "svd_clamp", "gamma", "epsilon", "seed", "origin",
  ]

  private func takesSingleAdapter(_ count: Int) -> Bool { if case .hf = self { count == 1 } else { false } }

  private var drawsMasks: Bool {
    switch self {
    case .taskVector, .delta: false
    case .hf(let type): type.function.sparsification == .random
    case .mergekit(let type): [.dareLinear, .dareTies, .della, .dellaLinear].contains(type)
    }
  }
}
