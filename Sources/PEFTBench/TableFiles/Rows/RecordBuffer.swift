import Foundation
import PEFTCore

/// A text file read front to back in pieces, such that one record at a time lies contiguous in memory.
struct RecordBuffer {
  /// The longest row that is read: a thousand times what a model could take in.
  static let maximumRecordBytes = 64 << 20

  private let source: ByteSource
  private var window: [UInt8] = []
  /// Where the unread part of the window starts.
  private var start = 0
  /// Offset in the file of the first byte after the window.
  private var nextOffset = 0
  /// Line of the next unread byte, from 1.
  private(set) var line = 1
  /// Column of the next unread byte in Unicode scalars, from 1.
  private(set) var column = 1

  /// Starts at the file's beginning, after a byte order mark.
  init(_ source: ByteSource) throws(TableError) {
    self.source = source
    if try peek() == 0xEF, window.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
  }

  var location: SourceLocation { SourceLocation(file: source.name, line: line, column: column) }

  /// The next byte, which stays unread; nil at the end of the file.
  mutating func peek() throws(TableError) -> UInt8? {
    if start == window.count, try !refill() { return nil }
    return window[start]
  }

  /// Passes over one byte.
  mutating func skipByte() throws(TableError) {
    guard let byte = try peek() else { return }
    start += 1
    if byte == 0x0A {
      line += 1
      column = 1
    } else if byte & 0xC0 != 0x80 {
      column += 1
    }
  }

  /// The rest of the line without its line break (LF or CR LF), or nil at the end of the file.
  mutating func nextLine() throws(TableError) -> ArraySlice<UInt8>? {
    guard try peek() != nil else { return nil }
    var searched = 0
    while true {
      let found = window.withUnsafeBytes { bytes -> Int? in
        guard let base = bytes.baseAddress, start + searched < bytes.count else { return nil }
        return memchr(base + start + searched, 0x0A, bytes.count - start - searched).map { base.distance(to: $0) }
      }
      if let end = found {
        let slice = window[start..<end]
        start = end + 1
        line += 1
        column = 1
        return slice.last == 0x0D ? slice.dropLast() : slice
      }
      searched = window.count - start
      try checkLength(searched)
      guard try refill() else {
        let slice = window[start...]
        start = window.count
        return slice
      }
    }
  }

  /// Takes the next record as `scan` delimits it.
  ///
  /// - Parameter scan: Given the unread bytes and whether they reach the end of the file; returns the record's
  ///   length, or nil to see more bytes (it is then called again from the record's start). At the end of the file it
  ///   must not return nil.
  /// - Returns: The record's bytes, or nil at the end of the file.
  mutating func nextRecord(
    _ scan: (UnsafeBufferPointer<UInt8>, Bool) throws(TableError) -> Int?
  ) throws(TableError) -> ArraySlice<UInt8>? {
    guard try peek() != nil else { return nil }
    var isComplete = nextOffset == source.count
    while true {
      let unread = window[start...]
      let result = unread.withUnsafeBufferPointer { bytes in
        Result { () throws(TableError) -> Int? in try scan(bytes, isComplete) }
      }
      if let length = try result.get() {
        let slice = window[start..<start + min(length, unread.count)]
        advance(over: slice)
        return slice
      }
      guard !isComplete else { return nil }
      try checkLength(unread.count)
      _ = try refill()
      isComplete = nextOffset == source.count
    }
  }

  private func checkLength(_ bytes: Int) throws(TableError) {
    guard bytes <= Self.maximumRecordBytes else {
      throw TableError(
        "a row begins here that does not end within \(Self.maximumRecordBytes >> 20) MiB", at: .text(location))
    }
  }

  private mutating func advance(over slice: ArraySlice<UInt8>) {
    start += slice.count
    slice.withUnsafeBufferPointer { bytes in
      for byte in bytes {
        if byte == 0x0A {
          line += 1
          column = 1
        } else if byte & 0xC0 != 0x80 {
          column += 1
        }
      }
    }
  }

  /// Reads on, by as much as is unread already (at least a chunk), so that a long record costs linear time.
  private mutating func refill() throws(TableError) -> Bool {
    guard nextOffset < source.count else { return false }
    let unread = window.count - start
    let fresh = try source.bytes(at: nextOffset, count: min(max(unread, 1 << 18), source.count - nextOffset))
    nextOffset += fresh.count
    window = unread == 0 ? fresh : Array(window[start...]) + fresh
    start = 0
    return true
  }
}
