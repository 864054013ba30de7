import PEFTCore
import PEFTTestSupport
import Testing

@Suite struct MatrixMultiplyTests {
  private static let sizes = [
    (1, 1, 1), (1, 7, 9), (7, 8, 9), (8, 63, 64), (9, 64, 65), (12, 32, 256), (13, 33, 257), (65, 17, 63), (64, 65, 8),
    (257, 40, 300), (300, 9, 513), (2, 257, 1), (3, 0, 5), (0, 3, 5), (5, 31, 0), (11, 96, 512),
    (70, 40, 1021), (1021, 9, 70), (30, 8, 70), (96, 4, 150), (27, 16, 300),
  ]

  private struct Problem {
    let m: Int
    let n: Int
    let k: Int
    let transposeA: Bool
    let transposeB: Bool
    var a: [Float]
    var b: [Float]
    var c: [Float]
    let aStride: Int
    let bStride: Int
    let cStride: Int

    init(_ size: (Int, Int, Int), transposeA: Bool, transposeB: Bool) {
      (m, n, k) = size
      self.transposeA = transposeA
      self.transposeB = transposeB
      // Odd distances between rows, so that vectors are not aligned; some are a page.
      aStride = (transposeA ? m : k) + 3
      bStride = (transposeB ? k : n) + 5
      cStride = n + 1
      let stream = SeedStream(m * 1_000_003 + n * 1009 + k)
      a = stream.child("a").uniforms(max(1, (transposeA ? k : m) * aStride), in: -1...1)
      b = stream.child("b").uniforms(max(1, (transposeB ? n : k) * bStride), in: -1...1)
      c = stream.child("c").uniforms(max(1, m * cStride), in: -1...1)
    }

    /// `c` after the product, rows `cStride` apart.
    func product(accumulate: Bool, workers: Int) -> [Float] {
      var result = c
      result.withUnsafeMutableBufferPointer { result in
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = result.baseAddress else { return }
            if workers == 0 {
              let scratch = UnsafeMutableRawPointer.allocate(
                byteCount: MatrixMultiply.serialScratchBytes(m: m), alignment: 64)
              defer { scratch.deallocate() }
              MatrixMultiply.multiplySerially(
                m: m, n: n, k: k, a: a, aStride: aStride, transposeA: transposeA, b: b, bStride: bStride,
                transposeB: transposeB, c: c, cStride: cStride, accumulate: accumulate, scratch: scratch)
            } else {
              MatrixMultiply.multiply(
                m: m, n: n, k: k, a: a, aStride: aStride, transposeA: transposeA, b: b, bStride: bStride,
                transposeB: transposeB, c: c, cStride: cStride, accumulate: accumulate,
                workers: Workers(count: workers))
            }
          }
        }
      }
      return result
    }

    func expected(accumulate: Bool) -> [Float] {
      var result = c
      MatrixMultiply.reference(
        m: m, n: n, k: k, a: a, aStride: aStride, transposeA: transposeA, b: b, bStride: bStride,
        transposeB: transposeB, c: &result, cStride: cStride, accumulate: accumulate)
      return result
    }
  }

  @Test("Products agree with the plain loop for all shapes and transposes, and leave other memory alone")
  func agreesWithReference() {
    for size in Self.sizes {
      for transposes in 0..<4 {
        let problem = Problem(size, transposeA: transposes & 1 == 1, transposeB: transposes & 2 == 2)
        for accumulate in [false, true] {
          expectClose(
            problem.product(accumulate: accumulate, workers: 2), problem.expected(accumulate: accumulate),
            relative: 1e-5, absolute: 2e-5, "\(size), transposes \(transposes), accumulate \(accumulate)")
        }
      }
    }
  }

  @Test("A row has the same bits in a tile of any height", arguments: [(40, 7), (16, 300), (5, 96)])
  func tileHeights(columns: Int, depth: Int) {
    let most = 25
    let a = SeedStream(1).uniforms(most * depth, in: -1...1)
    let b = SeedStream(2).uniforms(depth * columns, in: -1...1)
    func product(_ rows: Int) -> [Float] {
      var c = [Float](repeating: 7, count: most * columns)
      MatrixMultiply.multiply(
        m: rows, n: columns, k: depth, a: a, aStride: depth, b: b, bStride: columns, c: &c, cStride: columns,
        workers: .one)
      return c
    }
    let whole = product(most)
    for rows in 1..<most {
      let part = product(rows)
      #expect(part.prefix(rows * columns).elementsEqual(whole.prefix(rows * columns)), "\(rows) rows")
      #expect(part.dropFirst(rows * columns).allSatisfy { $0 == 7 }, "\(rows) rows")
    }
  }

  @Test("Any number of workers and the serial form give the same bits")
  func workersDoNotMatter() {
    for size in [(65, 257, 300), (300, 129, 65), (1, 4096, 600)] {
      for transposes in 0..<4 {
        let problem = Problem(size, transposeA: transposes & 1 == 1, transposeB: transposes & 2 == 2)
        let bits = problem.product(accumulate: true, workers: 1).map(\.bitPattern)
        for workers in [0, 2, 5] {
          #expect(problem.product(accumulate: true, workers: workers).map(\.bitPattern) == bits)
        }
      }
    }
  }

  @Test("A row has the same bits whatever rows stand beside it")
  func rowsAreIndependent() {
    let n = 70
    let whole = Problem((64, n, 300), transposeA: false, transposeB: true)
    let all = whole.product(accumulate: true, workers: 1)
    for m in 1...29 {
      var part = Problem((m, n, 300), transposeA: false, transposeB: true)
      part.a = Array(whole.a[..<(m * whole.aStride)])
      part.b = whole.b
      part.c = Array(whole.c[..<(m * whole.cStride)])
      let bits = part.product(accumulate: true, workers: 1).map(\.bitPattern)
      #expect(bits == all[..<(m * whole.cStride)].map(\.bitPattern), "\(m) rows")
    }
  }

  @Test("A sum is blocks of 256 terms, each one chain in order, added in order")
  func summationOrder() {
    let k = 700
    let problem = Problem((1, 1, k), transposeA: false, transposeB: false)
    var total = problem.c[0]
    for start in stride(from: 0, to: k, by: 256) {
      var block: Float = 0
      for depth in start..<min(start + 256, k) {
        let (a, b) = (problem.a[depth], problem.b[depth * problem.bStride])
        // The baseline build of x86-64 rounds the product first.
        block = MatrixMultiply.usesFusedMultiplyAdd ? block.addingProduct(a, b) : block + a * b
      }
      total += block
    }
    #expect(problem.product(accumulate: true, workers: 1)[0].bitPattern == total.bitPattern)
  }
}
