import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The parts of paths, as POSIX's `dirname` and `basename` see them.
///
/// Every text has an answer. Foundation's own functions end the process for some paths of one character.
public enum FilePath {
  /// The folder that the last part of a path lies in: `.` for a name alone, `/` for the root and what lies in it.
  public static func folder(of path: String) -> String {
    let trimmed = trimmed(path)
    guard trimmed != "/", let slash = trimmed.utf8.lastIndex(of: 0x2F) else { return trimmed == "/" ? "/" : "." }
    let folder = self.trimmed(String(trimmed[..<slash]))
    return folder.isEmpty ? "/" : folder
  }

  /// The last part of a path, without slashes at its end: `/` for the root, and nothing for an empty path.
  public static func name(of path: String) -> String {
    let trimmed = trimmed(path)
    guard trimmed != "/", let slash = trimmed.utf8.lastIndex(of: 0x2F) else { return trimmed }
    return String(trimmed[trimmed.utf8.index(after: slash)...])
  }

  /// What follows the last dot of a path's name; empty where there is none, or it is the name's first character.
  public static func fileExtension(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.utf8.lastIndex(of: 0x2E), dot != name.startIndex else { return "" }
    return String(name[name.utf8.index(after: dot)...])
  }

  /// A path's name without its extension and the dot before that.
  public static func stem(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.utf8.lastIndex(of: 0x2E), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The path of `name` in `folder`; `name` alone for the current folder, and where it begins at the root itself.
  public static func joined(_ folder: String, _ name: String) -> String {
    if name.isEmpty { return folder }
    if folder.isEmpty || folder == "." || name.utf8.first == 0x2F { return trimmed(name) }
    return trimmed(folder) == "/" ? "/" + trimmed(name) : "\(trimmed(folder))/\(trimmed(name))"
  }

  /// What a folder is called, also where its path is `.` or ends in `..`: the name of the folder that is meant.
  public static func fullName(of path: String) -> String {
    let name = name(of: path)
    guard ["", ".", ".."].contains(name) else { return name }
    let folder = resolved(path.isEmpty ? "." : path) ?? FileManager.default.currentDirectoryPath
    return self.name(of: folder)
  }

  /// The path without symbolic links and from the root; nil where there is nothing.
  public static func resolved(_ path: String) -> String? {
    guard let result = realpath(path, nil) else { return nil }
    defer { free(result) }
    return String(cString: result)
  }

  /// Without the slashes at the end, but for the root's.
  private static func trimmed(_ path: String) -> String {
    let bytes = path.utf8
    guard bytes.last == 0x2F else { return path }
    guard let last = bytes.lastIndex(where: { $0 != 0x2F }) else { return "/" }
    return String(Substring(bytes[...last]))
  }
}
