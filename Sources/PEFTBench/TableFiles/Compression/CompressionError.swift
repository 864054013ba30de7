/// Why compressed bytes cannot be unpacked.
struct CompressionError: Error {
  /// Name of the format.
  let format: String
  /// What is wrong.
  let message: String
  /// Offset in the compressed bytes at which it showed.
  let offset: Int

  init(_ format: String, _ message: String, at offset: Int) {
    self.format = format
    self.message = message
    self.offset = offset
  }
}
