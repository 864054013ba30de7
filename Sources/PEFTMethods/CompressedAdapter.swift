import PEFTCore

/// A saved adapter with its trained values compressed (`CompressedTensors`), and what no training changes as it was.
public struct CompressedAdapter {
  /// The adapter that is compressed.
  public let original: AdapterFile
  /// Its trained values.
  public let tensors: CompressedTensors

  /// Compresses the trained values of an adapter to few entries.
  ///
  /// - Parameters:
  ///   - file: The adapter, of one method.
  ///   - share: Of all entries, those that are kept, from 0 to 1.
  ///   - magnitude: What stands at the kept places.
  ///   - codec: `sparseGolomb` or `sparseMask`.
  ///   - control: Draws which entries are kept, in place of the largest ones: what chance gives.
  /// - Throws: `CheckpointError` for values that cannot be read or are not finite; for those that start at neither zero nor
  ///   one, unless all are kept as they are; and for hra: its values are the directions of reflections, and one of which
  ///   nothing is kept has none.
  public init(
    _ file: AdapterFile, keeping share: Double, as magnitude: SparseVector.Magnitude,
    codec: CompressedTensors.Codec = .sparseGolomb, control: SeedStream? = nil
  ) throws {
    if share < 1, !file.isVector, try file.method() is HRA {
      throw CheckpointError(
        file: file.path,
        "is an adapter of hra, whose values are directions of reflections: one without any kept value would have none; take "
          + "int8 or bf16")
    }
    if let refusal = try Self.refusal(of: file, isLossless: share >= 1 && magnitude == .own) {
      throw CheckpointError(file: file.path, refusal)
    }
    original = file
    tensors = CompressedTensors(
      try file.trainedArrays(), keeping: share, as: magnitude, codec: codec, control: control,
      isAroundOne: file.isFactor)
  }

  /// The adapter that the compressed one is read as, in memory.
  ///
  /// - Throws: `DocumentError` for a combined method, whose parts have files of their own.
  public func file(named path: String) throws -> AdapterFile {
    try AdapterFile(
      named: path, settings: original.settingsObject, tensors: tensors.tensors, fixed: original.fixedTensors,
      isVector: original.isVector)
  }
}
