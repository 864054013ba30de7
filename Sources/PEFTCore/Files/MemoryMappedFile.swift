#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file's bytes, mapped into memory for reading.
///
/// Nothing is read until it is touched, and pages that were touched can be handed back with
/// `advise(_:_:)`, so a checkpoint costs no more memory than what is in use of it. The file must not shrink
/// while it is mapped: touching a page beyond its new end raises SIGBUS, which ends the program with the file's name
/// (`MappedFiles`). Programs that replace checkpoints by renaming, as this one does, are safe.
public final class MemoryMappedFile: @unchecked Sendable {
  /// What will happen to a range of the bytes.
  public enum Advice: Sendable {
    /// They will be read soon; the system may fetch them ahead.
    case willNeed
    /// They are not needed now; their pages leave this process's memory and come back from the file when touched.
    case dontNeed
  }

  /// The path it was opened by.
  public let path: String
  /// All bytes of the file, valid while this object is alive.
  public let bytes: UnsafeRawBufferPointer

  /// Maps the file at `path`.
  ///
  /// - Throws: `FileError` if there is no such file, it may not be read, is not a regular file, or is empty.
  public init(path: String) throws(FileError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path: path, cannot: "open") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, cannot: "examine") }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw FileError(path: path, "is a folder, expected a file") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, "is not a regular file") }
    guard status.st_size > 0 else { throw FileError(path: path, "the file is empty") }
    let count = Int(status.st_size)
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw FileError(path: path, cannot: "map into memory")
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: start, count: count)
    MappedFiles.add(bytes, path: path)
  }

  /// Holds bytes that are in no file, for readers of files: what was decoded from another format.
  ///
  /// - Parameters:
  ///   - contents: The bytes, one at least.
  ///   - path: What messages call them.
  /// - Throws: `FileError` if the system has no memory for them, or there are none.
  public init(holding contents: [UInt8], as path: String) throws(FileError) {
    guard !contents.isEmpty else { throw FileError(path: path, "the file is empty") }
    let start = mmap(nil, contents.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let start, start != MAP_FAILED else { throw FileError(path: path, cannot: "find memory for") }
    contents.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: start, count: $0.count).copyMemory(from: $0) }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: start, count: contents.count)
  }

  deinit {
    MappedFiles.remove(bytes)
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  /// A copy of all bytes, which outlives the mapping.
  public var contents: [UInt8] { withExtendedLifetime(self) { Array(bytes) } }

  /// Number of bytes.
  public var count: Int { bytes.count }

  /// The bytes in `range` of the file, valid while this object is alive.
  ///
  /// - Throws: `FileError` if the range reaches outside the file.
  public func slice(_ range: Range<Int>) throws(FileError) -> UnsafeRawBufferPointer {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw FileError(
        path: path, "bytes \(range.lowerBound)..<\(range.upperBound) reach outside the file of \(count) bytes")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// Tells the system what will happen to a range of the bytes; parts of it outside the file are ignored.
  ///
  /// `dontNeed` takes only the pages that lie wholly in the range, so that neighbours keep theirs.
  public func advise(_ advice: Advice, _ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let range = range.clamped(to: 0..<count)
    guard let start = bytes.baseAddress, page > 0, !range.isEmpty else { return }
    var lower = range.lowerBound / page * page
    var upper = range.upperBound
    if advice == .dontNeed {
      lower = (range.lowerBound + page - 1) / page * page
      if range.upperBound < count { upper = range.upperBound / page * page }
    }
    guard lower < upper else { return }
    let address = UnsafeMutableRawPointer(mutating: start + lower)
    // Advice only: a refusal changes nothing that a caller could act on.
    _ = madvise(address, upper - lower, advice == .willNeed ? Int32(MADV_WILLNEED) : Int32(MADV_DONTNEED))
  }
}
