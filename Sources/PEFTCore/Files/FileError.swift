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
  /// The system's error number, where there was one.
  public let errorNumber: Int32?

  /// Creates an error about `path`, with the system's error number where there is one.
  public init(path: String, _ message: String, errorNumber: Int32? = nil) {
    self.path = path
    self.message = message
    self.errorNumber = errorNumber
  }

  /// Whether the machine is to blame and not what the user asked for: a full or broken disk, a limit that is reached, a
  /// folder that went away.
  public var isMachineFault: Bool {
    guard let errorNumber else { return false }
    return [ENOSPC, EDQUOT, EFBIG, EIO, ENOMEM, EMFILE, ENFILE, EAGAIN, ESTALE].contains(errorNumber)
  }

  /// Creates an error from the system's error number, such as `cannot open: Permission denied`.
  init(path: String, cannot action: String, errorNumber: Int32 = errno) {
    self.init(path: path, "cannot \(action): \(String(cString: strerror(errorNumber)))", errorNumber: errorNumber)
  }

  /// `path: message`.
  public var description: String { "\(path): \(message)" }
}
