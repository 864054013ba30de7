import Synchronization

/// Memory that stands for every tensor of a pool of shapes alone.
///
/// Kernels do not run there, but what an operation does by itself, such as copying a row, still reads and writes. All tensors
/// lie in the same place, so a model of any size takes no more than what is touched of its largest tensor, and usually
/// nothing. What one tensor holds is overwritten by the next, which is no harm where it means nothing.
final class SharedBlock: Sendable {
  private struct Region {
    let start: UInt
    let size: Int
  }

  private static let leastSize = 1 << 20

  /// From the smallest to the largest, which is the one in use.
  ///
  /// Tensors may still lie in the others.
  private let regions = Mutex<[Region]>([])

  deinit {
    regions.withLock { regions in
      for region in regions {
        if let start = UnsafeMutableRawPointer(bitPattern: region.start) { SystemPages.unmap(start, region.size) }
      }
    }
  }

  /// Whether there is address space for `size` bytes, which are then kept for them.
  func reserve(_ size: Int) -> Bool { start(size) != nil }

  /// At least `size` bytes, 64-byte aligned; without address space the program ends, as with any other allocation.
  func memory(_ size: Int) -> UnsafeMutableRawPointer {
    guard let start = start(size).flatMap({ UnsafeMutableRawPointer(bitPattern: $0) }) else {
      preconditionFailure("no address space for a tensor of \(size) bytes")
    }
    return start
  }

  private func start(_ size: Int) -> UInt? {
    regions.withLock { regions in
      if let last = regions.last, last.size >= size { return last.start }
      // At least twice as much as before, so that all regions together stay below twice the largest.
      let (doubled, overflow) = (regions.last?.size ?? 0).multipliedReportingOverflow(by: 2)
      let wanted = max(size, overflow ? size : doubled, Self.leastSize)
      for length in [wanted, size] {
        guard let start = SystemPages.mapSparsely(length) else { continue }
        regions.append(Region(start: UInt(bitPattern: start), size: length))
        return UInt(bitPattern: start)
      }
      return nil
    }
  }
}
