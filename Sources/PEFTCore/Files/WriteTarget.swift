import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What writing to a path comes to.
enum WriteTarget: Equatable {
  /// A regular file to replace or create, at the path at the end of all symbolic links.
  case file(String)
  /// Anything else, open for writing.
  case stream(Int32)

  /// Most symbolic links that are followed to a file that is not there.
  private static let mostLinks = 40

  /// Finds out.
  ///
  /// - Throws: `FileError` for a folder, for links in a circle, and where a device or a pipe cannot be opened.
  init(_ path: String) throws(FileError) {
    guard !path.isEmpty else { throw FileError(path: "\"\"", "expected a file, found an empty path") }
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw FileError(path: path, cannot: "write") }
      self = .file(try Self.endOfLinks(path))
      return
    }
    // Standard output may be a file that has been written to: what is written now comes after that.
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] where Self.isOpen(descriptor, as: status) {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw FileError(path: path, cannot: "write") }
      self = .stream(copy)
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .file(FilePath.resolved(path) ?? path)
    case S_IFDIR: throw FileError(path: path, "is a folder, expected a file")
    default:
      let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
      guard descriptor >= 0 else { throw FileError(path: path, cannot: "open for writing") }
      self = .stream(descriptor)
    }
  }

  /// Whether a standard stream is this file, and can be written to.
  private static func isOpen(_ descriptor: Int32, as status: stat) -> Bool {
    var own = stat()
    guard fstat(descriptor, &own) == 0, own.st_ino == status.st_ino, own.st_dev == status.st_dev else { return false }
    return fcntl(descriptor, F_GETFL) & O_ACCMODE != O_RDONLY
  }

  /// The path at the end of links that lead to nothing.
  private static func endOfLinks(_ path: String) throws(FileError) -> String {
    var path = path
    for _ in 0..<mostLinks {
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
        throw FileError(path: path, cannot: "read the link")
      }
      path = FilePath.joined(FilePath.folder(of: path), target)
    }
    throw FileError(path: path, "is a link in a circle")
  }
}
