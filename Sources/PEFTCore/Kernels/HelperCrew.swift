import Dispatch
import Foundation
import Synchronization

/// The threads beside the caller's own that take pieces of parallel work.
///
/// A helper is a block on Dispatch's global queue. After the last piece it stays for a moment and looks for the next: a
/// training step has some two thousand regions a few microseconds apart, and to wake a thread takes longer than many of
/// them. Who calls for help never waits for a helper to come: what nobody has taken it does itself.
///
/// Under a limit on the address space a helper is a thread of its own instead. Dispatch would try for ever to make one
/// that has no room for its stack; without it the caller does the work.
final class HelperCrew: Sendable {
  /// What the pieces of a region do, with a number and scratch.
  typealias Body = (_ piece: Int, _ scratch: UnsafeMutableRawPointer) -> Void

  /// A region, which lives on its caller's stack until its last piece is done.
  private struct Region {
    let body: Body
    let scratchBytes: Int
  }

  /// How long a helper looks for work before it leaves, in nanoseconds.
  private static let patience: UInt64 = 200_000
  /// How often it looks between two looks at the clock.
  private static let looks = 64

  /// How many threads there are at most, with the caller's.
  private let count: Int
  /// Whether a region is running: a second one, inside its pieces or of another thread, is done by its caller alone.
  private let isTaken = Atomic<Bool>(false)
  /// The address of the running region.
  private let region = Atomic<UInt>(0)
  /// How many pieces the running region has (lower half), and which one is next (upper half).
  ///
  /// A piece is taken by exchanging this word. Only then is the region looked at: it cannot end before the piece is done.
  private let claims = Atomic<UInt64>(0)
  /// Pieces of the running region that are not done.
  private let remaining = Atomic<Int>(0)
  /// Helpers that have been called and have not left.
  private let helpers = Atomic<Int>(0)

  /// The callers' scratch; helpers have their own.
  let shelf = ScratchShelf()

  /// A crew of `count` threads, the caller's among them.
  init(count: Int) { self.count = count }

  /// Calls `body` once for each piece, in some order on some of the threads, and returns when all are done.
  func run(pieces: Int, scratchBytes: Int, _ body: Body) {
    guard count > 1, pieces > 1, pieces < 1 << 32, !isTaken.exchange(true, ordering: .acquiring) else {
      return shelf.withMemory(scratchBytes) { scratch in
        for piece in 0..<pieces { body(piece, scratch) }
      }
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Region(body: body, scratchBytes: scratchBytes)) { region in
        remaining.store(pieces, ordering: .relaxed)
        self.region.store(UInt(bitPattern: region), ordering: .relaxed)
        claims.store(UInt64(pieces), ordering: .releasing)
        call(min(count, pieces) - 1)
        shelf.withMemory(scratchBytes) { scratch in
          while let piece = takePiece() {
            body(piece, scratch)
            remaining.subtract(1, ordering: .releasing)
          }
        }
        awaitPieces()
      }
    }
    isTaken.store(false, ordering: .releasing)
  }

  /// Ensures that this many helpers are there, or on their way.
  private func call(_ wanted: Int) {
    while true {
      let present = helpers.load(ordering: .relaxed)
      guard present < wanted else { return }
      if helpers.compareExchange(expected: present, desired: present + 1, ordering: .relaxed).exchanged {
        if CheckedThread.isAddressSpaceLimited {
          guard CheckedThread.start({ self.help() }) else {
            helpers.subtract(1, ordering: .relaxed)
            return
          }
        } else {
          DispatchQueue.global(qos: .userInitiated).async { self.help() }
        }
      }
    }
  }

  /// The number of a piece that nobody else has; nil where all are taken.
  private func takePiece() -> Int? {
    var seen = claims.load(ordering: .relaxed)
    while true {
      let next = seen >> 32
      guard next < seen & 0xFFFF_FFFF else { return nil }
      let (exchanged, original) = claims.compareExchange(
        expected: seen, desired: seen + (1 << 32), ordering: .acquiringAndReleasing)
      if exchanged { return Int(next) }
      seen = original
    }
  }

  /// Waits for the pieces that helpers have taken.
  private func awaitPieces() {
    var looks = 0
    while remaining.load(ordering: .acquiring) > 0 {
      looks += 1
      // A helper may have lost its core to this very thread.
      if looks.isMultiple(of: Self.looks * 16) { sched_yield() }
    }
  }

  /// Takes pieces of whatever is running, until there has been nothing for a while.
  private func help() {
    var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    defer { scratch.deallocate() }
    var idleSince = DispatchTime.now().uptimeNanoseconds
    while true {
      for _ in 0..<Self.looks {
        var hasWorked = false
        while let piece = takePiece(),
          let region = UnsafePointer<Region>(bitPattern: region.load(ordering: .relaxed))
        {
          if scratch.count < region.pointee.scratchBytes || scratch.baseAddress == nil {
            scratch.deallocate()
            scratch = .allocate(byteCount: max(region.pointee.scratchBytes, 64), alignment: 64)
          }
          if let memory = scratch.baseAddress { region.pointee.body(piece, memory) }
          remaining.subtract(1, ordering: .releasing)
          hasWorked = true
        }
        if hasWorked { idleSince = DispatchTime.now().uptimeNanoseconds }
      }
      guard DispatchTime.now().uptimeNanoseconds - idleSince < Self.patience else { break }
      sched_yield()
    }
    helpers.subtract(1, ordering: .relaxed)
  }
}
