import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Operations of structured low-rank updates.
@Suite("Operations of low-rank updates") struct LowRankOperationTests {
  static let context = ComputeContext(threads: 2)

  static let cases: [GradientCase] = [
    GradientCase(name: "product with a frozen weight, not transposed", shapes: [[4, 5]]) { inputs, tape in
      guard let weight = GeneralOperationTests.weight else { return inputs[0] }
      return tape.linearTransposed(inputs[0], weight)
    },
    GradientCase(name: "orthonormal factor", shapes: [[5, 3]]) { $1.orthonormalFactor($0[0]) },
    GradientCase(name: "orthonormal factor of a square matrix", shapes: [[3, 3]]) { $1.orthonormalFactor($0[0]) },
    GradientCase(name: "orthonormal factor of a column", shapes: [[4, 1]]) { $1.orthonormalFactor($0[0]) },
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

  @Test("The transposed product is the product with the decoded weight")
  func transposedProduct() throws {
    let weight = try #require(GeneralOperationTests.weight)
    let x = Variable(
      constant: Tensor(SeedStream(1).normals(10, standardDeviation: 1), shape: [2, 5], in: Self.context.pool))
    let dense = Variable(constant: Tensor(weight.values, shape: [5, 7], in: Self.context.pool))
    let tape = Tape(context: Self.context, recording: false)
    expectClose(
      tape.linearTransposed(x, weight).value.values, tape.product(x, dense).value.values, relative: 1e-6,
      absolute: 1e-6)
  }

  @Test("An orthonormal factor has orthonormal columns that span the matrix's, with LAPACK's signs")
  func orthonormal() {
    let values = SeedStream(2).normals(15, standardDeviation: 1)
    let tape = Tape(context: Self.context, recording: false)
    let x = Variable(constant: Tensor(values, shape: [5, 3], in: Self.context.pool))
    let q = tape.orthonormalFactor(x)
    let gram = tape.product(q, q, transposeA: true).value.values
    expectClose(gram, [1, 0, 0, 0, 1, 0, 0, 0, 1], relative: 1e-6, absolute: 1e-6)
    let r = tape.product(q, x, transposeA: true)
    expectClose(tape.product(q, r).value.values, values, relative: 1e-5, absolute: 1e-6)
    // The first of R's diagonal elements has the opposite sign of what it replaces.
    #expect((r.value.values[0] < 0) == (values[0] > 0))
  }

  @Test(
    "An update that is built again gives the bits of one that is kept, and less is held", arguments: [true, false])
  func rebuilt(inputIsTracked: Bool) {
    func run(rebuilds: Bool) -> (result: [Float], gradients: [[Float]?], held: Int) {
      let context = ComputeContext(threads: 2)
      let shapes = [[4, 30], [4, 20], [30, 2], [2, 20]]
      let parameters = shapes.enumerated().map { index, shape in
        Parameter("p\(index)", shape: shape, in: context.pool) {
          SeedStream(3).child(index).normals(shape.reduce(1, *), standardDeviation: 1)
        }
      }
      let tape = Tape(context: context, recording: true)
      let y = GradientCase.copy(tape.variable(for: parameters[0]), tape)
      let x = inputIsTracked ? tape.variable(for: parameters[1]) : Variable(constant: parameters[1].value)
      let build: (Tape) -> Variable = { tape in
        tape.product(tape.variable(for: parameters[2]), tape.variable(for: parameters[3]))
      }
      let result =
        rebuilds
        ? tape.addLinear(to: y, x: x, rebuilding: build) : tape.addLinear(to: y, x: x, weight: build(tape))
      let values = result.value.values
      let held = context.pool.live[.activations]
      tape.pass(
        Tensor(SeedStream(4).normals(120, standardDeviation: 1), shape: [4, 30], in: context.pool), to: result)
      tape.runBackward()
      return (values, parameters.map { $0.gradient?.values }, held)
    }
    let (kept, rebuilt) = (run(rebuilds: false), run(rebuilds: true))
    #expect(rebuilt.result == kept.result)
    #expect(rebuilt.gradients == kept.gradients)
    #expect(rebuilt.gradients.map { $0 != nil } == [true, inputIsTracked, true, true])
    #expect(inputIsTracked ? rebuilt.held + 4 * 600 <= kept.held : rebuilt.held <= kept.held)
  }

  @Test("A weight that is built again gives the bits of one that is kept", arguments: [true, false])
  func rebuiltWeight(inputIsTracked: Bool) {
    func run(rebuilds: Bool) -> (result: [Float], gradients: [[Float]?]) {
      let context = ComputeContext(threads: 2)
      let parameters = [[4, 20], [30, 2], [2, 20]].enumerated().map { index, shape in
        Parameter("p\(index)", shape: shape, in: context.pool) {
          SeedStream(3).child(index).normals(shape.reduce(1, *), standardDeviation: 1)
        }
      }
      let tape = Tape(context: context, recording: true)
      let x = inputIsTracked ? tape.variable(for: parameters[0]) : Variable(constant: parameters[0].value)
      let build: (Tape) -> Variable = { tape in
        tape.product(tape.variable(for: parameters[1]), tape.variable(for: parameters[2]))
      }
      let result = rebuilds ? tape.linear(x, rebuilding: build) : tape.linear(x, weight: build(tape))
      let values = result.value.values
      tape.pass(
        Tensor(SeedStream(4).normals(120, standardDeviation: 1), shape: [4, 30], in: context.pool), to: result)
      tape.runBackward()
      return (values, parameters.map { $0.gradient?.values })
    }
    let (kept, rebuilt) = (run(rebuilds: false), run(rebuilds: true))
    #expect(rebuilt.result == kept.result)
    #expect(rebuilt.gradients == kept.gradients)
    #expect(rebuilt.gradients.map { $0 != nil } == [inputIsTracked, true, true])
  }
}
