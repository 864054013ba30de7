import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Normalization") struct NormalizationTests {
  struct Form: Sendable, CustomTestStringConvertible {
    var normalization: Normalization
    var gain = true
    var bias = false
    var testDescription: String { "\(normalization) gain \(gain) bias \(bias)" }
  }

  static let forms = [
    Form(normalization: Normalization(centers: false, epsilon: 1e-5)),
    Form(normalization: Normalization(centers: false, epsilon: 1e-2, gainIsOffset: true)),
    Form(normalization: Normalization(centers: false, epsilon: 1e-6), gain: false),
    Form(normalization: Normalization(centers: true, epsilon: 1e-5), bias: true),
    Form(normalization: Normalization(centers: true, epsilon: 1e-2), gain: false),
  ]

  func reference(_ form: Form, x: [Double], gain: [Double], bias: [Double]) -> [Double] {
    let columns = gain.count
    return stride(from: 0, to: x.count, by: columns).flatMap { start -> [Double] in
      let row = Array(x[start..<start + columns])
      let mean = form.normalization.centers ? row.reduce(0, +) / Double(columns) : 0
      let square = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      let deviation = (square + Double(form.normalization.epsilon)).squareRoot()
      return row.indices.map { c in
        var value = (row[c] - mean) / deviation
        if form.gain { value *= gain[c] + (form.normalization.gainIsOffset ? 1 : 0) }
        return form.bias ? value + bias[c] : value
      }
    }
  }

  @Test("Results and gradients agree with the formula in double precision", arguments: forms, [5, 16, 77])
  func formula(form: Form, columns: Int) {
    let rows = 3
    let x = SeedStream(1).normals(rows * columns, standardDeviation: 2).map { $0 + 0.5 }
    let gain = SeedStream(2).normals(columns, standardDeviation: 1)
    let bias = SeedStream(3).normals(columns, standardDeviation: 1)
    let dy = SeedStream(4).normals(rows * columns, standardDeviation: 1)
    var inverse = [Float](repeating: 0, count: rows)
    var means = inverse
    gain.withUnsafeBufferPointer { gainBuffer in
      bias.withUnsafeBufferPointer { biasBuffer in
        let gainPointer = form.gain ? gainBuffer.baseAddress : nil
        let biasPointer = form.bias ? biasBuffer.baseAddress : nil
        let y = sameForAnyThreads(count: x.count) { y, workers in
          form.normalization.forward(
            x, gain: gainPointer, bias: biasPointer, into: y, inverseDeviations: &inverse, means: &means, rows: rows,
            columns: columns, workers: workers)
        }
        let expected = reference(form, x: x.doubles, gain: gain.doubles, bias: bias.doubles)
        expectClose(y, expected.map { Float($0) }, relative: 1e-5, absolute: 1e-6)
        let dx = sameForAnyThreads(count: x.count) { dx, workers in
          form.normalization.backward(
            dy, x: x, gain: gainPointer, inverseDeviations: inverse, means: means, into: dx, rows: rows,
            columns: columns, workers: workers)
        }
        expectClose(
          dx, differences(at: x, weights: dy) { reference(form, x: $0, gain: gain.doubles, bias: bias.doubles) },
          relative: 1e-4, absolute: 1e-5, "dx")
        guard form.gain else { return }
        let dGain = sameForAnyThreads(count: columns, initial: 1) { sums, workers in
          form.normalization.addGainGradient(
            dy, x: x, inverseDeviations: inverse, means: means, to: sums, rows: rows, columns: columns,
            workers: workers)
        }
        let expectedGain = differences(at: gain, weights: dy) {
          reference(form, x: x.doubles, gain: $0, bias: bias.doubles)
        }
        expectClose(dGain, expectedGain.map { $0 + 1 }, relative: 1e-4, absolute: 1e-5, "gain gradient")
      }
    }
  }

  @Test("A row's result does not depend on the other rows") func rows() {
    let x = SeedStream(5).normals(400 * 70, standardDeviation: 1)
    let normalization = Normalization(centers: true, epsilon: 1e-5)
    let all = sameForAnyThreads(count: x.count) { y, workers in
      normalization.forward(
        x, gain: nil, bias: nil, into: y, inverseDeviations: nil, means: nil, rows: 400, columns: 70, workers: workers)
    }
    let row = Array(x[300 * 70..<301 * 70])
    let alone = sameForAnyThreads(count: 70) { y, workers in
      normalization.forward(
        row, gain: nil, bias: nil, into: y, inverseDeviations: nil, means: nil, rows: 1, columns: 70, workers: workers)
    }
    #expect(alone.bits == Array(all[300 * 70..<301 * 70]).bits)
  }
}
