import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Attention") struct AttentionKernelTests {
  static func shape(
    _ heads: Int, _ keyValueHeads: Int, _ dimension: Int, window: Int? = nil, softCap: Float? = nil
  ) -> AttentionShape {
    AttentionShape(
      heads: heads, keyValueHeads: keyValueHeads, headDimension: dimension, scale: 1 / Float(dimension).squareRoot(),
      window: window, softCap: softCap)
  }

  static let shapes = [
    shape(1, 1, 8), shape(9, 3, 64), shape(4, 1, 16), shape(2, 2, 80), shape(3, 1, 96), shape(2, 1, 128),
    shape(2, 2, 256), shape(4, 2, 10), shape(6, 2, 64, window: 5), shape(6, 3, 16, window: 1),
    shape(4, 2, 64, softCap: 2), shape(6, 2, 32, window: 40, softCap: 3),
  ]
  static let forest: [AttentionCase.Node] = [
    (nil, 37), (0, 11), (0, 1), (1, 6), (nil, 70), (nil, 0), (4, 23), (nil, 1),
  ]

  @Test("Outputs agree with the formula in double precision", arguments: shapes)
  func forward(shape: AttentionShape) {
    let problem = AttentionCase(shape, nodes: Self.forest, seed: 3)
    let expected = problem.reference(
      q: problem.q.values.doubles, k: problem.k.values.doubles, v: problem.v.values.doubles)
    expectClose(problem.forward().out.values, expected.map { Float($0) }, relative: 2e-5, absolute: 3e-6)
  }

  @Test("Gradients agree with central differences of the formula", arguments: shapes)
  func gradients(shape: AttentionShape) {
    let problem = AttentionCase(shape, nodes: [(nil, 5), (0, 3), (0, 4), (1, 2)], seed: 4)
    let gradient = SeedStream(5).normals(problem.q.elementCount, standardDeviation: 1)
    let actual = problem.backward(gradient)
    let values = [problem.q.values.doubles, problem.k.values.doubles, problem.v.values.doubles]
    for (which, derivatives) in [actual.dq, actual.dk, actual.dv].enumerated() {
      #expect(derivatives.allSatisfy { $0.isFinite })
      let step = 1e-5
      let chosen = (0..<12).map { SeedStream(6).child(which).integer(below: derivatives.count, at: $0) }
      let expected = chosen.map { index -> Float in
        func loss(_ shift: Double) -> Double {
          var values = values
          values[which][index] += shift
          let outputs = problem.reference(q: values[0], k: values[1], v: values[2])
          return zip(outputs, gradient).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        return Float((loss(step) - loss(-step)) / (2 * step))
      }
      expectClose(chosen.map { derivatives[$0] }, expected, relative: 1e-4, absolute: 1e-5, ["dq", "dk", "dv"][which])
    }
  }

  @Test("A long segment's gradients, summed from several pieces, agree with those of its parts in a chain")
  func gradientsOfPieces() {
    let whole = AttentionCase(Self.shape(2, 1, 16), nodes: [(nil, 600)], seed: 7)
    let parts = AttentionCase(Self.shape(2, 1, 16), nodes: [(nil, 150), (0, 100), (1, 230), (2, 120)], seed: 7)
    let gradient = SeedStream(8).normals(whole.q.elementCount, standardDeviation: 1)
    let (a, b) = (whole.backward(gradient), parts.backward(gradient))
    #expect(a.dq.bits == b.dq.bits)
    expectClose(a.dk, b.dk, relative: 1e-4, absolute: 1e-5, "dk")
    expectClose(a.dv, b.dv, relative: 1e-4, absolute: 1e-5, "dv")
  }

  @Test("Any number of threads gives the same bits", arguments: [shapes[1], shapes[8], shapes[10]])
  func threads(shape: AttentionShape) {
    let problem = AttentionCase(shape, nodes: Self.forest + [(nil, 300)], seed: 9)
    let gradient = SeedStream(10).normals(problem.q.elementCount, standardDeviation: 1)
    let (out, lse) = problem.forward()
    let gradients = problem.backward(gradient)
    for threads in [2, 5] {
      let other = problem.forward(threads: threads)
      #expect(other.out.values.bits == out.values.bits)
      #expect(other.lse.values.bits == lse.values.bits)
      let otherGradients = problem.backward(gradient, threads: threads)
      #expect(otherGradients.dq.bits == gradients.dq.bits)
      #expect(otherGradients.dk.bits == gradients.dk.bits)
      #expect(otherGradients.dv.bits == gradients.dv.bits)
    }
  }

  @Test("How a chain is cut into segments and blocks changes no bit", arguments: shapes)
  func split(shape: AttentionShape) {
    let whole = AttentionCase(shape, nodes: [(nil, 150)], seed: 11)
    let (out, lse) = whole.forward()
    for counts in [[1, 149], [64, 50, 36], [30, 1, 99, 20], [149, 1]] {
      let nodes = counts.enumerated().map { (parent: $0 == 0 ? nil : $0 - 1, count: $1) }
      let nested = AttentionCase(shape, nodes: nodes, seed: 11)
      let result = nested.forward()
      #expect(result.out.values.bits == out.values.bits, "cut into \(counts)")
      #expect(result.lse.values.bits == lse.values.bits, "cut into \(counts)")
    }
  }

  @Test("Rows that are worked on in few have the bits that they have among many", arguments: shapes)
  func fewRows(shape: AttentionShape) {
    let whole = AttentionCase(shape, nodes: [(nil, 60)], seed: 21)
    let parts = AttentionCase(shape, nodes: [(nil, 58), (0, 1), (1, 1)], seed: 21)
    let gradient = SeedStream(22).normals(whole.q.elementCount, standardDeviation: 1)
    #expect(whole.forward().lse.values.bits == parts.forward().lse.values.bits)
    let (a, b) = (whole.backward(gradient), parts.backward(gradient))
    #expect(a.dq.bits == b.dq.bits)
    expectClose(a.dk, b.dk, relative: 1e-4, absolute: 1e-5, "dk")
    expectClose(a.dv, b.dv, relative: 1e-4, absolute: 1e-5, "dv")
  }

  @Test("One row on a cache in another memory layout gives the bits of the whole sequence", arguments: shapes)
  func cache(shape: AttentionShape) {
    let whole = AttentionCase(shape, nodes: [(nil, 150)], seed: 12)
    let expected = whole.forward().out.values
    let width = whole.keyWidth
    // Keys and values side by side in one row, as in a fused buffer.
    var interleaved: [Float] = []
    for row in 0..<150 {
      interleaved += whole.k.values[row * width..<(row + 1) * width]
      interleaved += whole.v.values[row * width..<(row + 1) * width]
    }
    let cache = Tensor(interleaved, shape: [150, 2 * width], in: whole.pool)
    for row in [0, 1, 63, 64, 149] {
      let blocks = [(0, row), (row, 1)].map { start, count in
        KeyBlock(
          keys: cache.elements + start * 2 * width, values: cache.elements + start * 2 * width + width, count: count,
          rowStride: 2 * width)
      }
      let out = whole.forward([AttentionSegment(queryRow: row, queryCount: 1, blocks: blocks)]).out.values
      let range = row * whole.queryWidth..<(row + 1) * whole.queryWidth
      #expect(Array(out[range]).bits == Array(expected[range]).bits, "row \(row)")
    }
  }

  @Test("A segment's result does not depend on the others in the call", arguments: shapes)
  func batch(shape: AttentionShape) {
    let problem = AttentionCase(shape, nodes: Self.forest, seed: 13)
    let expected = problem.forward().out.values
    let segments = problem.segments()
    for (node, firstRow) in problem.firstRows.enumerated() {
      let out = problem.forward([segments[node]]).out.values
      let range = firstRow * problem.queryWidth..<(firstRow + problem.nodes[node].count) * problem.queryWidth
      #expect(Array(out[range]).bits == Array(expected[range]).bits)
      #expect(out.indices.allSatisfy { range.contains($0) || out[$0].isNaN }, "rows of other segments were written")
    }
  }

  @Test("Later tokens reach no earlier one, not even as NaN") func causality() {
    let problem = AttentionCase(Self.shape(3, 1, 16), nodes: [(nil, 40)], seed: 14)
    let expected = problem.forward().out.values
    let width = problem.keyWidth
    for i in 20 * width..<40 * width {
      problem.k.mutableElements[i] = .nan
      problem.v.mutableElements[i] = .infinity
    }
    let out = problem.forward().out.values
    #expect(Array(out[..<(20 * problem.queryWidth)]).bits == Array(expected[..<(20 * problem.queryWidth)]).bits)
  }
}
