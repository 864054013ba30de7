import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files that are mapped into memory now, so that a fault in one of them can be reported with its name.
///
/// A file that somebody shortens while it is mapped raises SIGBUS where its missing pages are touched. The handler of a
/// signal may neither allocate nor wait for a lock, so the table has a fixed place and size; what does not fit is left
/// out, and such a fault has no name.
public enum MappedFiles {
  private struct Entry {
    var start: UInt = 0
    /// Bytes of the mapping, whose last page is mapped whole.
    var count: UInt = 0
    var path: UnsafeMutablePointer<CChar>?
  }

  private static let capacity = 256
  private static let writing = Mutex(())
  /// Written under the lock; read by the handler of a signal, which ends the process.
  private nonisolated(unsafe) static let table: UnsafeMutablePointer<Entry> = {
    let table = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    table.initialize(repeating: Entry(), count: capacity)
    return table
  }()

  static func add(_ bytes: UnsafeRawBufferPointer, path: String) {
    writing.withLock { _ in
      guard let slot = (0..<capacity).first(where: { table[$0].path == nil }) else { return }
      let name = Array(path.utf8CString)
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: name.count)
      copy.initialize(from: name, count: name.count)
      // Pages have 4 KB on x86-64, and up to 64 KB on arm64.
      let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
      let mapped = (bytes.count + page - 1) / page * page
      table[slot] = Entry(start: UInt(bitPattern: bytes.baseAddress), count: UInt(mapped), path: copy)
    }
  }

  static func remove(_ bytes: UnsafeRawBufferPointer) {
    writing.withLock { _ in
      let start = UInt(bitPattern: bytes.baseAddress)
      let known = (0..<capacity).first { table[$0].path != nil && table[$0].start == start }
      guard let slot = known else { return }
      table[slot].path?.deallocate()
      table[slot] = Entry()
    }
  }

  /// The path, as a C string, of the file that is mapped at an address; nil for other addresses.
  ///
  /// May be called in the handler of a signal.
  public static func path(at address: UInt) -> UnsafePointer<CChar>? {
    for slot in 0..<capacity {
      let entry = table[slot]
      if let path = entry.path, address >= entry.start, address - entry.start < entry.count {
        return UnsafePointer(path)
      }
    }
    return nil
  }
}
