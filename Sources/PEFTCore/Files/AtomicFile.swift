import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes files and folders that appear whole or not at all.
///
/// The content goes under a temporary name in the target's folder, is forced to the disk, and is renamed into
/// place. A reader, or the next start after a crash, finds the old content or the new one, never a part.
///
/// Symbolic links stay, and what they lead to is replaced. What is not a regular file (a device, a pipe, standard
/// output by its name) is written to as it is.
public enum AtomicFile {
  /// Writes `bytes` to a file, replacing what is there.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    try write(to: path) { (output) throws(FileError) in try output.write(bytes) }
  }

  /// Writes a text to a file that may be lost with the machine's power, such as a sign of life: as `write`, without
  /// waiting for the disk.
  public static func writeQuickly(_ text: String, to path: String) throws(FileError) {
    let temporary = temporaryName(for: path)
    do throws(FileError) {
      try FileOutput(path: temporary, reportedPath: path).write(Array(text.utf8))
      guard rename(temporary, path) == 0 else { throw FileError(path: path, cannot: "put the file in place") }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes a text as UTF-8 to a file, replacing what is there.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }

  /// Writes to a file what `body` puts out piece by piece, replacing what is there.
  ///
  /// When `body` throws, the temporary file is removed and the target stays as it was.
  public static func write(to path: String, _ body: (FileOutput) throws(FileError) -> Void) throws(FileError) {
    switch try WriteTarget(path) {
    case .file(let place): try replace(place, reportedPath: path, body)
    case .stream(let descriptor):
      let output = FileOutput(descriptor: descriptor, reportedPath: path)
      try body(output)
      try output.end()
    }
  }

  private static func replace(
    _ path: String, reportedPath: String, _ body: (FileOutput) throws(FileError) -> Void
  ) throws(FileError) {
    let temporary = temporaryName(for: path)
    let output = try FileOutput(path: temporary, reportedPath: reportedPath)
    do throws(FileError) {
      try body(output)
      try output.close()
      guard rename(temporary, path) == 0 else { throw FileError(path: reportedPath, cannot: "put the file in place") }
    } catch {
      unlink(temporary)
      throw error
    }
    synchronizeFolder(of: path)
  }

  /// Makes a folder out of what `body` writes into a temporary one, replacing a folder that is there.
  ///
  /// An old folder is moved aside just before the new one takes its name: there is a moment without either,
  /// but none with a mixture.
  public static func writeFolder(to path: String, _ body: (_ temporaryPath: String) throws -> Void) throws {
    let temporary = temporaryName(for: path)
    guard mkdir(temporary, 0o777) == 0 else { throw FileError(path: path, cannot: "create the folder") }
    do {
      try body(temporary)
      synchronize(folder: temporary)
      if rename(temporary, path) != 0 {
        let reason = errno
        guard reason == ENOTEMPTY || reason == EEXIST else {
          throw FileError(path: path, cannot: "put the folder in place", errorNumber: reason)
        }
        let old = temporaryName(for: path)
        guard rename(path, old) == 0 else { throw FileError(path: path, cannot: "replace the folder") }
        guard rename(temporary, path) == 0 else {
          let reason = errno
          rename(old, path)
          throw FileError(path: path, cannot: "put the folder in place", errorNumber: reason)
        }
        try? FileManager.default.removeItem(atPath: old)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
    synchronizeFolder(of: path)
  }

  /// Makes a folder and those above it, as far as they are not there.
  public static func makeFolder(_ path: String) throws(FileError) {
    guard !path.isEmpty else { throw FileError(path: "\"\"", "expected a folder, found an empty path") }
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw FileError(path: path, "is a file, expected a folder") }
      return
    }
    let parent = FilePath.folder(of: path)
    if parent != path { try makeFolder(parent) }
    // Another process may have been quicker.
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileError(path: path, cannot: "make the folder") }
  }

  /// Whether a file's or folder's name is one that only a writer which did not finish leaves behind.
  ///
  /// - Parameters:
  ///   - name: The last part of a path.
  ///   - target: What was being written; anything unless given.
  public static func isLeftover(_ name: String, of target: String? = nil) -> Bool {
    name.hasPrefix(".\(target ?? "")") && name.hasSuffix(".tmp") && name.count > (target?.count ?? 0) + 5
  }

  /// A hidden name beside `path` that nothing else has.
  private static func temporaryName(for path: String) -> String {
    // Names of up to 255 bytes are allowed, so a long one is cut.
    let name = String(decoding: FilePath.name(of: path).utf8.prefix(180), as: UTF8.self)
    let unique = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    return FilePath.joined(FilePath.folder(of: path), ".\(name).\(unique).tmp")
  }

  private static func synchronizeFolder(of path: String) { synchronize(folder: FilePath.folder(of: path)) }

  /// Forces a folder's entries to the disk; some file systems refuse, and then nothing more can be done.
  private static func synchronize(folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}
