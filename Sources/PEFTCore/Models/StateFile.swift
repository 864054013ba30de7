import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Rows in a file without a name, whose room the system takes back with the process, however that ends.
///
/// It leaves as much of the disk free as it takes: results and checkpoints need room, too.
final class StateFile: StateStore {
  private let folder: String
  private let rowBytes: Int
  /// Told why the file takes or gives no more.
  private let complain: (FileError) -> Void
  /// Bytes that are free on the disk; nil where the system does not tell.
  private let freeBytes: (_ descriptor: Int32) -> Int?
  private let descriptor: Int32
  private(set) var rowCount = 0

  /// Most bytes of one call of the system.
  private static let mostBytes = 1 << 30

  /// Creates an empty file.
  ///
  /// - Parameters:
  ///   - folder: Where it takes room; made where it is not there.
  ///   - width: Elements of a row, one at least.
  ///   - freeBytes: Bytes that are free on the disk of an open file; nil where the system does not tell.
  ///   - complain: Told why the file takes or gives no more, such as a full disk.
  /// - Throws: `FileError` where no file can be made.
  init(
    folder: String, width: Int, freeBytes: @escaping (_ descriptor: Int32) -> Int? = StateFile.freeBytes,
    complain: @escaping (FileError) -> Void
  ) throws(FileError) {
    self.folder = folder
    self.freeBytes = freeBytes
    self.complain = complain
    rowBytes = width * MemoryLayout<Float>.stride
    try AtomicFile.makeFolder(folder)
    // The name is gone at once, so nothing is left of a process that is killed, and nobody else can write to the file.
    let path = FilePath.joined(folder, ".frozen-layers.\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp")
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path: folder, cannot: "make a file in the folder") }
    unlink(path)
  }

  deinit { close(descriptor) }

  func append(_ rows: UnsafePointer<Float>, count: Int) -> Bool {
    let bytes = UnsafeRawBufferPointer(start: rows, count: count * rowBytes)
    if let free = freeBytes(descriptor), free - bytes.count < (rowCount + count) * rowBytes {
      complain(
        FileError(path: folder, "its disk has little room left, so no more of the frozen layers' states are kept"))
      return false
    }
    let start = rowCount * rowBytes
    let isWritten = Self.transfer(bytes.count) { done, count in
      pwrite(descriptor, bytes.baseAddress.map { $0 + done }, count, off_t(start + done))
    }
    guard isWritten else {
      complain(FileError(path: folder, cannot: "keep more of the frozen layers' states on the disk"))
      removeRows(from: rowCount)
      return false
    }
    rowCount += count
    return true
  }

  func copy(_ rows: Range<Int>, to target: UnsafeMutablePointer<Float>) -> Bool {
    guard rows.upperBound <= rowCount else { return false }
    let bytes = UnsafeMutableRawBufferPointer(start: target, count: rows.count * rowBytes)
    let start = rows.lowerBound * rowBytes
    let isRead = Self.transfer(bytes.count) { done, count in
      pread(descriptor, bytes.baseAddress.map { $0 + done }, count, off_t(start + done))
    }
    if !isRead { complain(FileError(path: folder, cannot: "read the frozen layers' states from the disk")) }
    return isRead
  }

  func removeRows(from count: Int) {
    rowCount = min(rowCount, count)
    // Where a file cannot be cut, it is written over.
    _ = ftruncate(descriptor, off_t(rowCount * rowBytes))
  }

  /// Bytes that are free for this user on the disk of an open file.
  static func freeBytes(_ descriptor: Int32) -> Int? {
    var disk = statvfs()
    guard fstatvfs(descriptor, &disk) == 0 else { return nil }
    let (bytes, overflow) = Int(clamping: disk.f_bavail).multipliedReportingOverflow(by: Int(clamping: disk.f_frsize))
    return overflow ? .max : bytes
  }

  /// Calls `part` with how many bytes are done and how many come next, until all are done.
  ///
  /// - Returns: Whether they are; if not, `errno` says why.
  private static func transfer(_ total: Int, _ part: (_ done: Int, _ count: Int) -> Int) -> Bool {
    var done = 0
    while done < total {
      let count = part(done, min(total - done, mostBytes))
      if count < 0, errno == EINTR { continue }
      // Nothing at all stands for a file that ends early or takes no more.
      if count == 0 { errno = EIO }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}
