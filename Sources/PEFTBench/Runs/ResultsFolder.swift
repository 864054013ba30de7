import Foundation
import PEFTCore

/// A folder of results: the resolved config, and one folder a run.
///
/// A run's record.json is written last and appears by a rename, so its presence means that the run is complete.
public struct ResultsFolder: Sendable {
  /// The folder.
  public let path: String

  /// Names a folder, which need not exist yet.
  public init(path: String) { self.path = path }

  /// The folder of one run.
  public func folder(of id: String) -> String { "\(path)/runs/\(id)" }

  /// Whether a run is complete.
  public func isComplete(_ id: String) -> Bool {
    FileManager.default.fileExists(atPath: folder(of: id) + "/record.json")
  }

  /// Makes the folder, and refuses one that cannot be written to.
  public func prepare() throws {
    do {
      try FileManager.default.createDirectory(atPath: path + "/runs", withIntermediateDirectories: true)
    } catch {
      throw FileError(path: path, "the results folder cannot be made: \(error.localizedDescription)")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw FileError(path: path, "the results folder cannot be written to")
    }
  }

  /// Removes what an earlier attempt left, and makes the run's folder.
  func begin(_ id: String) throws {
    let folder = folder(of: id)
    // The record goes first: while it is there, the run counts as complete.
    for name in ["record.json", "adapter", "predictions.jsonl", "history.jsonl", "error.json"] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FileError(path: folder, "the run's folder cannot be made: \(error.localizedDescription)")
    }
  }

  /// The complete records, sorted by id.
  ///
  /// - Throws: `DocumentError` for a record that cannot be read.
  public func records() throws -> [RunRecord] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/runs")) ?? []
    return try names.sorted().filter(isComplete).map { try RunRecord.read(folder(of: $0) + "/record.json") }
  }
}
