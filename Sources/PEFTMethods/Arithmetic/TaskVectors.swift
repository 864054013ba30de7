import PEFTCore

/// The convention `task-vector`: sums of what parameters gained since their origin.
///
///     θ = θ₀ + Σ wᵢ·(θᵢ − θᵢ₀)
///
/// The sum is first simplified as one of different values, so that what cancels out is never computed: with one origin
/// θ₀ for all, `origin + a` is a itself and `origin + (a + b) - b` too, to the bit, whatever the values. Everything else
/// is added in double precision and rounded once.
struct TaskVectors {
  let recipe: CombinationRecipe
  let parts: [CombinationPart]
  /// The adapter whose origin is added to; nil for the common one.
  let start: AdapterFile?
  /// The base model, by which the updates of other methods than LoRA are measured; nil where there is none.
  let base: LoadedBase?
  let workers: Workers
  let origin: (AdapterFile) throws -> [AdapterArray]

  /// The adapter whose settings and shapes the result has.
  ///
  /// - Throws: `CheckpointError` where there is none.
  static func first(
    of parts: [CombinationPart], start: AdapterFile?, named path: String
  ) throws(CheckpointError) -> AdapterFile {
    // An adapter tells more of itself than a vector does.
    guard let first = start ?? (parts.first { !$0.file.isVector } ?? parts.first)?.file else {
      throw CheckpointError(file: path, "the expression names no adapter")
    }
    return first
  }

  func combined(named path: String) throws -> AdapterCombination {
    let adapters = parts.filter { !$0.file.isVector }
    let first = try Self.first(of: parts, start: start, named: path)
    let files = parts.map(\.file) + [start].compactMap { $0 }
    for file in files {
      try Self.check(file, against: first)
      try file.checkFixedTensors(against: first)
    }
    var sum = ValueSum()
    for part in parts {
      sum.add(try Self.values(of: part.file, against: first), times: part.weight)
      // A vector has none in it any more.
      if part.weight != 0, !part.file.isVector {
        sum.add(try originValues(of: part.file, against: first), times: -part.weight)
      }
    }
    switch recipe.expression.origin {
    case nil: break
    case .of: sum.add(try originValues(of: first, against: first), times: 1)
    case .common:
      let values = try originValues(of: first, against: first)
      for part in adapters.dropFirst() where try originValues(of: part.file, against: first) != values {
        throw CheckpointError(
          file: part.file.path,
          "started from other values than \(first.path): name the origin, as in origin(\(adapters[0].name)) + …")
      }
      sum.add(values, times: 1)
    }
    let isVector = recipe.vectorComplaint != nil
    let result = try first.replacing(
      trained: sum.values, named: path, origin: isVector ? nil : try recipe.origin(ofSumOn: first), isVector: isVector)
    var notes: [String] = []
    if isVector {
      notes.append("without an origin the result is a vector, not an adapter: add it to one, as in origin + …")
    }
    let (exactness, note) = exactness(of: result, against: sum, as: first)
    return AdapterCombination(file: result, exactness: exactness, notes: notes + [note].compactMap(\.self))
  }

  private func originValues(of file: AdapterFile, against first: AdapterFile) throws -> [AdapterArray] {
    try Self.ordered(first.trained(try origin(file)), as: try first.trainedArrays(), file: file.path)
  }

  private static func values(of file: AdapterFile, against first: AdapterFile) throws -> [AdapterArray] {
    try ordered(first.trained(try file.arrays()), as: try first.trainedArrays(), file: file.path)
  }

  /// The tensors in the order of another adapter's, which must be the same ones.
  private static func ordered(
    _ arrays: [AdapterArray], as reference: [AdapterArray], file: String
  ) throws(CheckpointError) -> [AdapterArray] {
    let byKey = Dictionary(arrays.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    var result: [AdapterArray] = []
    for other in reference {
      guard let array = byKey[other.key] else {
        throw CheckpointError(file: file, tensor: other.key, "is not there, but in the first adapter")
      }
      guard array.shape == other.shape else {
        throw CheckpointError(
          file: file, tensor: other.key,
          "has shape \(array.shape), but \(other.shape) in the first adapter: their parameters do not mean the same; take the "
            + "convention delta")
      }
      result.append(array)
    }
    guard arrays.count == reference.count else {
      let known = Set(reference.map(\.key))
      let extra = arrays.first { !known.contains($0.key) }?.key
      throw CheckpointError(file: file, tensor: extra, "is not in the first adapter")
    }
    return result
  }

  /// Refuses adapters whose parameters do not mean the same.
  static func check(_ file: AdapterFile, against first: AdapterFile) throws {
    let (own, other) = (try file.method(), try first.method())
    let (type, otherType) = (type(of: own), Swift.type(of: other))
    guard type.name == otherType.name else {
      throw CheckpointError(file: file.path, "is an adapter of \(type.name), but \(first.path) of \(otherType.name)")
    }
    let otherOptions = Dictionary(try first.options().map { ($0.name, $0.value) }) { first, _ in first }
    let options = try file.options()
    for name in options.map(\.name) + otherOptions.keys.sorted() where !type.trainingOptions.contains(name) {
      let value = options.first { $0.name == name }?.value
      guard value != otherOptions[name] else { continue }
      throw CheckpointError(
        file: file.path,
        "has \(name) \(value?.compactText ?? "not set"), but \(first.path) \(otherOptions[name]?.compactText ?? "not set"): "
          + "their parameters do not mean the same; take the convention delta")
    }
  }
}

/// A weighted sum of whole adapters' values, in which equal values are one term.
struct ValueSum {
  private(set) var terms: [(arrays: [AdapterArray], weight: Double)] = []

  mutating func add(_ arrays: [AdapterArray], times weight: Double) {
    if let index = terms.firstIndex(where: { $0.arrays == arrays }) {
      terms[index].weight += weight
    } else {
      terms.append((arrays, weight))
    }
  }

  /// The sum; a single term with a factor of one as it is.
  var values: [AdapterArray] {
    let active = terms.filter { $0.weight != 0 }
    guard let shapes = terms.first?.arrays else { return [] }
    if active.count == 1, active[0].weight == 1 { return active[0].arrays }
    return shapes.indices.map { place in
      var sum = [Double](repeating: 0, count: shapes[place].values.count)
      for (arrays, weight) in active {
        let values = arrays[place].values
        for index in sum.indices { sum[index] += weight * Double(values[index]) }
      }
      return shapes[place].with(sum.map { Float($0) })
    }
  }
}

extension AdapterFile {
  /// The members of adapter_config.json.
  var settingsObject: JSONObject { if case .object(let object) = settings { object } else { JSONObject() } }
}
