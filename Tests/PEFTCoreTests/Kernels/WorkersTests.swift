import Dispatch
import Synchronization
import Testing

@testable import PEFTCore

@Suite("Workers") struct WorkersTests {
  /// Counts the calls of each piece of a region in memory of its own.
  private func calls(_ workers: Workers, pieces: Int, scratchBytes: Int = 0) -> [Int] {
    var counts = [Int](repeating: 0, count: pieces)
    counts.withUnsafeMutableBufferPointer { counts in
      workers.run(pieces: pieces, scratchBytes: scratchBytes) { piece, scratch in
        scratch.storeBytes(of: piece, as: Int.self)
        counts[piece] += 1
        counts[piece] += scratch.load(as: Int.self) == piece ? 0 : 100
      }
    }
    return counts
  }

  @Test("Each piece is done once, whatever the numbers of pieces and threads", arguments: [1, 2, 3, 8])
  func everyPiece(_ threads: Int) {
    let workers = Workers(count: threads)
    for round in 0..<300 {
      let pieces = round % 37
      #expect(calls(workers, pieces: pieces, scratchBytes: round * 64) == [Int](repeating: 1, count: pieces))
    }
    #expect(calls(workers, pieces: 10_000).allSatisfy { $0 == 1 })
  }

  @Test("A region within a piece is done by the thread that has the piece")
  func nested() {
    let workers = Workers(count: 3)
    var sums = [Int](repeating: 0, count: 50)
    sums.withUnsafeMutableBufferPointer { sums in
      workers.run(pieces: 50) { piece in sums[piece] = calls(workers, pieces: piece).reduce(0, +) }
    }
    #expect(sums == Array(0..<50))
  }

  @Test("Threads that share workers do not disturb each other")
  func shared() {
    let workers = Workers(count: 2)
    let wrong = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 6) { thread in
      for round in 0..<200 where calls(workers, pieces: 1 + (round + thread) % 9).contains(where: { $0 != 1 }) {
        wrong.add(1, ordering: .relaxed)
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test("Scratch is aligned, as large as asked for, and nobody else's while it is used", arguments: [1, 2])
  func scratch(_ threads: Int) {
    let workers = Workers(count: threads)
    for round in 0..<40 {
      let (outer, inner) = (64 + round * 5000, 200_000 - round * 4000)
      workers.withScratch(outer) { memory in
        #expect(UInt(bitPattern: memory) % 64 == 0)
        memory.initializeMemory(as: UInt8.self, repeating: 1, count: outer)
        workers.run(pieces: 3, scratchBytes: inner) { _, scratch in
          #expect(UInt(bitPattern: scratch) % 64 == 0)
          scratch.initializeMemory(as: UInt8.self, repeating: 2, count: inner)
          workers.run(pieces: 2, scratchBytes: 128) { _, innermost in
            innermost.initializeMemory(as: UInt8.self, repeating: 3, count: 128)
          }
          #expect(UnsafeRawBufferPointer(start: scratch, count: inner).allSatisfy { $0 == 2 })
        }
        #expect(UnsafeRawBufferPointer(start: memory, count: outer).allSatisfy { $0 == 1 })
      }
    }
  }

  @Test("Two threads work on long pieces side by side")
  func sideBySide() {
    let present = Atomic<Int>(0)
    let together = Atomic<Int>(0)
    Workers(count: 2).run(pieces: 2) { _ in
      present.add(1, ordering: .sequentiallyConsistent)
      let start = DispatchTime.now().uptimeNanoseconds
      while DispatchTime.now().uptimeNanoseconds - start < 20_000_000_000 {
        if present.load(ordering: .sequentiallyConsistent) == 2 {
          together.add(1, ordering: .relaxed)
          return
        }
      }
    }
    #expect(together.load(ordering: .relaxed) == 2)
  }
}
