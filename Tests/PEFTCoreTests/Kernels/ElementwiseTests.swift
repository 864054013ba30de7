import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Elementwise kernels") struct ElementwiseTests {
  @Test("Sums, products and broadcasts", arguments: [(1, 1), (3, 7), (40, 64), (300, 77), (2, 40_000)])
  func arithmetic(rows: Int, columns: Int) {
    let count = rows * columns
    let x = SeedStream(1).normals(count, standardDeviation: 1)
    let y = SeedStream(2).normals(count, standardDeviation: 1)
    let row = SeedStream(3).normals(columns, standardDeviation: 1)
    let sum = sameForAnyThreads(count: count) { Elementwise.add(x, y, into: $0, count: count, workers: $1) }
    #expect(sum == zip(x, y).map { $0 + $1 })
    let product = sameForAnyThreads(count: count) { Elementwise.multiply(x, y, into: $0, count: count, workers: $1) }
    #expect(product == zip(x, y).map { $0 * $1 })
    let scaled = sameForAnyThreads(count: count) { Elementwise.scale(x, by: 0.3, into: $0, count: count, workers: $1) }
    #expect(scaled == x.map { $0 * 0.3 })
    let added = sameForAnyThreads(count: count, initial: 1) {
      Elementwise.add(x, times: 2, to: $0, count: count, workers: $1)
    }
    expectClose(added, x.map { 1 + 2 * $0 })
    let shifted = sameForAnyThreads(count: count) {
      Elementwise.addRow(row, to: x, into: $0, rows: rows, columns: columns, workers: $1)
    }
    #expect(shifted == x.indices.map { x[$0] + row[$0 % columns] })
    let rescaled = sameForAnyThreads(count: count) {
      Elementwise.multiplyRow(row, with: x, into: $0, rows: rows, columns: columns, workers: $1)
    }
    #expect(rescaled == x.indices.map { x[$0] * row[$0 % columns] })

    var sums = [Double](repeating: 1, count: columns)
    var products = sums
    for i in x.indices {
      sums[i % columns] += Double(x[i])
      products[i % columns] += Double(x[i]) * Double(y[i])
    }
    let columnSums = sameForAnyThreads(count: columns, initial: 1) {
      Elementwise.addColumnSums(of: x, to: $0, rows: rows, columns: columns, workers: $1)
    }
    expectClose(columnSums, sums.map { Float($0) }, relative: 1e-5, absolute: 1e-5)
    let productSums = sameForAnyThreads(count: columns, initial: 1) {
      Elementwise.addColumnSums(ofProduct: x, y, to: $0, rows: rows, columns: columns, workers: $1)
    }
    expectClose(productSums, products.map { Float($0) }, relative: 1e-5, absolute: 1e-5)
  }

  @Test("Dropout keeps the wished share, scales it, and draws the same mask again") func dropout() {
    let count = 100_003
    let ones = [Float](repeating: 1, count: count)
    for probability in [0.0, 0.1, 0.5, 0.9] {
      let dropout = Dropout(probability: probability, stream: SeedStream(1).child("dropout"))
      let y = sameForAnyThreads(count: count) { dropout.apply(to: ones, into: $0, count: count, workers: $1) }
      let kept = y.filter { $0 != 0 }
      #expect(kept.allSatisfy { abs(Double($0) * (1 - probability) - 1) < 1e-3 })
      #expect(abs(Double(kept.count) / Double(count) - (1 - probability)) < 0.006)
      let mean = y.reduce(0.0) { $0 + Double($1) } / Double(count)
      #expect(abs(mean - 1) < 0.02)
      // A stretch of the array has the mask of its place.
      var part = [Float](repeating: 1, count: 50)
      dropout.apply(to: part, into: &part, count: 50, firstIndex: 4000, workers: Workers(count: 1))
      #expect(part == Array(y[4000..<4050]))
    }
    let one = Dropout(probability: 0.5, stream: SeedStream(1).child(1))
    let other = Dropout(probability: 0.5, stream: SeedStream(1).child(2))
    let masks = [one, other].map { dropout in
      sameForAnyThreads(count: 64) { dropout.apply(to: ones, into: $0, count: 64, workers: $1) }
    }
    #expect(masks[0] != masks[1])
  }
}
