import Foundation

/// The bytes of a file, read piece by piece at any place, or held in memory.
///
/// Files are read with `pread` rather than mapped: a file that somebody shortens while it is being read gives an
/// error here, where a mapping would kill the process.
final class ByteSource: Sendable {
  let name: String
  let count: Int
  private let storage: Storage

  private enum Storage: Sendable {
    case descriptor(Int32)
    case memory(ByteBuffer)
  }

  /// Opens the file at `path`; what cannot seek is read to its end.
  init(path: String) throws(TableError) {
    name = path
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw TableError("cannot be opened: \(Self.systemError())", at: .file(path)) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = Self.systemError()
      close(descriptor)
      throw TableError("cannot be read: \(reason)", at: .file(path))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      count = Int(status.st_size)
      storage = .descriptor(descriptor)
    case S_IFDIR:
      close(descriptor)
      throw TableError("is a folder; expected a file", at: .file(path))
    case S_IFIFO, S_IFSOCK:
      defer { close(descriptor) }
      // A pipe with a writer is waited for; one without has nothing in it.
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
      let bytes = try Self.readToEnd(descriptor, name: path)
      count = bytes.count
      storage = .memory(bytes)
    default:
      close(descriptor)
      throw TableError("is a device; expected a file", at: .file(path))
    }
  }

  /// What is read from a pipe at most; it is held in memory.
  private static let maximumPipeBytes = 256 << 20

  /// Bytes that are already in memory, under the name of the file that they came from.
  init(name: String, bytes: ByteBuffer) {
    self.name = name
    count = bytes.count
    storage = .memory(bytes)
  }

  deinit {
    if case .descriptor(let descriptor) = storage { close(descriptor) }
  }

  /// Reads `count` bytes from `offset` on; they must all be there.
  func bytes(at offset: Int, count: Int) throws(TableError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw TableError(
        "expected \(count) bytes here, but the file has \(self.count)", at: .byte(file: name, offset: offset))
    }
    switch storage {
    case .memory(let buffer): return Array(buffer.bytes[offset..<offset + count])
    case .descriptor(let descriptor):
      var failure: String?
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
        while filled < count, let base = target.baseAddress {
          let got = pread(descriptor, base + filled, count - filled, off_t(offset + filled))
          if got < 0, errno == EINTR { continue }
          guard got > 0 else {
            failure = got < 0 ? Self.systemError() : "it has become shorter while it was read"
            return
          }
          filled += got
        }
      }
      if let failure { throw TableError("cannot be read: \(failure)", at: .byte(file: name, offset: offset)) }
      return bytes
    }
  }

  private static func readToEnd(_ descriptor: Int32, name: String) throws(TableError) -> ByteBuffer {
    var output = GrowingBytes(capacity: 1 << 16, limit: maximumPipeBytes)
    while true {
      guard output.reserve(1 << 16) else {
        throw TableError(
          "more than \(output.limit >> 20) MiB come from this pipe; write them to a file and name that", at: .file(name)
        )
      }
      let got = read(descriptor, output.base + output.count, 1 << 16)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw TableError("cannot be read: \(systemError())", at: .file(name)) }
      if got == 0 { return output.finish() }
      output.count += got
    }
  }

  private static func systemError() -> String { String(cString: strerror(errno)) }
}
