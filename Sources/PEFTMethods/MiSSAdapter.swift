import PEFTCore

/// MiSS of one linear map, with a row for each output or with one that repeats.
final class MiSSAdapter: MapAdapter, AdditiveLinearAdapter {
  /// D `[rank, width]`.
  private let block: Parameter
  private unowned let linear: Linear
  private let dropout: Double
  private let purpose: String
  private let context: ComputeContext
  /// The place in its group of every input.
  private let groupPlaces: [Int]
  /// The column of D of every output; nil if D has one for each.
  private let repeated: [Int]?

  init(_ linear: Linear, rank: Int, width: Int, dropout: Double, setting: AttachmentSetting) {
    self.linear = linear
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    block = setting.parameter("miss_block", of: linear, shape: [rank, width], start: .zeros, by: MiSS.name)
    groupPlaces = (0..<linear.inputs).map { $0 % rank }
    repeated = width == linear.outputs ? nil : (0..<linear.outputs).map { $0 % width }
  }

  var parameters: [Parameter] { [block] }
  /// An addition for each input, and the block.
  var multiplyAddsPerToken: Int { linear.inputs + block.elementCount }
  var outputs: Int { linear.outputs }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let kept = tape.dropout(x, probability: Float(dropout), purpose: purpose)
    let sums = tape.scatterColumns(kept, to: groupPlaces, width: block.shape[0])
    let update = tape.product(sums, tape.variable(for: block))
    return tape.add(repeated.map { tape.selectColumns($0, of: update) } ?? update, inPlaceTo: y)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let (values, width) = (block.value.values, block.shape[1])
    for output in 0..<linear.outputs {
      let column = repeated?[output] ?? output
      for input in 0..<linear.inputs {
        weight[output * linear.inputs + input] += values[groupPlaces[input] * width + column]
      }
    }
    return true
  }
}

/// MiSS's `bat` of one linear map: every row of blocks of the weight is multiplied by a block of its own, which is added too.
final class BatAdapter: DenseUpdateAdapter {
  /// B `[outputs / rank, rank, rank]`.
  private let blocks: Parameter
  unowned let linear: Linear
  private let columnPlaces: [Int]
  let context: ComputeContext

  init(_ linear: Linear, rank: Int, setting: AttachmentSetting) {
    self.linear = linear
    context = setting.context
    blocks = setting.parameter(
      "miss_block", of: linear, shape: [linear.outputs / rank, rank, rank], start: .zeros, by: MiSS.name)
    columnPlaces = (0..<linear.inputs).map { $0 % rank }
  }

  var parameters: [Parameter] { [blocks] }
  var outputs: Int { linear.outputs }

  func weightUpdate(on tape: Tape) -> Variable {
    let weight = linear.loadedWeight
    let (count, rank) = (blocks.shape[0], blocks.shape[1])
    let decoded = Tensor(uninitialized: [count, linear.inputs, rank], in: tape.context.pool)
    weight.decode(into: decoded.mutableElements, workers: tape.context.workers)
    let blocks = tape.variable(for: blocks)
    // A row of W is inputs / rank rows of blocks, one after the other: all of a row of blocks is one product.
    let products = tape.batchedProduct(Variable(constant: decoded), blocks)
    let spread = tape.selectColumns(columnPlaces, of: tape.reshape(blocks, to: [count * rank, rank]))
    return tape.add(spread, inPlaceTo: tape.reshape(products, to: [linear.outputs, linear.inputs]))
  }
}
