extension DocumentText {
  /// Most bytes of a file that lists a vocabulary, or the tensors of a checkpoint.
  public static let largestListing = 256 << 20
  /// Most bytes of a description: config.json, a chat template and the like.
  public static let largestDescription = 16 << 20

  /// The whole text of a file.
  ///
  /// - Parameters:
  ///   - path: A regular file.
  ///   - limit: Most bytes; of a longer file nothing is read.
  /// - Throws: `FileError` if it cannot be read, is empty, or is longer.
  public init(file path: String, limit: Int = DocumentText.largestListing) throws(FileError) {
    let file = try MemoryMappedFile(path: path)
    guard file.count <= limit else {
      throw FileError(
        path: path, "has \(file.count) bytes, more than the \(limit >> 20) MB that are read of such a file")
    }
    self.init(name: path, bytes: file.contents)
  }
}

extension JSONParser {
  /// Reads the whole of a file as one value.
  ///
  /// - Parameters:
  ///   - path: A regular file.
  ///   - limit: Most bytes; of a longer file nothing is read.
  /// - Returns: The value, and the text that its offsets are places of.
  /// - Throws: `FileError`, or `DocumentError` with the place of the first mistake.
  public static func parse(
    file path: String, limit: Int = DocumentText.largestListing
  ) throws -> (value: DocumentValue, text: DocumentText) {
    let text = try DocumentText(file: path, limit: limit)
    return (try parse(text), text)
  }
}
