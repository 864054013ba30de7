import Foundation
import PEFTCore

/// What is at the place of a run's record.
package enum RecordState {
  /// Nothing.
  case absent
  /// The record of the run, which is complete.
  case complete(RunRecord)
  /// Something that is not a record of this run: damaged, or copied from another run. The run is done again.
  case damaged(String)
  /// A record that this program must leave alone, since a newer version wrote it or it cannot be opened.
  case refused(String)
}

extension ResultsFolder {
  package static let recordName = "record.json"

  /// Looks at the record of a run.
  package func recordState(of id: String) -> RecordState {
    let path = "\(folder(of: id))/\(Self.recordName)"
    guard FileManager.default.fileExists(atPath: path) else { return .absent }
    do {
      return .complete(try RunRecord.read(path, of: id))
    } catch let error as RunRecord.NewerVersion {
      return .refused("\(error)")
    } catch let error as FileError where error.errorNumber != nil {
      return .refused("\(error)")
    } catch {
      return .damaged("\(error)")
    }
  }

  /// Planned runs whose records this program must leave alone, so that no `run` makes them anew.
  package var refusedCount: Int {
    SweepPlan(folder: path).entries.compactMap(\.id).count { id in
      if case .refused = recordState(of: id) { true } else { false }
    }
  }

  /// Moves a damaged record aside, under a name that nothing else has.
  ///
  /// - Returns: The new name.
  /// - Throws: `FileError` where the folder cannot be written to.
  func putRecordAside(of id: String) throws(FileError) -> String {
    try AtomicFile.putAside("\(folder(of: id))/\(Self.recordName)")
  }
}

extension AtomicFile {
  /// The ending of the name of a damaged file that was moved aside.
  static let damagedEnding = ".damaged"

  /// Whether a name is that of a damaged file that was moved aside.
  static func isPutAside(_ name: String) -> Bool { name.contains(damagedEnding) }

  /// Moves a damaged file aside, so that what takes its place does not overwrite it.
  ///
  /// - Returns: The last part of its new path: the old one with `.damaged`, and a number where that is taken.
  /// - Throws: `FileError` where it cannot be moved.
  static func putAside(_ path: String) throws(FileError) -> String {
    var other = path + damagedEnding
    var number = 1
    while (try? FileManager.default.attributesOfItem(atPath: other)) != nil {
      number += 1
      other = "\(path)\(damagedEnding)-\(number)"
    }
    do {
      try FileManager.default.moveItem(atPath: path, toPath: other)
    } catch {
      throw FileError(path: path, "is damaged and cannot be moved aside: \(error.localizedDescription)")
    }
    return URL(filePath: other).lastPathComponent
  }
}
