import PEFTTestSupport
import Testing

@testable import PEFTCore

/// One operation with the shapes of its inputs, in the order in which the closure gets them.
struct GradientCase: CustomTestStringConvertible, Sendable {
  let name: String
  let shapes: [[Int]]
  let run: @Sendable (_ inputs: [Variable], _ tape: Tape) -> Variable
  var testDescription: String { name }

  init(name: String, shapes: [[Int]], run: @escaping @Sendable (_ inputs: [Variable], _ tape: Tape) -> Variable) {
    (self.name, self.shapes, self.run) = (name, shapes, run)
  }

  /// Operations may overwrite their inputs, so each gets a copy.
  static func copy(_ x: Variable, _ tape: Tape) -> Variable {
    tape.selectRows(Array(0..<x.value.rowCount), of: x)
  }

  /// Values for the inputs, a function of the name.
  var values: [[Float]] {
    shapes.enumerated().map { index, shape in
      SeedStream(11).child(name).child(index).normals(shape.reduce(1, *), standardDeviation: 0.8)
    }
  }

  /// Runs the operation forward and, from a fixed gradient of its result, backward.
  ///
  /// - Parameter isTracked: For each input, whether it is trainable; all are if nil.
  /// - Returns: The result and the gradient of each input, nil for one that is constant.
  func trace(_ values: [[Float]], isTracked: [Bool]? = nil, context: ComputeContext) -> (
    result: [Float], gradients: [[Float]?], weights: [Float]
  ) {
    let parameters = zip(shapes, values).enumerated().map { index, input in
      Parameter("input \(index)", shape: input.0, in: context.pool) { input.1 }
    }
    let tape = Tape(context: context, recording: true, dropout: SeedStream(5))
    let inputs = parameters.enumerated().map { index, parameter in
      isTracked?[index] ?? true ? tape.variable(for: parameter) : Variable(constant: parameter.value)
    }
    let result = run(inputs, tape)
    let weights = SeedStream(11).child(name).child("weights").normals(
      result.value.elementCount, standardDeviation: 1)
    // Kept before going back: the gradient may be written into by the operation, and the result by nobody.
    let value = result.value.values
    tape.pass(Tensor(weights, shape: result.shape, in: context.pool), to: result)
    tape.runBackward()
    return (value, parameters.map { $0.gradient?.values }, weights)
  }
}

/// Compares every input's gradient with central differences of the forward pass.
func expectGradientEqualsSlope(of operation: GradientCase, context: ComputeContext) {
  var values = operation.values
  let (_, gradients, weights) = operation.trace(values, context: context)

  func weighted() -> Double {
    let tape = Tape(context: context, recording: false, dropout: SeedStream(5))
    let inputs = zip(operation.shapes, values).map { Variable(constant: Tensor($0.1, shape: $0.0, in: context.pool)) }
    return zip(operation.run(inputs, tape).value.values, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  let step: Float = 1e-2
  for (index, gradient) in gradients.enumerated() {
    var slopes: [Float] = []
    for element in values[index].indices {
      let original = values[index][element]
      values[index][element] = original + step
      let above = weighted()
      values[index][element] = original - step
      let below = weighted()
      values[index][element] = original
      slopes.append(Float((above - below) / (2 * Double(step))))
    }
    expectClose(gradient ?? [], slopes, relative: 1e-2, absolute: 1e-2, "\(operation.name), input \(index)")
  }
}
