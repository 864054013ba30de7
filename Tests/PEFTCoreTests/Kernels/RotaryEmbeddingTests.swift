import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Rotary embedding") struct RotaryEmbeddingTests {
  @Test(
    "Halves are rotated by position times frequency; what follows them passes",
    arguments: [(64, 64), (10, 10), (80, 32)])
  func rotation(dimension: Int, rotated: Int) {
    let (rows, heads) = (5, 3)
    let stride = heads * dimension + 7
    let positions = [0, 1, 900, 17, 17]
    let frequencies = RotaryTable.inverseFrequencies(rotatedDimensions: rotated, base: 10_000)
    let table = RotaryTable(inverseFrequencies: frequencies, positionCount: 1000, attentionFactor: 1.25)
    let x = SeedStream(1).normals(rows * stride, standardDeviation: 1)
    let y = sameForAnyThreads(count: x.count, initial: 7) { y, workers in
      RotaryEmbedding.apply(
        table, to: x, xStride: stride, into: y, yStride: stride, positions: positions, rows: rows, heads: heads,
        headDimension: dimension, workers: workers)
    }
    var expected = [Float](repeating: 7, count: x.count)
    for row in 0..<rows {
      for head in 0..<heads {
        let start = row * stride + head * dimension
        for c in 0..<dimension { expected[start + c] = x[start + c] }
        for pair in 0..<rotated / 2 {
          let angle = Double(positions[row]) * pow(10_000, -2 * Double(pair) / Double(rotated))
          let (a, b) = (Double(x[start + pair]), Double(x[start + pair + rotated / 2]))
          expected[start + pair] = Float(1.25 * (a * cos(angle) - b * sin(angle)))
          expected[start + pair + rotated / 2] = Float(1.25 * (b * cos(angle) + a * sin(angle)))
        }
      }
    }
    expectClose(y, expected, relative: 1e-5, absolute: 1e-6)

    var inPlace = x
    RotaryEmbedding.apply(
      table, to: inPlace, xStride: stride, into: &inPlace, yStride: stride, positions: positions, rows: rows,
      heads: heads, headDimension: dimension, workers: Workers(count: 1))
    #expect(inPlace[0].bitPattern == y[0].bitPattern)
  }

  @Test("A pair's bits do not depend on how wide the head is") func widths() {
    let frequencies = RotaryTable.inverseFrequencies(rotatedDimensions: 80, base: 10_000)
    for half in 1...40 {
      let table = RotaryTable(inverseFrequencies: Array(frequencies.prefix(half)), positionCount: 100)
      let x = SeedStream(half).normals(2 * half, standardDeviation: 1)
      for backward in [false, true] {
        var y = [Float](repeating: 7, count: 2 * half)
        RotaryEmbedding.apply(
          table, to: x, xStride: 2 * half, into: &y, yStride: 2 * half, positions: [61], rows: 1, heads: 1,
          headDimension: 2 * half, backward: backward, workers: .one)
        for pair in 0..<half {
          let cosine = table.cosines[61 * half + pair]
          let sine = backward ? -table.sines[61 * half + pair] : table.sines[61 * half + pair]
          #expect(y[pair].bitPattern == (x[pair] * cosine - x[half + pair] * sine).bitPattern)
          #expect(y[half + pair].bitPattern == (x[half + pair] * cosine + x[pair] * sine).bitPattern)
        }
      }
    }
  }

  @Test("The backward pass is the transpose of the forward pass") func transpose() {
    let frequencies = RotaryTable.inverseFrequencies(rotatedDimensions: 16, base: 100)
    let table = RotaryTable(inverseFrequencies: frequencies, positionCount: 20, attentionFactor: 0.5)
    let x = SeedStream(2).normals(2 * 24, standardDeviation: 1)
    let g = SeedStream(3).normals(2 * 24, standardDeviation: 1)
    func apply(_ x: [Float], backward: Bool) -> [Float] {
      sameForAnyThreads(count: x.count) { y, workers in
        RotaryEmbedding.apply(
          table, to: x, xStride: 24, into: y, yStride: 24, positions: [3, 19], rows: 2, heads: 1, headDimension: 24,
          backward: backward, workers: workers)
      }
    }
    let left = zip(apply(x, backward: false), g).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let right = zip(x, apply(g, backward: true)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(left - right) < 1e-5)
  }

  @Test("Llama 3 scaling divides long waves, keeps short ones and blends between") func llama3() {
    // transformers 5.23: ROPE_INIT_FUNCTIONS["llama3"], Llama 3.1's settings, head dimension 128; pairs 0, 28, 31, 35, 63.
    let frequencies = RotaryTable.inverseFrequencies(
      rotatedDimensions: 128, base: 500_000,
      scaling: .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192))
    let expected: [Float] = [1.0, 0.00321144611, 0.00085675146, 9.55621217e-05, 3.06892588e-07]
    expectClose([0, 28, 31, 35, 63].map { Float(frequencies[$0]) }, expected, relative: 1e-6, absolute: 0)
    let linear = RotaryTable.inverseFrequencies(rotatedDimensions: 4, base: 100, scaling: .linear(factor: 4))
    expectClose(linear.map { Float($0) }, [0.25, 0.025], relative: 1e-6, absolute: 0)
  }
}
