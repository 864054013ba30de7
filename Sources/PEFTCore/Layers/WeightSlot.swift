/// One weight of the base model: its name, its shape, and the frozen and the trained values that can stand there.
///
/// `CausalLanguageModel.weightSlots` lists all of them. Loading, counting, checking, merging and full fine-tuning go by
/// that list.
public struct WeightSlot {
  /// What holds the weight.
  enum Holder {
    /// A table; where the head shares it, the head too.
    case table(TokenEmbedding, sharedBy: Linear?)
    case weight(Linear)
    case bias(Linear)
    case gain(NormLayer)
    case normBias(NormLayer)
  }

  let holder: Holder

  /// Where a checkpoint has it.
  public var place: WeightPlace {
    switch holder {
    case .table(let table, _): .matrix(site: table.site, outputs: table.count, inputs: table.width)
    case .weight(let linear): .matrix(site: linear.site, outputs: linear.outputs, inputs: linear.inputs)
    case .bias(let linear): .vector(name: linear.site + ".bias", count: linear.outputs)
    case .gain(let norm): .vector(name: norm.site + ".weight", count: norm.width)
    case .normBias(let norm): .vector(name: norm.site + ".bias", count: norm.width)
    }
  }

  /// The tensor's name in a Hugging Face checkpoint.
  public var name: String { place.name }

  /// `[outputs, inputs]` of a matrix, `[count]` of a vector.
  public var shape: [Int] {
    switch place {
    case .matrix(_, let outputs, let inputs): [outputs, inputs]
    case .vector(_, let count): [count]
    }
  }

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Whether it is a bias.
  public var isBias: Bool {
    switch holder {
    case .bias, .normBias: true
    case .table, .weight, .gain: false
    }
  }

  /// The module that the weight is a part of.
  public var part: any SitePart {
    switch holder {
    case .table(let table, _): table
    case .weight(let linear), .bias(let linear): linear
    case .gain(let norm), .normBias(let norm): norm
    }
  }

  /// The frozen matrix; nil for a vector, before weights are loaded, and while it is trained in full.
  public var matrix: WeightMatrix? {
    switch holder {
    case .table(let table, _): table.weight
    case .weight(let linear): linear.weight
    case .bias, .gain, .normBias: nil
    }
  }

  /// The frozen vector, as `matrix`.
  public var vector: Tensor? {
    switch holder {
    case .table, .weight: nil
    case .bias(let linear): linear.bias
    case .gain(let norm): norm.gain
    case .normBias(let norm): norm.bias
    }
  }

  /// Whether a frozen value is there.
  public var isLoaded: Bool { matrix != nil || vector != nil }

  /// The trained parameter in place of the frozen value, if there is one.
  public var trained: Parameter? {
    isBias ? part.occupancy.bias : part.occupancy.weight
  }

  /// The frozen values as float32, row-major; empty if none are loaded.
  public var values: [Float] { matrix?.values ?? vector?.values ?? [] }

  /// What a method attaches at the module to train the weight itself.
  public func occupant(_ parameter: Parameter) -> Occupant {
    isBias ? .bias(parameter) : .weight(parameter)
  }

  /// Trains the weight, of a table also where the head shares it, whatever is attached there.
  func train(_ parameter: Parameter, by method: String) {
    part.occupancy.insert(occupant(parameter), by: method, at: part.site)
    if case .table(_, let head?) = holder { head.occupancy.insert(.weight(parameter), by: method, at: head.site) }
  }

  /// A parameter with the weight's shape that starts at its present value, or at zero if none is loaded.
  ///
  /// - Parameters:
  ///   - name: The parameter's name, if it is not the weight's.
  ///   - context: Where its memory is counted.
  public func parameter(named name: String? = nil, context: ComputeContext) -> Parameter {
    let (matrix, vector, count) = (matrix, vector, elementCount)
    return Parameter(name ?? self.name, shape: shape, in: context.pool) {
      matrix?.values ?? vector?.values ?? [Float](repeating: 0, count: count)
    }
  }

  /// Puts a frozen matrix there, or takes it away.
  ///
  /// - Precondition: The slot is a matrix's; of the matrix's shape.
  public func replace(matrix: WeightMatrix?) {
    precondition(matrix.map { [$0.outputs, $0.inputs] == shape } ?? true, "\(name): not of shape \(shape)")
    switch holder {
    case .table(let table, let head):
      table.weight = matrix
      head?.weight = matrix
    case .weight(let linear): linear.weight = matrix
    case .bias, .gain, .normBias: preconditionFailure("\(name) is a vector")
    }
  }

  /// Puts a frozen vector there, or takes it away.
  ///
  /// - Precondition: The slot is a vector's; of the vector's length.
  public func replace(vector: Tensor?) {
    precondition(vector.map { $0.shape == shape } ?? true, "\(name): not of shape \(shape)")
    switch holder {
    case .table, .weight: preconditionFailure("\(name) is a matrix")
    case .bias(let linear): linear.bias = vector
    case .gain(let norm): norm.gain = vector
    case .normBias(let norm): norm.bias = vector
    }
  }

  /// Takes the frozen value away.
  func unload() {
    if shape.count == 2 { replace(matrix: nil) } else { replace(vector: nil) }
  }
}
