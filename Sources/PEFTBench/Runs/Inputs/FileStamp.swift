import PEFTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the file system says of a file without reading it: as long as it says the same, the content is the same.
///
/// A file that was replaced by a rename has another inode, one that was written to has other times.
struct FileStamp: Sendable, Equatable {
  /// The file system and the file's number in it.
  let device: Int
  /// The file's number in its file system.
  let inode: Int
  /// Bytes of the file.
  let size: Int
  /// When its content was last changed, in nanoseconds since 1970.
  let modified: Int
  /// When its content or its entry was last changed, in nanoseconds since 1970; no program can set it back.
  let changed: Int

  /// Looks at the file at `path`, following links.
  ///
  /// - Throws: `FileError` where there is none.
  init(path: String) throws(FileError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw FileError(path: path, "cannot be examined: \(String(cString: strerror(errno)))")
    }
    #if canImport(Darwin)
      let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
    #else
      let (modified, changed) = (status.st_mtim, status.st_ctim)
    #endif
    func nanoseconds(_ time: timespec) -> Int { Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec) }
    device = Int(truncatingIfNeeded: status.st_dev)
    inode = Int(truncatingIfNeeded: status.st_ino)
    size = Int(status.st_size)
    self.modified = nanoseconds(modified)
    self.changed = nanoseconds(changed)
  }

  /// Creates a stamp from its numbers: device, inode, size, and the two times.
  init?(_ numbers: [Int]) {
    guard numbers.count == 5 else { return nil }
    (device, inode, size, modified, changed) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
  }

  /// Device, inode, size, and the two times.
  var numbers: [Int] { [device, inode, size, modified, changed] }

  /// Whether the last change is so long ago that a later one cannot have the same time: file systems count time in steps.
  var isSettled: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let time = Int(now.tv_sec) &* 1_000_000_000 &+ Int(now.tv_nsec)
    return time &- max(modified, changed) > 2_000_000_000
  }
}
