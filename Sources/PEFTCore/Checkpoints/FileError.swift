#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file or folder that cannot be read or written, with the system's reason.
public struct FileError: InputError, Equatable {
  /// The path as it was used.
  public let path: String
  /// What was tried and why it failed.
  public let message: String

  /// Creates a complaint about `path`.
  public init(path: String, _ message: String) {
    self.path = path
    self.message = message
  }

  /// Creates a complaint from the system's error number, such as `cannot open: Permission denied`.
  init(path: String, cannot action: String, errorNumber: Int32 = errno) {
    self.init(path: path, "cannot \(action): \(String(cString: strerror(errorNumber)))")
  }

  /// `path: message`.
  public var description: String { "\(path): \(message)" }
}
