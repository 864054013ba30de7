import Foundation
import PEFTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Which runs of a results folder some process is working on.
///
/// One hidden file beside the runs, never written to, of which every run has one byte: a process that works on a run
/// holds a POSIX record lock on its byte. The kernel lets go of it when the process ends, however it ends; NFS and the
/// parallel file systems of clusters pass such locks on to other machines; and to look whether a byte is locked
/// disturbs nobody. Nothing has to be made or removed for a run, so nothing is left behind.
///
/// Record locks belong to the whole process, and closing any descriptor of the file would release all of them. So a
/// process opens the file once and takes a run's lock at most once.
package final class RunLocks: Sendable {
  /// The lock file's name in the results folder.
  package static let fileName = ".locks"

  private let descriptor: Int32
  private let path: String

  /// Opens the locks of a results folder to take them.
  ///
  /// - Throws: `FileError` where the file cannot be made.
  package convenience init(forTakingIn folder: String) throws(FileError) {
    let path = folder + "/" + Self.fileName
    // A pipe in its place would wait for its other end.
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else {
      throw FileError(path: path, "cannot be made: \(String(cString: strerror(errno)))")
    }
    guard Self.isRegularFile(descriptor) else {
      close(descriptor)
      throw FileError(path: path, "is not a file that can hold locks; remove it")
    }
    self.init(descriptor: descriptor, path: path)
  }

  /// Opens the locks of a results folder to look at them; nil where no process ever took one.
  package convenience init?(forLookingIn folder: String) {
    let path = folder + "/" + Self.fileName
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    guard Self.isRegularFile(descriptor) else {
      close(descriptor)
      return nil
    }
    self.init(descriptor: descriptor, path: path)
  }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  private static func isRegularFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Takes a run's lock unless another process has it.
  ///
  /// - Parameter id: The run's id.
  /// - Returns: Whether the lock is this process's now.
  /// - Throws: `FileError` where the file system knows no locks.
  package func take(_ id: String) throws(FileError) -> Bool {
    var request = Self.request(F_WRLCK, at: Self.byte(of: id))
    while fcntl(descriptor, F_SETLK, &request) != 0 {
      switch errno {
      case EINTR: continue
      case EACCES, EAGAIN: return false
      default: throw failure()
      }
    }
    return true
  }

  /// Lets go of a run's lock.
  package func release(_ id: String) {
    var request = Self.request(F_UNLCK, at: Self.byte(of: id))
    _ = fcntl(descriptor, F_SETLK, &request)
  }

  /// Makes sure that the results folder is still the one whose locks these are.
  ///
  /// - Throws: `FileError` where it was removed or replaced: what is written now would be lost, or mixed with other
  ///   results.
  package func checkPlace() throws(FileError) {
    var (own, present) = (stat(), stat())
    guard fstat(descriptor, &own) == 0, stat(path, &present) == 0, own.st_ino == present.st_ino,
      own.st_dev == present.st_dev
    else {
      throw FileError(
        path: path, "the results folder was removed or replaced during the sweep", errorNumber: ESTALE)
    }
  }

  /// Whether another process has a run's lock.
  package func isTaken(_ id: String) -> Bool {
    var request = Self.request(F_WRLCK, at: Self.byte(of: id))
    guard fcntl(descriptor, F_GETLK, &request) == 0 else { return false }
    return request.l_type != Self.type(F_UNLCK)
  }

  /// Does something while no other process does anything under the same lock, waiting for it.
  ///
  /// - Throws: What `body` throws, or `FileError` where the file system knows no locks.
  package func withFolderLock<Result>(_ body: () throws -> Result) throws -> Result {
    var request = Self.request(F_WRLCK, at: 0)
    while fcntl(descriptor, F_SETLKW, &request) != 0 {
      guard errno == EINTR else { throw failure() }
    }
    defer {
      request = Self.request(F_UNLCK, at: 0)
      _ = fcntl(descriptor, F_SETLK, &request)
    }
    return try body()
  }

  private func failure() -> FileError {
    FileError(
      path: path,
      "cannot be locked: \(String(cString: strerror(errno))); results need a file system with POSIX locks")
  }

  /// The byte of a run: its id's first 60 bits, after the folder's own byte.
  private static func byte(of id: String) -> Int {
    1 + (Int(id.prefix(15), radix: 16) ?? Int(SHA256.hexadecimal(of: Array(id.utf8)).prefix(15), radix: 16) ?? 0)
  }

  private static func request(_ type: some BinaryInteger, at byte: Int) -> flock {
    var request = flock()
    request.l_type = Self.type(type)
    request.l_whence = Int16(SEEK_SET)
    request.l_start = off_t(byte)
    request.l_len = 1
    return request
  }

  private static func type(_ value: some BinaryInteger) -> Int16 { Int16(value) }
}
