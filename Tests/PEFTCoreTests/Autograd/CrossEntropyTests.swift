import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Cross-entropy") struct CrossEntropyTests {
  static let sizes = [1, 5, 16, 1000, 5003]

  @Test("Log-probabilities and gradients agree with double precision", arguments: sizes)
  func logProbabilities(vocabulary: Int) {
    let rows = 4
    let logits = SeedStream(1).normals(rows * vocabulary, standardDeviation: 5).map { $0 + 30 }
    let targets = (0..<rows).map { SeedStream(2).integer(below: vocabulary, at: $0) }
    let weights: [Float] = [1, 0.25, 0, -2]
    var expected: [Double] = []
    var gradients: [Float] = []
    for row in 0..<rows {
      let values = logits[row * vocabulary..<(row + 1) * vocabulary].map { Double($0) }
      let largest = values.max() ?? 0
      let sum = values.reduce(0) { $0 + exp($1 - largest) }
      expected.append(values[targets[row]] - largest - log(sum))
      for (index, value) in values.enumerated() {
        let probability = exp(value - largest) / sum
        gradients.append(Float(Double(weights[row]) * (probability - (index == targets[row] ? 1 : 0))))
      }
    }
    var actual = [Double](repeating: 0, count: rows)
    let gradient = sameForAnyThreads(count: logits.count) { values, workers in
      values.update(from: logits, count: logits.count)
      CrossEntropy.logProbabilities(
        values, targets: targets, weights: weights, into: &actual, rows: rows, vocabulary: vocabulary,
        workers: workers)
    }
    for row in 0..<rows { #expect(abs(actual[row] - expected[row]) < 1e-6 + 1e-6 * abs(expected[row])) }
    expectClose(gradient, gradients, relative: 2e-6, absolute: 1e-7)

    // Without weights the logits stay.
    var untouched = logits
    CrossEntropy.logProbabilities(
      &untouched, targets: targets, weights: nil, into: &actual, rows: rows, vocabulary: vocabulary,
      workers: Workers(count: 2))
    #expect(untouched == logits)
    var sums = [Double](repeating: 0, count: rows)
    CrossEntropy.logSumExp(logits, into: &sums, rows: rows, columns: vocabulary, workers: Workers(count: 2))
    for row in 0..<rows {
      #expect(abs(Double(logits[row * vocabulary + targets[row]]) - sums[row] - expected[row]) < 1e-5)
    }
  }

  @Test("Huge and masked logits keep the loss finite") func extremes() {
    var logits: [Float] = [1e38, -1e38, -.infinity, 0, -.infinity, 3, 3, -.infinity]
    var result: [Double] = [0, 0]
    CrossEntropy.logProbabilities(
      &logits, targets: [0, 2], weights: [1, 1], into: &result, rows: 2, vocabulary: 4, workers: Workers(count: 1))
    #expect(result[0] == 0)
    #expect(abs(result[1] - log(0.5)) < 1e-7)
    expectClose(logits, [0, 0, 0, 0, 0, 0.5, -0.5, 0])
  }

  @Test("The largest logit is found, the first one among equals", arguments: sizes)
  func argmax(columns: Int) {
    var logits = SeedStream(3).normals(3 * columns, standardDeviation: 1)
    let peaks = [0, columns / 2, columns - 1]
    for (row, peak) in peaks.enumerated() {
      logits[row * columns + peak] = 100
      if row < 2 { logits[(row + 1) * columns - 1] = 100 }
    }
    var found = [Int](repeating: -1, count: 3)
    CrossEntropy.argmax(logits, into: &found, rows: 3, columns: columns, workers: Workers(count: 2))
    #expect(found == peaks)
  }
}
