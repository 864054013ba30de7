import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Operations on values all of which may be trained: slopes, threads, and inputs of which only some are tracked.
@Suite("General operations of the tape") struct GeneralOperationTests {
  static let context = ComputeContext(threads: 2)

  static func copy(_ x: Variable, _ tape: Tape) -> Variable { GradientCase.copy(x, tape) }

  static let weight: WeightMatrix? = {
    let values = SeedStream(3).normals(35, standardDeviation: 0.7)
    let stored = values.withUnsafeBufferPointer { HalfPrecision.bfloat16($0) }
    return stored.withUnsafeBytes {
      try? WeightMatrix(format: .bfloat16, outputs: 5, inputs: 7, bytes: $0, context: context)
    }
  }()

  static let positions = SparsePositions(
    rows: [0, 3, 3, 1, 3, 0], columns: [2, 0, 5, 5, 0, 4], height: 4, width: 6)

  static let cases: [GradientCase] = [
    GradientCase(name: "product", shapes: [[4, 5], [5, 3]]) { $1.product($0[0], $0[1]) },
    GradientCase(name: "attention to a prompt", shapes: [[5, 8], [3, 4], [3, 4], [1]]) { inputs, tape in
      tape.promptAttention(
        queries: inputs[0], keys: inputs[1], values: inputs[2], gate: inputs[3],
        shape: AttentionShape(heads: 4, keyValueHeads: 2, headDimension: 2, scale: 1))
    },
    GradientCase(name: "product, first transposed", shapes: [[5, 4], [5, 3]]) {
      $1.product($0[0], $0[1], transposeA: true)
    },
    GradientCase(name: "product, second transposed", shapes: [[4, 5], [3, 5]]) {
      $1.product($0[0], $0[1], transposeB: true)
    },
    GradientCase(name: "product, both transposed", shapes: [[5, 4], [3, 5]]) {
      $1.product($0[0], $0[1], transposeA: true, transposeB: true)
    },
    GradientCase(name: "product of one matrix with itself", shapes: [[4, 4]]) { $1.product($0[0], $0[0]) },
    GradientCase(name: "batched product", shapes: [[3, 2, 4], [3, 4, 5]]) { $1.batchedProduct($0[0], $0[1]) },
    GradientCase(name: "batched product, both transposed", shapes: [[3, 4, 2], [3, 5, 4]]) {
      $1.batchedProduct($0[0], $0[1], transposeA: true, transposeB: true)
    },
    GradientCase(name: "dense update", shapes: [[4, 3], [4, 5], [3, 5]]) { inputs, tape in
      tape.addLinear(to: copy(inputs[0], tape), x: inputs[1], weight: inputs[2])
    },
    GradientCase(name: "Kronecker product", shapes: [[2, 3], [4, 5]]) { $1.kronecker($0[0], $0[1]) },
    GradientCase(name: "sum", shapes: [[3, 4], [3, 4]]) { $1.sum($0[0], $0[1]) },
    GradientCase(name: "difference", shapes: [[3, 4], [3, 4]]) { $1.difference($0[0], $0[1]) },
    GradientCase(name: "difference of a value and itself squared", shapes: [[3, 4]]) {
      $1.difference($0[0], $1.hadamard($0[0], $0[0]))
    },
    GradientCase(name: "product by elements", shapes: [[3, 4], [3, 4]]) { $1.hadamard($0[0], $0[1]) },
    GradientCase(name: "product by elements with a frozen weight", shapes: [[5, 7]]) { inputs, tape in
      guard let weight else { return inputs[0] }
      return tape.hadamard(weight: weight, with: inputs[0])
    },
    GradientCase(name: "product by elements with a frozen weight, and that added", shapes: [[5, 7]]) { inputs, tape in
      guard let weight else { return inputs[0] }
      return tape.hadamard(weight: weight, with: inputs[0], addsWeight: true)
    },
    GradientCase(name: "sum with a frozen weight", shapes: [[5, 7]]) { inputs, tape in
      guard let weight else { return inputs[0] }
      return tape.add(weight, inPlaceTo: copy(inputs[0], tape))
    },
    GradientCase(name: "scaled by a variable", shapes: [[3, 4], [1]]) { $1.scaled($0[0], by: $0[1]) },
    GradientCase(name: "exponential", shapes: [[3, 7]]) { $1.exponential($0[0]) },
    GradientCase(name: "cosine", shapes: [[3, 7]]) { $1.cosine($0[0]) },
    GradientCase(name: "sine", shapes: [[3, 7]]) { $1.sine($0[0]) },
    GradientCase(name: "sigmoid", shapes: [[3, 7]]) { $1.sigmoid($0[0]) },
    GradientCase(name: "normalized rows", shapes: [[4, 5]]) { $1.normalizedRows($0[0], epsilon: 0) },
    GradientCase(name: "normalized rows, all of them short", shapes: [[4, 5]]) {
      $1.normalizedRows($0[0], epsilon: 9)
    },
    GradientCase(name: "block product", shapes: [[3, 8], [4, 3, 2]]) { $1.blockProduct($0[0], $0[1]) },
    GradientCase(name: "block product, not transposed", shapes: [[3, 8], [4, 2, 3]]) {
      $1.blockProduct($0[0], $0[1], transposeBlocks: false)
    },
    GradientCase(name: "block product of two blocks", shapes: [[3, 8], [2, 3, 4]]) { $1.blockProduct($0[0], $0[1]) },
    GradientCase(name: "block product with a shared block", shapes: [[3, 8], [1, 3, 2]]) {
      $1.blockProduct($0[0], $0[1])
    },
    GradientCase(name: "block product with a shared block, not transposed", shapes: [[3, 8], [1, 2, 3]]) {
      $1.blockProduct($0[0], $0[1], transposeBlocks: false)
    },
    GradientCase(name: "skew matrices", shapes: [[2, 6]]) { $1.skew($0[0], size: 4) },
    GradientCase(name: "inverse", shapes: [[2, 6]]) { inputs, tape in
      let identity = Variable(
        constant: Tensor(
          (0..<2).flatMap { _ in (0..<16).map { $0 % 5 == 0 ? 2 : 0 } }, shape: [2, 4, 4], in: context.pool))
      return tape.inverse(tape.sum(identity, tape.skew(inputs[0], size: 4)))
    },
    GradientCase(name: "sparse update", shapes: [[3, 4], [3, 6], [6]]) { inputs, tape in
      tape.addSparse(to: copy(inputs[0], tape), x: inputs[1], values: inputs[2], at: positions)
    },
    GradientCase(name: "sparse update of many rows", shapes: [[75, 4], [75, 6], [6]]) { inputs, tape in
      tape.addSparse(to: copy(inputs[0], tape), x: inputs[1], values: inputs[2], at: positions)
    },
    GradientCase(name: "selected columns", shapes: [[3, 4]]) { $1.selectColumns([2, 0, 2, 3, 3], of: $0[0]) },
    GradientCase(name: "columns added up", shapes: [[3, 5]]) {
      $1.scatterColumns($0[0], to: [2, 0, 2, 3, 0], width: 5)
    },
    GradientCase(name: "elements", shapes: [[3, 4]]) { $1.elements(at: [11, 0, 5, 5], of: $0[0]) },
    GradientCase(name: "transposed", shapes: [[3, 4]]) { $1.transposed($0[0]) },
  ]

  @Test("The gradient equals the slope of the forward pass", arguments: cases)
  func gradient(of operation: GradientCase) { expectGradientEqualsSlope(of: operation, context: Self.context) }

  @Test("Results and gradients have the same bits for any number of threads", arguments: cases)
  func threads(of operation: GradientCase) {
    let one = operation.trace(operation.values, context: ComputeContext(threads: 1))
    let five = operation.trace(operation.values, context: ComputeContext(threads: 5))
    #expect(one.result == five.result)
    #expect(one.gradients == five.gradients)
  }

  @Test("An input's gradient does not depend on which other inputs are tracked", arguments: cases)
  func partlyTracked(_ operation: GradientCase) {
    let all = operation.trace(operation.values, context: Self.context)
    for index in operation.shapes.indices {
      let isTracked = operation.shapes.indices.map { $0 == index }
      let alone = operation.trace(operation.values, isTracked: isTracked, context: Self.context)
      #expect(alone.result == all.result)
      for (other, gradient) in alone.gradients.enumerated() {
        #expect(gradient == (other == index ? all.gradients[index] : nil), "\(operation.name), input \(other)")
      }
    }
  }
}
