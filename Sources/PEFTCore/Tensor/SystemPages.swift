#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory straight from the system, in pages that go back to it as a whole.
enum SystemPages {
  /// Bytes of a large page, on systems that have such.
  static let largeSize = 2 << 20

  /// Readable and writable memory of `size` bytes, all zero; nil where the system has no more.
  static func map(_ size: Int) -> UnsafeMutableRawPointer? {
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return start == MAP_FAILED ? nil : start
  }

  /// The same of memory of which little will be touched: the system need not have room for all of it.
  static func mapSparsely(_ size: Int) -> UnsafeMutableRawPointer? {
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    return start == MAP_FAILED ? nil : start
  }

  /// The same of a multiple of `largeSize`, from one of its multiples on and in large pages if the system grants them.
  static func mapLarge(_ size: Int) -> UnsafeMutableRawPointer? {
    guard let mapped = map(size + largeSize) else { return nil }
    // What lies before and after the range is given back.
    let before = (largeSize - Int(bitPattern: mapped) % largeSize) % largeSize
    let start = mapped + before
    if before > 0 { unmap(mapped, before) }
    if before < largeSize { unmap(start + size, largeSize - before) }
    #if os(Linux)
      // A system without large pages says no, which changes nothing.
      _ = madvise(start, size, Int32(MADV_HUGEPAGE))
    #endif
    return start
  }

  /// Gives whole pages back.
  static func unmap(_ start: UnsafeMutableRawPointer, _ size: Int) { munmap(start, size) }
}
