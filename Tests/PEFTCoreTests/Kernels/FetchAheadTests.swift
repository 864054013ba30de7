import Testing

@testable import PEFTCore

/// A matrix of ones that notes which shares of its panels are fetched ahead.
private final class NotedPanels: PanelSource {
  let columnCount: Int
  private(set) var shares: [(panel: Int, share: Int, shares: Int)] = []

  init(columnCount: Int) { self.columnCount = columnCount }

  var scratchCount: Int { 0 }

  func panel(
    _ index: Int, depths: Range<Int>, buffer: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> (elements: UnsafePointer<Float>, stride: Int) {
    buffer.update(repeating: 1, count: depths.count * KernelShape.panelWidth)
    return (UnsafePointer(buffer), KernelShape.panelWidth)
  }

  func stored(_ index: Int, depths: Range<Int>, share: Int, of shares: Int) -> UnsafeRawBufferPointer? {
    self.shares.append((index, share, shares))
    return nil
  }
}

@Suite("Fetching ahead") struct FetchAheadTests {
  /// Tiles of less than the full height made shares beyond the last one, which were read after the matrix.
  @Test("Each number of rows fetches every share of a panel once, and nothing else", arguments: 1...50)
  func shares(rows: Int) {
    let panels = 3
    let source = NotedPanels(columnCount: panels * KernelShape.panelWidth)
    let depth = 7
    let a = [Float](repeating: 1, count: rows * depth)
    var c = [Float](repeating: 0, count: rows * source.columnCount)
    a.withUnsafeBufferPointer { a in
      c.withUnsafeMutableBufferPointer { c in
        guard let a = a.baseAddress, let c = c.baseAddress else { return }
        let product = ProductRows(
          rowCount: rows, depth: depth, a: a, aStride: depth, aIsTransposed: false, c: c, cStride: source.columnCount,
          accumulates: false)
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: 4 * BlockedMultiply<NotedPanels>.scratchCount(rows: rows, sourceScratch: 0), alignment: 64)
        defer { scratch.deallocate() }
        BlockedMultiply(product, by: source).runSerially(scratch: scratch)
      }
    }
    #expect(c.allSatisfy { $0 == Float(depth) })
    for panel in 1..<panels {
      let fetched = source.shares.filter { $0.panel == panel }
      #expect(!fetched.isEmpty)
      #expect(fetched.map(\.share) == Array(0..<(fetched.first?.shares ?? 0)), "panel \(panel)")
    }
  }
}
