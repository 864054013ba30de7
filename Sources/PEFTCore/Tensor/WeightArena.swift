import Synchronization

/// Memory of frozen weights: blocks one after the other in large regions, on pages of 2 MB where the system has them.
///
/// Generation reads all weights once a token. From pages of 4 KB one core gets 21 GB/s where large ones give it 29, since
/// what the processor fetches ahead ends with a page; and most matrices of a small model are smaller than a large page.
final class WeightArena: Sendable {
  private struct Region {
    let start: UInt
    let size: Int
    /// Bytes given out from the start.
    var used = 0
    /// Blocks that have not been released.
    var blocks = 0

    init(_ start: UnsafeMutableRawPointer, _ size: Int) {
      self.start = UInt(bitPattern: start)
      self.size = size
    }

    func unmap() {
      if let start = UnsafeMutableRawPointer(bitPattern: start) { SystemPages.unmap(start, size) }
    }
  }

  private static let regionSize = 16 << 20
  private static let alignment = 64

  private let regions = Mutex<[Region]>([])

  init() {}

  deinit {
    regions.withLock { regions in
      for region in regions { region.unmap() }
    }
  }

  /// Bytes taken from the system, of which those are resident that have been written to.
  var mappedBytes: Int { regions.withLock { $0.reduce(0) { $0 + $1.size } } }

  /// A block of `byteCount` bytes, 64-byte aligned; without memory the program ends, as with any other allocation.
  func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = (max(byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
    let address = regions.withLock { regions -> UInt? in
      if regions.last.map({ $0.size - $0.used < size }) ?? true {
        let page = SystemPages.largeSize
        let wanted = (max(size, Self.regionSize) + page - 1) / page * page
        if let start = SystemPages.mapLarge(wanted) {
          regions.append(Region(start, wanted))
        } else if let start = SystemPages.map(size) {
          // Where an address space is limited, the block itself may still fit.
          regions.append(Region(start, size))
        } else {
          return nil
        }
      }
      let last = regions.count - 1
      defer {
        regions[last].used += size
        regions[last].blocks += 1
      }
      return regions[last].start + UInt(regions[last].used)
    }
    guard let block = address.flatMap({ UnsafeMutableRawPointer(bitPattern: $0) }) else {
      preconditionFailure("no memory for \(size) bytes of weights")
    }
    return block
  }

  /// Gives a block back; its region goes with the last one.
  func release(_ block: UnsafeMutableRawPointer) {
    let address = UInt(bitPattern: block)
    regions.withLock { regions in
      guard let index = regions.firstIndex(where: { $0.start <= address && address - $0.start < UInt($0.size) }) else {
        preconditionFailure("a block of another arena")
      }
      regions[index].blocks -= 1
      if regions[index].blocks == 0 {
        regions[index].unmap()
        regions.remove(at: index)
      }
    }
  }
}
