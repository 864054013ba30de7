import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file or stream that is being written from front to back.
public final class FileOutput {
  private let reportedPath: String
  private var descriptor: Int32

  /// Creates a file; messages call it `reportedPath`.
  ///
  /// - Throws: `FileError` if it exists already or cannot be created.
  init(path: String, reportedPath: String) throws(FileError) {
    self.reportedPath = reportedPath
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(path: reportedPath, cannot: "create") }
  }

  /// Takes an open descriptor, which it closes.
  init(descriptor: Int32, reportedPath: String) {
    (self.descriptor, self.reportedPath) = (descriptor, reportedPath)
  }

  deinit {
    if descriptor >= 0 { closeDescriptor() }
  }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      let count = writeDescriptor(piece)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError(path: reportedPath, cannot: "write") }
      rest = rest.dropFirst(count)
    }
  }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try write(bytes) }
    }
    try result.get()
  }

  /// Forces the bytes to the disk and ends the file.
  func close() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path: reportedPath, cannot: "write to the disk") }
    try end()
  }

  /// Ends the output.
  func end() throws(FileError) {
    let result = closeDescriptor()
    guard result == 0 else { throw FileError(path: reportedPath, cannot: "finish writing") }
  }

  private func writeDescriptor(_ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Foundation.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  @discardableResult
  private func closeDescriptor() -> Int32 {
    defer { descriptor = -1 }
    #if canImport(Glibc)
      return Glibc.close(descriptor)
    #elseif canImport(Musl)
      return Musl.close(descriptor)
    #else
      return Foundation.close(descriptor)
    #endif
  }
}
