import Foundation

/// Bytes that do not change any more, owned by whoever holds this.
final class ByteBuffer: @unchecked Sendable {
  // Written only before it is made and read only while it lives, so it may pass between threads.
  private let base: UnsafeMutablePointer<UInt8>
  let count: Int

  fileprivate init(base: UnsafeMutablePointer<UInt8>, count: Int) {
    self.base = base
    self.count = count
  }

  /// A copy of `bytes`.
  convenience init(_ bytes: some Collection<UInt8>) {
    let base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    _ = UnsafeMutableBufferPointer(start: base, count: bytes.count).initialize(from: bytes)
    self.init(base: base, count: bytes.count)
  }

  deinit { base.deallocate() }

  /// The bytes; valid while the buffer is held.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
}

/// Output of a decompressor: grows as it is written, up to a limit that is checked before each growth.
struct GrowingBytes: ~Copyable {
  /// Bytes beyond the capacity that short copies may touch, because they move whole vectors.
  private static let slack = 32

  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes written so far.
  var count = 0
  /// Bytes that may be written at most.
  let limit: Int

  /// Creates an empty output; memory beyond what is written is not touched.
  init(capacity: Int, limit: Int) {
    self.limit = limit
    self.capacity = max(64, min(capacity, limit))
    base = .allocate(capacity: self.capacity + Self.slack)
  }

  deinit { base.deallocate() }

  /// Makes room for `more` bytes; false if that would pass the limit.
  @inline(__always)
  mutating func reserve(_ more: Int) -> Bool {
    guard more <= limit - count else { return false }
    if more > capacity - count { grow(more) }
    return true
  }

  private mutating func grow(_ more: Int) {
    let larger = max(count + more, min(limit, capacity * 2))
    let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger + Self.slack)
    fresh.update(from: base, count: count)
    base.deallocate()
    base = fresh
    capacity = larger
  }

  /// Appends `length` bytes, for which there must be room; `available` bytes can be read at `source`.
  @inline(__always)
  mutating func append(_ source: UnsafePointer<UInt8>, length: Int, available: Int) {
    Self.copyLiteral(source, to: base + count, length: length, available: available)
    count += length
  }

  /// Appends one byte `length` times; there must be room.
  mutating func append(repeating byte: UInt8, length: Int) {
    memset(base + count, Int32(byte), length)
    count += length
  }

  /// Appends `length` bytes of what was written `distance` bytes ago, where the two may overlap.
  ///
  /// There must be room, and `distance` is in `1...count`.
  @inline(__always)
  mutating func appendMatch(distance: Int, length: Int) {
    Self.copyMatch(to: base + count, distance: distance, length: length)
    count += length
  }

  /// Copies `length` bytes to a place in an output with room for them.
  @inline(__always)
  static func copyLiteral(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, length: Int, available: Int
  ) {
    if length <= 16, available >= 16 {
      let piece = UnsafeRawPointer(source).loadUnaligned(as: SIMD16<UInt8>.self)
      UnsafeMutableRawPointer(target).storeBytes(of: piece, as: SIMD16<UInt8>.self)
    } else {
      memcpy(target, source, length)
    }
  }

  /// Copies `length` bytes from `distance` before a place in an output with room for them.
  @inline(__always)
  static func copyMatch(to target: UnsafeMutablePointer<UInt8>, distance: Int, length: Int) {
    let target = UnsafeMutableRawPointer(target)
    let source = UnsafeRawPointer(target - distance)
    if distance >= 16 {
      var done = 0
      repeat {
        let piece = (source + done).loadUnaligned(as: SIMD16<UInt8>.self)
        (target + done).storeBytes(of: piece, as: SIMD16<UInt8>.self)
        done += 16
      } while done < length
    } else if distance >= 8 {
      var done = 0
      repeat {
        (target + done).storeBytes(of: (source + done).loadUnaligned(as: UInt64.self), as: UInt64.self)
        done += 8
      } while done < length
    } else if distance == 1 {
      memset(target, Int32(source.load(as: UInt8.self)), length)
    } else {
      for i in 0..<length {
        (target + i).storeBytes(of: (source + i).load(as: UInt8.self), as: UInt8.self)
      }
    }
  }

  /// The bytes so far; valid until the next change.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  /// Hands the bytes over.
  consuming func finish() -> ByteBuffer {
    let buffer = ByteBuffer(base: base, count: count)
    discard self
    return buffer
  }
}
