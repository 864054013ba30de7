import PEFTCore

/// The singular vectors of a weight and the positions between them that SVFT trains; found at first use, or read from a file.
final class SingularFrame {
  /// Width of the map's output.
  let outputs: Int
  private unowned let linear: Linear
  /// Number of singular vectors on each side.
  let rank: Int
  private let method: SVFT
  private let stream: SeedStream
  private let context: ComputeContext
  private var knownLeft: Tensor?
  private var knownValues: [Float]?
  private var knownRight: Tensor?
  private var knownRows: [Int32]?
  private var knownColumns: [Int32]?
  private var knownPositions: SparsePositions?
  /// The weight that `restoresWeight` was found for.
  private weak var comparedWeight: WeightMatrix?
  private var restoresComparedWeight = false

  init(of linear: Linear, _ method: SVFT, stream: SeedStream, _ context: ComputeContext) {
    self.linear = linear
    self.method = method
    self.stream = stream
    self.context = context
    outputs = linear.outputs
    rank = min(method.rank ?? .max, linear.inputs, linear.outputs)
  }

  /// Width of the map's input.
  var inputs: Int { linear.inputs }

  /// Number of trained elements.
  var count: Int {
    let beside = min(method.offDiagonal, rank - 1)
    return rank * (2 * beside + 1) - beside * (beside + 1)
  }

  /// U `[outputs, rank]`.
  var left: Variable { Variable(constant: known(\.knownLeft)) }

  /// V `[rank, inputs]`.
  var right: Variable { Variable(constant: known(\.knownRight)) }

  /// S `[rank]`.
  var values: Variable { Variable(constant: tensor(known(\.knownValues), [rank])) }

  /// Whether U·S·V is the weight, as far as single precision goes, so that it can be multiplied by in place of it.
  ///
  /// It is not with a rank below full, nor where a file's vectors were found for another weight.
  var restoresWeight: Bool {
    let weight = linear.loadedWeight
    if let comparedWeight, comparedWeight === weight { return restoresComparedWeight }
    comparedWeight = weight
    restoresComparedWeight = rank == min(inputs, outputs) && isClose(to: weight)
    return restoresComparedWeight
  }

  private func isClose(to weight: WeightMatrix) -> Bool {
    let tape = Tape(context: context, recording: false)
    let product = tape.product(tape.scaleColumns(left, by: values), right)
    let difference = tape.add(weight, inPlaceTo: tape.scale(product, by: -1)).value.values
    // Rounding leaves some 1e-7 of the norm; NaN is close to nothing.
    return DoubleMatrix(difference, rows: outputs, columns: inputs).norm
      <= 4e-6 * DoubleMatrix(weight.values, rows: outputs, columns: inputs).norm
  }

  /// Rows and columns of M's trained elements.
  var positions: SparsePositions {
    if let knownPositions { return knownPositions }
    let flat = knownRows == nil || knownColumns == nil ? patternPositions : []
    let result = SparsePositions(
      rows: knownRows ?? flat.map { Int32($0 / rank) }, columns: knownColumns ?? flat.map { Int32($0 % rank) },
      height: rank, width: rank)
    knownPositions = result
    return result
  }

  /// What a file has beside the parameters.
  ///
  /// - Parameter prefix: What the keys begin with.
  func tensors(_ prefix: String) -> [AdapterTensor] {
    func integers(
      _ values: @escaping () -> [Int32], _ known: ReferenceWritableKeyPath<SingularFrame, [Int32]?>
    ) -> AdapterIntegers {
      AdapterIntegers(
        values: values,
        problem: { [rank] numbers in
          numbers.allSatisfy { $0 >= 0 && $0 < rank } ? nil : "names singular vectors beyond the \(rank) that there are"
        },
        assign: {
          self[keyPath: known] = $0
          self.knownPositions = nil
        })
    }
    let (leftShape, rightShape) = ([outputs, rank], [rank, linear.inputs])
    return [
      AdapterTensor(
        key: prefix + "u", shape: leftShape, values: { self.known(\.knownLeft).values },
        assign: { self.replace(\.knownLeft, by: self.tensor($0, leftShape)) }),
      AdapterTensor(
        key: prefix + "s_base", shape: [rank], values: { self.known(\.knownValues) },
        assign: { self.replace(\.knownValues, by: $0) }),
      AdapterTensor(
        key: prefix + "v", shape: rightShape, values: { self.known(\.knownRight).values },
        assign: { self.replace(\.knownRight, by: self.tensor($0, rightShape)) }),
      AdapterTensor(
        key: prefix + "row_idx", shape: [count], integers: integers({ self.positions.rows }, \.knownRows)),
      AdapterTensor(
        key: prefix + "col_idx", shape: [count], integers: integers({ self.positions.columns }, \.knownColumns)),
    ]
  }

  /// A part of the decomposition: as a file has it, or else of the weight.
  private func known<Value>(_ part: KeyPath<SingularFrame, Value?>) -> Value {
    if let value = self[keyPath: part] { return value }
    guard !context.isShapeOnly else {
      knownLeft = Tensor(uninitialized: [outputs, rank], in: context.pool, as: .adapter)
      knownValues = [Float](repeating: 0, count: rank)
      knownRight = Tensor(uninitialized: [rank, linear.inputs], in: context.pool, as: .adapter)
      return known(part)
    }
    let weight = linear.loadedWeight
    let matrix = DoubleMatrix(weight.values, rows: weight.outputs, columns: weight.inputs)
    let found = SingularValues(leading: rank, of: matrix, workers: context.workers)
    knownLeft = knownLeft ?? tensor(found.left.transposed.floats, [outputs, rank])
    knownValues = knownValues ?? found.values.map { Float($0) }
    knownRight = knownRight ?? tensor(found.right.floats, [rank, linear.inputs])
    guard let value = self[keyPath: part] else { preconditionFailure("\(linear.site): not a part of a decomposition") }
    return value
  }

  /// Takes a part of the decomposition from a file.
  private func replace<Value>(_ part: ReferenceWritableKeyPath<SingularFrame, Value?>, by value: Value) {
    self[keyPath: part] = value
    comparedWeight = nil
  }

  private func tensor(_ values: [Float], _ shape: [Int]) -> Tensor {
    Tensor(values, shape: shape, in: context.pool, as: .adapter)
  }

  /// The pattern's positions in row-major order.
  private var patternPositions: [Int] {
    switch method.pattern {
    case .banded:
      return (0..<rank).flatMap { row in
        (max(0, row - method.offDiagonal)...min(rank - 1, row + method.offDiagonal)).map { row * rank + $0 }
      }
    case .random: return stream.permutation(rank * rank).prefix(count).sorted()
    case .topK:
      let values = known(\.knownValues)
      let sizes = (0..<rank * rank).map { abs(values[$0 / rank] * values[$0 % rank]) }
      return sizes.descendingOrder.prefix(count).sorted()
    }
  }
}
