import PEFTCore

/// What sums of task vectors started from, so that they are terms of further sums.
extension CombinationRecipe {
  /// What a sum of task vectors on an origin started from: that origin itself, whatever the factors.
  ///
  ///     θ − θ₀ = Σ wᵢ·(θᵢ − θᵢ₀) for θ = θ₀ + Σ wᵢ·(θᵢ − θᵢ₀)
  ///
  /// Sums of weight updates (`delta`, `hf`, `mergekit`) have no such start: their factors are made by putting others side by
  /// side or by a decomposition, and as many values of A as one likes stand for no update where B is zero.
  ///
  /// - Parameter first: The adapter whose origin is added to.
  /// - Returns: nil where no file can say it: of IA3, which always starts from ones, of neutral values, and of a folder whose
  ///   values a method takes over in part.
  /// - Throws: `FileError` for an origin's folder that cannot be read.
  func origin(ofSumOn first: AdapterFile) throws -> AdapterOrigin? {
    guard let folder = origin else { return first.origin?.located(beside: first.path) }
    let type = type(of: try first.method())
    guard folder != Self.neutralOrigin, type.runOptions.isEmpty else { return nil }
    let options =
      try first.origin?.options ?? JSONObject(distinct: first.options().map { (key: $0.name, value: $0.value) })
    return AdapterOrigin(
      method: type.name, options: options, seed: 0, model: nil,
      adapter: AdapterOrigin.Adapter(source: JSONValue(folder), hash: try AdapterFile.contentHash(of: folder)))
  }
}

extension AdapterOrigin {
  /// The same for an adapter in another folder: what lies beside the first one is still found there.
  func located(beside folder: String) -> AdapterOrigin {
    guard let adapter else { return self }
    func located(_ value: JSONValue) -> JSONValue {
      guard case .string(let path) = value, !path.hasPrefix("/"), path != CombinationRecipe.neutralOrigin,
        !AdapterFile.files(in: "\(folder)/\(path)").isEmpty
      else { return value }
      return JSONValue("\(folder)/\(path)")
    }
    var source = located(adapter.source)
    if case .object(let adapters)? = source["adapters"] {
      source["adapters"] = .object(JSONObject(distinct: adapters.members.map { ($0.key, located($0.value)) }))
    }
    if let origin = source["origin"] { source["origin"] = located(origin) }
    return AdapterOrigin(
      method: method, options: options, seed: seed, model: model, adapter: Adapter(source: source, hash: adapter.hash))
  }
}
