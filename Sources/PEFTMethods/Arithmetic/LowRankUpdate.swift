import PEFTCore

/// The low-rank update of one map or table: ΔW = s · B·A, and for a table its transpose.
struct LowRankUpdate: Sendable, Equatable {
  /// Whether it is of a linear map or of an embedding table, whose keys differ.
  enum Kind: Sendable, Equatable { case map, table }

  /// The module's path.
  let site: String
  let kind: Kind
  /// A `[rank, inputs]`; of a table `[rank, tokens]`.
  let a: [Float]
  /// B `[outputs, rank]`; of a table `[width, rank]`.
  let b: [Float]
  let rank: Int
  /// s.
  let scale: Double

  var inputs: Int { a.count / rank }
  var outputs: Int { b.count / rank }

  /// ΔW as a matrix `[outputs, inputs]`, of a table transposed, s included.
  func dense(workers: Workers) -> DoubleMatrix {
    DoubleMatrix(b.map { scale * Double($0) }, rows: outputs, columns: rank)
      .times(DoubleMatrix(a, rows: rank, columns: inputs), workers: workers)
  }

  // MARK: - Keys

  private static func suffixes(_ kind: Kind) -> (a: String, b: String) {
    kind == .map ? (".lora_A.weight", ".lora_B.weight") : (".lora_embedding_A", ".lora_embedding_B")
  }

  /// A and B under PEFT's keys.
  var arrays: [AdapterArray] {
    let suffixes = Self.suffixes(kind)
    return [
      AdapterArray(key: AdapterTensor.prefix + site + suffixes.a, shape: [rank, inputs], values: a),
      AdapterArray(key: AdapterTensor.prefix + site + suffixes.b, shape: [outputs, rank], values: b),
    ]
  }

  /// The updates of a saved LoRA, in the order of its file.
  ///
  /// - Parameters:
  ///   - file: The adapter.
  ///   - purpose: What they are wanted for, for the error.
  /// - Throws: `CheckpointError` for an adapter of another method, or one that changes the model by more than such
  ///   updates: DoRA's lengths, biases, whole modules, starts that are taken out of the weights, or whose factors are blocks.
  static func all(of file: AdapterFile, for purpose: String) throws -> [LowRankUpdate] {
    func refused(_ why: String, tensor: String? = nil) -> CheckpointError {
      CheckpointError(file: file.path, tensor: tensor, "\(why), which \(purpose) cannot take in")
    }
    guard let lora = try file.method() as? LoRA else {
      throw CheckpointError(
        file: file.path,
        "is an adapter of \(type(of: try file.method()).name); \(purpose) needs low-rank updates (lora)")
    }
    guard !lora.isWeightDecomposed else { throw refused("has the lengths of DoRA") }
    guard lora.start != .loftq else { throw refused("has weights in 4 bits beside it (LoftQ)") }
    guard lora.loadedStart == nil else { throw refused("has a start that is taken out of the weights") }
    guard lora.parameters.names.isEmpty else { throw refused("updates single parameters") }
    guard lora.blockDiagonal == nil else { throw refused("has block-diagonal factors") }
    let arrays = try file.arrays()
    let byKey = Dictionary(arrays.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    var updates: [LowRankUpdate] = []
    var used: Set<String> = []
    for array in arrays {
      for kind in [Kind.map, .table] {
        let suffixes = suffixes(kind)
        guard array.key.hasSuffix(suffixes.a) else { continue }
        let stem = String(array.key.dropLast(suffixes.a.count))
        guard let b = byKey[stem + suffixes.b], array.shape.count == 2, b.shape.count == 2,
          array.shape[0] == b.shape[1], array.shape[0] > 0
        else {
          throw CheckpointError(file: file.path, tensor: array.key, "has no \(suffixes.b.dropFirst()) of the same rank")
        }
        let site = stem.hasPrefix(AdapterTensor.prefix) ? String(stem.dropFirst(AdapterTensor.prefix.count)) : stem
        guard lora.rank(at: site) == array.shape[0] else {
          throw CheckpointError(
            file: file.path, tensor: array.key,
            "has rank \(array.shape[0]), but adapter_config.json says \(lora.rank(at: site))")
        }
        updates.append(
          LowRankUpdate(
            site: site, kind: kind, a: array.values, b: b.values, rank: array.shape[0],
            scale: Double(lora.scale(at: site))))
        used.formUnion([array.key, b.key])
      }
    }
    if let other = arrays.first(where: { !used.contains($0.key) && !$0.key.hasSuffix(".base_layer.weight") }) {
      throw refused("is trained beside the low-rank updates", tensor: other.key)
    }
    return updates
  }
}
