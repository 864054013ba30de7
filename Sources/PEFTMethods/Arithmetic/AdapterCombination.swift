public import PEFTCore

/// A combination of adapters, and how far it is from the exact sum of their weight updates.
public struct AdapterCombination {
  /// How far one weight's update is from the exact sum.
  public struct Deviation: Sendable, Equatable {
    /// The path of the map or table; of a bias or a norm's gain the tensor's name.
    public let site: String
    /// Frobenius norm of the difference.
    public let difference: Double
    /// Frobenius norm of the exact sum.
    public let exact: Double

    /// The difference over the exact sum; nil where the exact sum is zero and the difference is not,
    /// or where one of both is no number.
    public var relative: Double? {
      guard difference.isFinite, exact.isFinite else { return nil }
      return exact > 0 ? difference / exact : difference > 0 ? nil : 0
    }
  }

  /// What is known of the distance from the exact sum.
  public enum Exactness: Sendable, Equatable {
    /// The deviations of all weights, in the order of the file or the model.
    case measured([Deviation])
    /// There is no such distance, or it cannot be told, for a reason in words that follow a colon.
    case unmeasured(because: String)
  }

  /// The result, in memory.
  public let file: AdapterFile
  /// How far its weight updates are from the exact sum.
  public let exactness: Exactness
  /// What should be known of the result, a sentence each.
  public let notes: [String]

  /// The deviations of all weights; nil where none are measured.
  public var deviations: [Deviation]? { if case .measured(let list) = exactness { list } else { nil } }

  /// The deviation of all weights together; nil as `deviations`.
  public var total: Deviation? {
    deviations.map { list in
      Deviation(
        site: "", difference: list.reduce(0) { $0 + $1.difference * $1.difference }.squareRoot(),
        exact: list.reduce(0) { $0 + $1.exact * $1.exact }.squareRoot())
    }
  }
}

extension CombinationRecipe {
  /// Combines the adapters.
  ///
  /// - Parameters:
  ///   - files: The adapters, in the order of `adapters`.
  ///   - path: What messages call the result.
  ///   - base: The base model: needed where the updates of a method depend on it, and to measure how far task vectors of
  ///     other methods than LoRA are from the exact sum.
  ///   - workers: Share decompositions out; the result does not depend on their number.
  ///   - origin: Gives the values that an adapter started from.
  /// - Throws: An `InputError` for adapters that cannot be combined in this way.
  public func combined(
    _ files: [AdapterFile], named path: String, base: LoadedBase? = nil, workers: Workers = .one,
    origin: @escaping (AdapterFile) throws -> [AdapterArray]
  ) throws -> AdapterCombination {
    let parts = parts(files)
    let result: AdapterCombination
    if kind == .taskVector {
      result = try TaskVectors(
        recipe: self, parts: parts, start: start(files), base: base, workers: workers, origin: origin
      ).combined(named: path)
    } else if addsScales(parts) {
      result = try ScaleCombination(recipe: self, parts: parts).combined(named: path)
    } else {
      result = try UpdateCombination(recipe: self, parts: parts, base: base, workers: workers).combined(named: path)
    }
    for tensor in result.file.tensors where tensor.tensor.type.isReadableAsFloat {
      guard let value = try tensor.tensor.floats().first(where: { !$0.isFinite }) else { continue }
      throw CheckpointError(
        file: path, tensor: tensor.name,
        "would hold \(value): the factors in \(text) are too large for 32-bit numbers")
    }
    return result
  }

  /// The settings and shapes that the combination will have, whatever its values: no base model is needed, and nothing
  /// is computed.
  ///
  /// - Throws: As `combined`, as far as shapes tell; `CheckpointError` for methods whose shapes depend on the base model.
  public func outlined(_ files: [AdapterFile], named path: String) throws -> AdapterFile {
    let parts = parts(files)
    if kind == .taskVector {
      let first = try TaskVectors.first(of: parts, start: start(files), named: path)
      for part in parts {
        try TaskVectors.check(part.file, against: first)
        if readsOrigins, part.weight != 0 || expression.origin == .common, !part.file.isVector {
          try AdapterOrigins.checkIsTold(by: part.file)
        }
      }
      if readsOrigins, let start = start(files) { try AdapterOrigins.checkIsTold(by: start) }
      return try first.replacing(
        trained: try first.trainedArrays(), named: path, isVector: vectorComplaint != nil)
    }
    if addsScales(parts) { return try ScaleCombination(recipe: self, parts: parts).combined(named: path).file }
    return try UpdateCombination(recipe: self, parts: parts, base: nil, workers: .one).outlined(named: path)
  }

  private func parts(_ files: [AdapterFile]) -> [CombinationPart] {
    // The origin alone is that of all adapters.
    if expression.terms.isEmpty, expression.origin == .common {
      return zip(adapters, files).map { CombinationPart(name: $0.name, file: $1, weight: 0) }
    }
    return expression.terms.compactMap { term in
      zip(adapters, files).first { $0.0.name == term.name }.map {
        CombinationPart(name: term.name, file: $0.1, weight: term.weight)
      }
    }
  }

  /// The adapter whose origin is named.
  private func start(_ files: [AdapterFile]) -> AdapterFile? {
    guard case .of(let name)? = expression.origin else { return nil }
    return zip(adapters, files).first { $0.0.name == name }?.1
  }

  /// Whether the parts are scales, which need no factors.
  private func addsScales(_ parts: [CombinationPart]) -> Bool {
    switch kind {
    case .delta: parts.allSatisfy { $0.file.peftType == "IA3" }
    case .hf: parts.first?.file.peftType == "IA3"
    case .taskVector, .mergekit: false
    }
  }
}

/// One adapter of a combination.
struct CombinationPart {
  let name: String
  let file: AdapterFile
  let weight: Double
}
