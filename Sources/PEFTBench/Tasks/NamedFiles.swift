import Foundation
import PEFTCore

/// The tables that a path in a config stands for: a file, the files that fit a pattern, or those of a folder.
enum NamedFiles {
  /// The files at `path`, sorted where they are several.
  ///
  /// In a pattern, `*` and `?` stand for any characters of a name but "/", `[…]` for one of several. A file that is
  /// really called like a pattern goes before what it would fit. A folder stands for the readable tables in it, which
  /// are of one kind.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - role: What the file is for, for messages: "which the dataset x has for training".
  /// - Throws: `FileError` where nothing is there or fits, or a folder holds tables of several kinds.
  static func find(_ path: String, as role: String) throws(FileError) -> [String] {
    if let isFolder = isFolder(path) { return isFolder ? try tables(in: path, as: role) : [path] }
    guard path.contains(where: { "*?[".contains($0) }) else {
      throw FileError(path: path, "there is no such file, \(role)")
    }
    let files = matches(of: path).filter { isFolder($0) == false }
    guard !files.isEmpty else { throw FileError(path: path, "no file fits this pattern, \(role)") }
    return files
  }

  /// Refuses a file that is named twice, also by two spellings of its path or by a link: its rows would come twice.
  ///
  /// - Parameters:
  ///   - files: The files in their order.
  ///   - role: What they are for, for the message: "for train of the dataset x".
  /// - Throws: `FileError` with both spellings.
  static func requireDistinct(_ files: [String], as role: String) throws(FileError) {
    var names: [String: String] = [:]
    for file in files {
      let place = URL(filePath: file).standardizedFileURL.resolvingSymlinksInPath().path
      guard let other = names.updateValue(file, forKey: place) else { continue }
      let spelling = other == file ? "" : ", the second time as \(file)"
      throw FileError(
        path: other, "is named twice \(role)\(spelling); each of its rows would come twice, so name it once")
    }
  }

  /// Whether there is a folder, or something else, at `path`; nil where there is nothing.
  private static func isFolder(_ path: String) -> Bool? {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) ? isFolder.boolValue : nil
  }

  private static func tables(in folder: String, as role: String) throws(FileError) -> [String] {
    let names = entries(of: folder)
    var kinds: [String: [String]] = [:]
    for name in names {
      let ending = SplitFiles.endings.filter { name.hasSuffix(".\($0)") }.max { $0.count < $1.count }
      guard let ending, isFolder("\(folder)/\(name)") == false else { continue }
      kinds[String(ending.prefix { $0 != "." }), default: []].append("\(folder)/\(name)")
    }
    guard let kind = kinds.keys.min(), let files = kinds[kind] else {
      throw FileError(
        path: folder, "the folder has no readable table (.jsonl, .json, .parquet, .tsv, .csv), \(role)")
    }
    guard kinds.count == 1 else {
      let shown = kinds.keys.sorted().map { "\(kinds[$0]?.count ?? 0) .\($0)" }.joined(separator: ", ")
      throw FileError(
        path: folder, "the folder has tables of several kinds (\(shown)); name one, such as \"\(folder)/*.\(kind)\"")
    }
    return files
  }

  /// The paths that fit a pattern, folder by folder.
  private static func matches(of pattern: String) -> [String] {
    var paths = [pattern.hasPrefix("/") ? "/" : ""]
    for part in pattern.split(separator: "/").map(String.init) {
      paths = paths.flatMap { folder in
        let start = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
        // What is really called like this goes first; so the brackets in a config's own folder are not a pattern.
        if isFolder(start + part) != nil { return [start + part] }
        guard part.contains(where: { "*?[".contains($0) }) else { return [] }
        return entries(of: folder.isEmpty ? "." : folder).filter { fnmatch(part, $0, FNM_PERIOD) == 0 }
          .map { start + $0 }
      }
    }
    return paths
  }

  private static func entries(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }
}
