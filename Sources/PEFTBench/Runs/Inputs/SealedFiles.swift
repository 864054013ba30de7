import Foundation
import PEFTCore
import PEFTMethods

/// Files whose content counts in the ids of runs, and how to tell later that it is still the same.
///
/// A sweep reads its weights and adapters more than once: before each first run on a model, after full fine-tuning, and
/// in each worker. A file that somebody replaced or wrote to meanwhile must not give its numbers to an old id.
package struct SealedFiles: Sendable, Equatable {
  /// One of the files.
  struct File: Sendable, Equatable {
    let path: String
    /// The SHA-256 of its content.
    let sha256: String
    /// What the file system said of it then; nil where it had changed too recently for that to be reliable.
    let stamp: FileStamp?
  }

  let files: [File]

  /// Reads the files and keeps what tells their content.
  ///
  /// - Throws: `FileError` for one that cannot be read, or that changes while it is read.
  package init(_ paths: [String]) throws {
    files = try paths.map { path in
      let before = try FileStamp(path: path)
      let sha256 = try SHA256.hexadecimal(ofFile: path)
      guard try FileStamp(path: path) == before else { throw FileError(path: path, "changed while it was read") }
      return File(path: path, sha256: sha256, stamp: before.isSettled ? before : nil)
    }
  }

  /// The files of saved adapters, those of PEFT and our own.
  ///
  /// - Throws: `FileError` for one that cannot be read.
  init(adapters folders: [String]) throws { try self.init(folders.flatMap(Self.adapterFiles)) }

  static func adapterFiles(_ folder: String) -> [String] {
    AdapterFile.files(in: folder)
  }

  /// One hash over the hashes of all files, or the hash itself where there is one file.
  package var sha256: String {
    files.count == 1
      ? files[0].sha256 : SHA256.hexadecimal(of: Array(files.map(\.sha256).joined().utf8))
  }

  /// One hash over the names and hashes of all files.
  var sha256WithNames: String {
    let lines = files.map { "\(URL(filePath: $0.path).lastPathComponent) \($0.sha256)" }
    return SHA256.hexadecimal(of: Array(lines.joined(separator: "\n").utf8))
  }

  /// Refuses files that are not those that were sealed, or whose content is another one.
  ///
  /// A file is read again only where the file system does not say that it is untouched.
  ///
  /// - Parameter paths: Where the files are now.
  /// - Throws: `FileError` that names the file.
  func check(_ paths: [String]) throws {
    guard paths == files.map(\.path) else {
      let other = paths.first { path in !files.contains { $0.path == path } } ?? files.first?.path ?? ""
      throw FileError(path: other, "the files were replaced while the sweep ran")
    }
    for file in files {
      if let stamp = file.stamp, try FileStamp(path: file.path) == stamp { continue }
      guard try SHA256.hexadecimal(ofFile: file.path) == file.sha256 else {
        throw FileError(path: file.path, "was replaced while the sweep ran")
      }
    }
  }

  // MARK: - For workers

  /// The files as a worker is told of them.
  package var json: JSONValue {
    .array(
      files.map { file in
        [
          "path": JSONValue(file.path), "sha256": JSONValue(file.sha256),
          "stamp": file.stamp.map { JSONValue($0.numbers) } ?? .null,
        ]
      })
  }

  /// Reads what `json` wrote; nil for anything else.
  package init?(_ json: DocumentValue?) {
    guard let list = json?.array else { return nil }
    var files: [File] = []
    for value in list {
      guard let path = value["path"]?.string, let sha256 = value["sha256"]?.string else { return nil }
      files.append(
        File(path: path, sha256: sha256, stamp: FileStamp(value["stamp"]?.array?.compactMap(\.integer) ?? [])))
    }
    self.files = files
  }
}
