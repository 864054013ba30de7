extension DocumentText {
  /// The whole text of a file.
  ///
  /// - Throws: `FileError` if it cannot be read or is empty.
  public init(file path: String) throws(FileError) {
    self.init(name: path, bytes: try MemoryMappedFile(path: path).contents)
  }
}

extension JSONParser {
  /// Reads the whole of a file as one value.
  ///
  /// - Returns: The value, and the text that its offsets are places of.
  /// - Throws: `FileError`, or `DocumentError` with the place of the first mistake.
  public static func parse(file path: String) throws -> (value: DocumentValue, text: DocumentText) {
    let text = try DocumentText(file: path)
    return (try parse(text), text)
  }
}
