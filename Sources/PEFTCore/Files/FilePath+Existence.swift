import Foundation

extension FilePath {
  /// Whether there is a file of this name.
  ///
  /// - Throws: `FileError` for a link to something that does not exist: the file is meant to be there, and to go on
  ///   without it would change what the model is.
  static func exists(_ path: String) throws(FileError) -> Bool {
    if FileManager.default.fileExists(atPath: path) { return true }
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return false }
    throw FileError(
      path: path,
      "is a link to \(target), which does not exist\(target.contains("blobs/") ? "; fetch the model again" : "")")
  }
}
