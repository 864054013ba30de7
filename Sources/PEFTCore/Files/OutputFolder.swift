import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Folders that this program writes, each with a marker in it that says so.
///
/// What a command writes replaces files of the same names, so it goes only into a folder that is new, empty or its own: a
/// foreign `config.json` or `train.jsonl` would be lost.
public struct OutputFolder: Sendable {
  /// What a folder holds.
  public enum Kind: String, Sendable, CaseIterable {
    /// The runs of sweeps.
    case results
    /// A pretrained model.
    case model
    /// The files of one dataset.
    case dataset
    /// A report's files.
    case report
    /// Results in the form of another tool.
    case export

    /// `a folder of results`.
    var text: String {
      switch self {
      case .results: "a results folder"
      case .model: "the folder of a pretrained model"
      case .dataset: "the folder of a dataset"
      case .report: "the folder of a report"
      case .export: "a folder of exported results"
      }
    }
  }

  /// The folder.
  public let path: String
  /// What it holds.
  public let kind: Kind
  /// Whether a folder without a marker is one of ours anyway, by what is in it.
  private let recognizes: @Sendable () -> Bool

  /// The marker's name.
  public static let markerName = ".peft-bench"
  private static let format = "peft-bench.folder/1"
  /// What Linux's file systems take.
  private static let mostNameBytes = 255

  /// Names a folder, which need not be there.
  ///
  /// - Parameter recognizes: Whether what is in a folder without a marker shows that this program wrote it.
  public init(_ path: String, _ kind: Kind, recognizes: @escaping @Sendable () -> Bool = { false }) {
    (self.path, self.kind, self.recognizes) = (path, kind, recognizes)
  }

  /// Makes sure that the folder may be written to, and writes nothing.
  ///
  /// - Throws: `FileError` that says what is in a folder that may not.
  public func check() throws(FileError) { _ = try hasMarker() }

  /// Makes the folder unless it is there, and marks it.
  ///
  /// - Throws: `FileError` as `check`, or where the folder cannot be made.
  public func claim() throws(FileError) {
    guard try !hasMarker() else { return }
    try AtomicFile.makeFolder(path)
    let marker: JSONValue = ["format": JSONValue(Self.format), "holds": JSONValue(kind.rawValue)]
    try AtomicFile.write(marker.compactText + "\n", to: FilePath.joined(path, Self.markerName))
  }

  /// Removes the folder if nothing but the marker is in it.
  public func removeIfEmpty() {
    let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    guard names == [Self.markerName] || names == [] else { return }
    unlink(FilePath.joined(path, Self.markerName))
    rmdir(path)
  }

  private func hasMarker() throws(FileError) -> Bool {
    guard !path.isEmpty else { throw FileError(path: "\"\"", "expected a folder, found an empty path") }
    for part in path.split(separator: "/") where part.utf8.count > Self.mostNameBytes {
      throw FileError(
        path: path, "has a name of \(part.utf8.count) bytes; file systems take at most \(Self.mostNameBytes)")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    guard isFolder.boolValue else { throw FileError(path: path, "is a file, expected a folder") }
    let marker = FilePath.joined(path, Self.markerName)
    if FileManager.default.fileExists(atPath: marker) {
      let value = try? JSONParser.parse(file: marker).value
      guard let format = value?["format"]?.string, let holds = value?["holds"]?.string else {
        throw FileError(path: marker, "is not the marker of peft-bench's own folders; choose a new or empty folder")
      }
      guard format == Self.format else {
        throw FileError(
          path: marker, "a newer version of peft-bench wrote this folder (\(format)); this one writes \(Self.format)")
      }
      guard holds == kind.rawValue else {
        let other = Kind(rawValue: holds)?.text ?? "a folder of \(holds)"
        throw FileError(path: path, "is \(other), expected \(kind.text) or a new or empty folder")
      }
      return true
    }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { !AtomicFile.isLeftover($0) }.sorted()
    guard !names.isEmpty, !recognizes() else { return false }
    let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    throw FileError(
      path: path, "is not \(kind.text) that peft-bench wrote: it has \(shown); choose a new or empty folder")
  }
}
