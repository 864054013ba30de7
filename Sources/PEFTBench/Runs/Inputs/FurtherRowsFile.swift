import PEFTCore

/// The file that `data.augment` names, one for all datasets or one for each.
struct FurtherRowsFile {
  /// What stands for the dataset's name.
  private static let placeholder = "{dataset}"

  private let pattern: String
  private let file: ConfigFile

  /// - Parameters:
  ///   - pattern: The path as the config has it, resolved.
  ///   - file: The config, for errors.
  init(_ pattern: String, in file: ConfigFile) { (self.pattern, self.file) = (pattern, file) }

  /// The path for a dataset.
  ///
  /// - Throws: `DocumentError` with the place in the config where nothing is there: about a placeholder that there is not,
  ///   where the path has one.
  func path(for dataset: String) throws(DocumentError) -> String {
    let path = pattern.replacing(Self.placeholder, with: dataset)
    do {
      _ = try NamedFiles.find(path, as: "from which strategies take further training rows of \(dataset)")
      return path
    } catch {
      // A name may have braces of its own, so these are looked at only where nothing has the name.
      guard let unknown = path.firstMatch(of: /\{\w*\}/)?.output else { throw self.error("\(error)") }
      throw self.error(
        "\(path.debugDescription): no file has this name, and \(unknown) is no placeholder; did you mean "
          + "\(Self.placeholder)?")
    }
  }

  private func error(_ message: String) -> DocumentError {
    let data = file.value["data"]
    return DocumentError(
      "data.augment: \(message)", at: (data?["augment"] ?? data ?? file.value).offset, of: file.text)
  }
}
