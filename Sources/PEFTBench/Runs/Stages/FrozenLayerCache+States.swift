import PEFTCore

extension FrozenLayerCache {
  /// What `automatic` takes of the spare memory at most, and leaves free at least: one part of so many.
  private static let automaticParts = 4

  /// An empty cache of this kind; nil for none.
  ///
  /// - Parameters:
  ///   - width: Width of the model's residual stream.
  ///   - folder: Where `disk` makes its file unless it has a folder of its own.
  ///   - spareBytes: Memory that the run does not need; nil where nobody knows how much there is.
  ///   - complain: Told why a disk takes or gives no more.
  /// - Throws: `FileError` for a folder in which no file can be made; what `spareBytes` throws.
  func states(
    width: Int, folder: String, spareBytes: () throws -> Int?, complain: @escaping (FileError) -> Void
  ) throws -> FrozenStates? {
    switch self {
    case .off: return nil
    case .automatic:
      guard let spare = try spareBytes(), spare > 0 else { return nil }
      let share = spare / Self.automaticParts
      return try FrozenStates(
        width: width, in: .memory, limit: share,
        // Others take memory meanwhile, such as the workers beside this one.
        mayGrow: { bytes in AvailableMemory.now().map { $0.bytes - bytes >= share } ?? false })
    case .memory(let bytes): return try FrozenStates(width: width, in: .memory, limit: bytes)
    case .disk(let own, let bytes):
      return try FrozenStates(width: width, in: .disk(folder: own ?? folder), limit: bytes, complain: complain)
    }
  }
}
