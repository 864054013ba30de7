import PEFTCore

extension CompressedTensors {
  /// The file's bytes, after they were read as a file is.
  ///
  /// - Parameter path: What is compressed, for errors.
  /// - Throws: `CheckpointError` for what no reader would take: too few kept values, or a magnitude beyond 32-bit numbers.
  func checkedBytes(for path: String) throws(CheckpointError) -> [UInt8] {
    let bytes = serialized
    guard count <= Self.mostElements(inBytes: bytes.count) else {
      throw CheckpointError(
        file: path,
        "has \(count) values, of which \(keptCount) would be kept: a file of so few is not read again; keep more, or take the "
          + "codec bitmask or int8")
    }
    do throws(Fault) {
      let read = try CompressedTensors(bytes)
      guard read == self, read.tensors.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
        throw Fault(offset: 0, what: "a value is not finite")
      }
    } catch {
      throw CheckpointError(
        file: path, "cannot be compressed in this way, since the file would not be read again: \(error.what)")
    }
    return bytes
  }
}
