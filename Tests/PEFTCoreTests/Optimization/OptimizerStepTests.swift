import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Optimizer steps") struct OptimizerStepTests {
  static let start: [Float] = [0.5, -1.25, 2, 0.01, -3]
  static func gradient(_ step: Int) -> [Float] { start.indices.map { Float(($0 * 7 + step * 3) % 11 - 5) * 0.1 } }

  @Test("AdamW's parameters after 1, 2 and 10 steps are PyTorch's") func adamW() {
    // torch 2.13: AdamW(lr=0.01, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1) in float64.
    let golden: [Int: [Float]] = [
      1: [0.50949995, -1.25874998, 1.9880001, 0.0199899667, -3.00699998],
      2: [0.51166151, -1.25941055, 1.97720557, 0.0267029425, -3.00346666],
      10: [0.498236782, -1.24996334, 1.95063624, 0.0434897937, -2.98618527],
    ]
    var (p, m, v) = (Self.start, [Float](repeating: 0, count: 5), [Float](repeating: 0, count: 5))
    for step in 1...10 {
      let update = AdamWStep(
        learningRate: 0.01, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, step: step)
      update.update(
        &p, gradients: Self.gradient(step), firstMoments: &m, secondMoments: &v, count: 5, workers: Workers(count: 2))
      if let expected = golden[step] { expectClose(p, expected, relative: 1e-6, absolute: 1e-7, "step \(step)") }
    }
  }

  @Test("SGD's parameters after 1, 2 and 10 steps are PyTorch's") func sgd() {
    // torch 2.13: SGD(lr=0.05, momentum=0.9, weight_decay=0.01) in float64.
    let golden: [Int: [Float]] = [
      1: [0.50975, -1.274375, 1.994, 0.024995, -3.0185],
      2: [0.513270125, -1.28067531, 1.967603, 0.0384780025, -3.01364075],
      10: [0.436731254, -1.24306729, 1.84325077, 0.162828841, -3.00793481],
    ]
    var (p, b) = (Self.start, [Float](repeating: 0, count: 5))
    for step in 1...10 {
      SGDStep(learningRate: 0.05, momentum: 0.9, weightDecay: 0.01).update(
        &p, gradients: Self.gradient(step), momentumBuffer: &b, count: 5, workers: Workers(count: 2))
      if let expected = golden[step] { expectClose(p, expected, relative: 1e-6, absolute: 1e-7, "step \(step)") }
    }
  }

  @Test("Long arrays, gradient scales and any number of threads") func longArrays() {
    let count = 40_001
    let g = SeedStream(1).normals(count, standardDeviation: 1)
    let updated = sameForAnyThreads(count: 3 * count, initial: 0.25) { values, workers in
      AdamWStep(learningRate: 0.1, step: 3).update(
        values, gradients: g, gradientScale: 0.5, firstMoments: values + count, secondMoments: values + 2 * count,
        count: count, workers: workers)
    }
    let half = g.map { $0 * 0.5 }
    let same = sameForAnyThreads(count: 3 * count, initial: 0.25) { values, workers in
      AdamWStep(learningRate: 0.1, step: 3).update(
        values, gradients: half, firstMoments: values + count, secondMoments: values + 2 * count, count: count,
        workers: workers)
    }
    #expect(updated.bits == same.bits)
    let plain = sameForAnyThreads(count: count, initial: 1) {
      SGDStep(learningRate: 0.5).update(
        $0, gradients: g, gradientScale: 2, momentumBuffer: nil, count: count, workers: $1)
    }
    #expect(plain == g.map { 1 - $0 * 2 * 0.5 })
  }

  @Test("The sum of squares is exact to double precision", arguments: [0, 1, 7, 8, 16_384, 16_385, 100_003])
  func sumOfSquares(count: Int) {
    let x = SeedStream(2).normals(count, standardDeviation: 1e20)
    let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    let sums = [1, 2, 5].map { SumOfSquares.of(x, count: count, workers: Workers(count: $0)) }
    #expect(Set(sums).count == 1)
    #expect(abs(sums[0] - expected) <= 1e-12 * expected)
  }
}
