import Foundation
import PEFTCore

/// What stands in folders: those of the disk, or those of a repository's list of files.
struct FolderListing: Sendable {
  /// The names in a folder, or nil where there is no such folder.
  let entries: @Sendable (_ folder: String) -> [String]?
  /// Whether a path is that of a file.
  let isFile: @Sendable (_ path: String) -> Bool

  /// The folders of this machine.
  static let onDisk = FolderListing(
    entries: { try? FileManager.default.contentsOfDirectory(atPath: $0) },
    isFile: { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    })

  /// The folders that a list of relative paths makes; the outermost one is "".
  static func paths(_ paths: [String]) -> FolderListing {
    var folders: [String: [String]] = ["": []]
    var known: Set<String> = []
    for path in paths {
      var folder = ""
      for part in path.split(separator: "/").map(String.init) {
        let whole = folder.isEmpty ? part : folder + "/" + part
        if known.insert(whole).inserted { folders[folder, default: []].append(part) }
        folder = whole
      }
    }
    let entries = folders
    let files = Set(paths)
    return FolderListing(entries: { entries[$0] }, isFile: { files.contains($0) })
  }
}

/// The files of one split within one folder.
struct SplitFiles {
  private let listing: FolderListing

  /// Looks into the folders of `listing`.
  init(_ listing: FolderListing) { self.listing = listing }

  /// Endings of readable tables, the preferred first.
  static let endings = ["jsonl", "json", "parquet", "tsv", "csv"].flatMap { [$0, "\($0).gz", "\($0).zst"] }

  /// What publishers call a split.
  static func names(of split: String) -> [String] {
    switch split {
    case "validation": ["validation", "valid", "val", "dev"]
    case "validation_matched": ["validation_matched", "dev_matched"]
    case "validation_mismatched": ["validation_mismatched", "dev_mismatched"]
    default: [split]
    }
  }

  /// The files of `split` in `folder`, shards in order, or nil.
  ///
  /// - Throws: `FileError` where some shards are missing.
  func find(_ split: String, in folder: String) throws(FileError) -> [String]? {
    guard let entries = listing.entries(folder) else { return nil }
    let files = Set(entries)
    let place = folder.isEmpty ? "" : folder + "/"
    for name in Self.names(of: split) {
      for ending in Self.endings {
        if files.contains("\(name).\(ending)"), listing.isFile("\(place)\(name).\(ending)") {
          return ["\(place)\(name).\(ending)"]
        }
        if let shards = try shards(name, ending, in: folder, entries.sorted()) { return shards }
      }
      // The Hub's own conversion: a folder for each split, with numbered files.
      if files.contains(name), let inner = listing.entries("\(place)\(name)") {
        let numbered = inner.filter { file in
          file.hasSuffix(".parquet") && !file.dropLast(8).isEmpty && file.dropLast(8).allSatisfy(\.isNumber)
        }
        if !numbered.isEmpty { return try Self.inOrder(numbered, in: "\(place)\(name)") }
      }
    }
    return nil
  }

  /// The files `0000.parquet`, `0001.parquet` and so on of a folder; their last number is not known from their names.
  private static func inOrder(_ files: [String], in folder: String) throws(FileError) -> [String] {
    let sorted = files.sorted()
    for (number, file) in sorted.enumerated() where Int(file.dropLast(8)) != number {
      throw FileError(
        path: folder, "its numbered files are incomplete: number \(number) is missing, or there twice (found \(file))")
    }
    return sorted.map { "\(folder)/\($0)" }
  }

  /// The files `name-00000-of-00002.ending` and so on.
  private func shards(
    _ name: String, _ ending: String, in folder: String, _ entries: [String]
  ) throws(FileError) -> [String]? {
    var found: [Int: [Int: String]] = [:]
    for entry in entries where entry.hasPrefix(name + "-") && entry.hasSuffix("." + ending) {
      let middle = entry.dropFirst(name.count + 1).dropLast(ending.count + 1).components(separatedBy: "-of-")
      // The Hub appends a hash to the names that its older tools wrote: `00000-of-00001-1a2b3c`.
      guard middle.count == 2, let index = Int(middle[0]),
        let total = middle[1].split(separator: "-").first.flatMap({ Int($0) })
      else { continue }
      if let other = found[total]?[index] {
        throw FileError(
          path: folder,
          "\(other) and \(entry) are both number \(index) of \(total) of the split \(name); leave one there")
      }
      found[total, default: [:]][index] = entry
    }
    guard let total = found.keys.min(), let shards = found[total] else { return nil }
    if let other = found.keys.max(), other != total {
      throw FileError(
        path: folder,
        "the split \(name) is there in \(total) and in \(other) files with the ending .\(ending); leave those of one "
          + "kind there")
    }
    var files: [String] = []
    for index in 0..<max(total, 0) {
      guard let file = shards[index] else {
        throw FileError(
          path: folder,
          "the split \(name) is incomplete: \(shards.count) of \(total) shards are there; number "
            + "\(index) is missing")
      }
      files.append(folder.isEmpty ? file : "\(folder)/\(file)")
    }
    return files.isEmpty ? nil : files
  }
}
