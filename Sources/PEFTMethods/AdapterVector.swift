public import PEFTCore

/// A sum of what adapters gained that was added to no origin: it has an adapter's tensors, and changes a model as it should
/// only once an origin is added.
///
/// Nothing in PEFT's files tells it from an adapter, so that a mark of ours lies beside them, in the place of an origin.
extension AdapterFile {
  /// Refuses a vector where an adapter is wanted.
  ///
  /// - Throws: `CheckpointError` that says how to make an adapter of it.
  public func checkIsAdapter() throws(CheckpointError) {
    guard !isVector else {
      throw CheckpointError(
        file: path, "is a vector, not an adapter: add it to one's origin first, as in adapter combine 'origin(a) + v'")
    }
  }

  /// Whether the values of a tensor are factors around one, as IA3's, and not additions around zero, as all of a vector's.
  public func isFactor(_ key: String) -> Bool { !isVector && Self.isAroundOne(key) }

  /// One hash of what a saved adapter says of its start; nil where it says nothing.
  ///
  /// An adapter to start from counts by its content, wherever it lies.
  ///
  /// - Throws: `FileError`, or `DocumentError` for what is not understood.
  public static func originHash(of folder: String) throws -> String? {
    switch try AdapterOrigin.read(in: folder) {
    case nil: nil
    case .vector?: SHA256.hexadecimal(of: Array(AdapterOrigin.vectorKind.utf8))
    case .origin(let origin)?: SHA256.hexadecimal(of: Array(origin.identity.compactText.utf8))
    }
  }
}
