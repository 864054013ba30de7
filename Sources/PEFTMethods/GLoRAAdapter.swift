import PEFTCore

/// GLoRA of one linear map.
///
/// B is applied as a low-rank update and so never formed. A multiplies the weight element by element: as a product it is formed
/// to W + W ⊙ A, and again in the backward pass; as a number for each output it scales the map's own product. Where other
/// adapters stand inside, W ⊙ A gets a product of its own beside what they give.
final class GLoRAAdapter: MapAdapter, AdditiveLinearAdapter {
  /// One correction.
  private enum Correction {
    /// Xd and Xu.
    case product(Parameter, Parameter)
    /// X, a number for each row, or one for all.
    case values(Parameter)
    /// A shape of zeros.
    case absent([Int])

    var parameters: [Parameter] {
      switch self {
      case .product(let down, let up): [down, up]
      case .values(let values): [values]
      case .absent: []
      }
    }
  }

  private let multiplied: Correction
  private let added: Correction
  private let coupled: Correction
  private let biasMultiplied: Correction
  private let biasAdded: Correction
  private unowned let linear: Linear
  private let context: ComputeContext

  init(_ linear: Linear, _ method: GLoRA, setting: AttachmentSetting) {
    self.linear = linear
    context = setting.context
    func correction(_ name: String, _ form: GLoRA.Form, shape: [Int]) -> Correction {
      func parameter(_ key: String, _ shape: [Int], _ start: ParameterStart) -> Parameter {
        setting.parameter("glora_\(name).\(key)", of: linear, shape: shape, start: start, by: GLoRA.name)
      }
      let (rows, columns, rank) = (shape[0], shape.count > 1 ? shape[1] : 1, method.rank)
      return switch form {
      case .lora:
        .product(
          parameter("Xd", [rows, rank], .zeros), parameter("Xu", [rank, columns], .uniform(fanIn: columns)))
      case .vector: .values(parameter("X", shape.count > 1 ? [rows, 1] : [rows], .zeros))
      case .constant: .values(parameter("X", [1], .zeros))
      case .none: .absent(shape)
      }
    }
    func biasForm(_ name: String) -> GLoRA.Form { linear.hasBias ? GLoRA.Form(rawValue: name) ?? .none : .none }
    multiplied = correction("A", method.weights, shape: [linear.outputs, linear.inputs])
    added = correction("B", method.weights, shape: [linear.outputs, linear.inputs])
    coupled = correction("C", biasForm(method.coupling.rawValue), shape: [linear.inputs, 1])
    biasMultiplied = correction("D", biasForm(method.biases.rawValue), shape: [linear.outputs])
    biasAdded = correction("E", biasForm(method.biases.rawValue), shape: [linear.outputs])
  }

  private var corrections: [(name: String, correction: Correction)] {
    [("A", multiplied), ("B", added), ("C", coupled), ("D", biasMultiplied), ("E", biasAdded)]
  }

  var parameters: [Parameter] { corrections.flatMap(\.correction.parameters) }
  /// What multiplies the weight is a product more, or is formed to one matrix with what is added to it.
  var multiplyAddsPerToken: Int {
    (multiplied.parameters.isEmpty ? 0 : linear.inputs * linear.outputs) + (linear.hasBias ? linear.outputs : 0)
  }
  var outputs: Int { linear.outputs }

  var tensors: [AdapterTensor] {
    corrections.flatMap { name, correction -> [AdapterTensor] in
      guard case .absent(let shape) = correction else { return correction.parameters.map { AdapterTensor($0) } }
      let count = shape.reduce(1, *)
      return [
        AdapterTensor(
          key: "\(AdapterTensor.prefix)\(linear.site).glora_\(name).zeros", shape: shape,
          values: { [Float](repeating: 0, count: count) }, assign: { _ in })
      ]
    }
  }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    guard linear.isFrozen(inside: self), !multiplied.parameters.isEmpty else {
      return add(to: base(x), x: x, on: tape)
    }
    let y: Variable
    switch multiplied {
    case .product(let down, let up):
      y = tape.linear(x) { self.multipliedWeight(down, up, on: $0, addsWeight: true) }
    case .values(let values):
      let factors = spread(values, on: tape)
      y = tape.scaleColumns(tape.linear(x, weight), by: tape.sum(factors, ones(factors.shape, tape)))
    case .absent: y = tape.linear(x, weight)
    }
    return addBiasUpdate(to: addLowRank(to: linear.addBias(to: y, on: tape), x: x, on: tape), on: tape)
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    addBiasUpdate(to: addWeightUpdate(to: y, x: x, on: tape), on: tape)
  }

  /// y + (W ⊙ A + B)·x, in y's memory.
  private func addWeightUpdate(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let sum: Variable
    switch multiplied {
    case .product(let down, let up):
      sum = tape.addLinear(to: y, x: x) { self.multipliedWeight(down, up, on: $0, addsWeight: false) }
    case .values(let values):
      sum = tape.add(tape.scaleColumns(tape.linear(x, weight), by: spread(values, on: tape)), inPlaceTo: y)
    case .absent: sum = y
    }
    return addLowRank(to: sum, x: x, on: tape)
  }

  /// W ⊙ A, or W + W ⊙ A.
  private func multipliedWeight(_ down: Parameter, _ up: Parameter, on tape: Tape, addsWeight: Bool) -> Variable {
    let factors = tape.product(tape.variable(for: down), tape.variable(for: up))
    return tape.hadamard(weight: weight, with: factors, addsWeight: addsWeight)
  }

  /// y + B·x, in y's memory.
  private func addLowRank(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    switch added {
    case .product(let down, let up):
      tape.addLowRank(
        to: y, x: x, a: tape.variable(for: up), b: tape.variable(for: down), scale: 1, dropout: 0, purpose: "")
    case .values(let values):
      tape.addLowRank(
        to: y, x: x, a: ones([1, linear.inputs], tape), b: tape.reshape(spread(values, on: tape), to: [outputs, 1]),
        scale: 1, dropout: 0, purpose: "")
    case .absent: y
    }
  }

  private func addBiasUpdate(to y: Variable, on tape: Tape) -> Variable {
    biasUpdate(on: tape).map { tape.addBias($0, to: y) } ?? y
  }

  /// What is added to the bias, `[outputs]`; nil if nothing is.
  private func biasUpdate(on tape: Tape) -> Variable? {
    var terms: [Variable] = []
    switch coupled {
    case .product(let down, let up):
      let column = tape.product(tape.variable(for: up), tape.variable(for: down), transposeA: true, transposeB: true)
      terms.append(tape.linear(column, weight))
    case .values(let values):
      terms.append(tape.linear(tape.reshape(tape.variable(for: values), to: [1, linear.inputs]), weight))
    case .absent: break
    }
    if case .values(let values) = biasMultiplied, let bias = linear.bias ?? linear.trainedBias?.value {
      terms.append(
        tape.hadamard(
          Variable(constant: bias.reshaped(to: [1, outputs])),
          tape.reshape(spread(values, on: tape), to: [1, outputs])))
    }
    if case .values(let values) = biasAdded {
      terms.append(tape.reshape(spread(values, on: tape), to: [1, outputs]))
    }
    guard let first = terms.first else { return nil }
    return terms.dropFirst().reduce(first) { tape.sum($0, $1) }
  }

  /// A number for each output: the values, or the only one of them repeated.
  private func spread(_ values: Parameter, on tape: Tape) -> Variable {
    let variable = tape.variable(for: values)
    guard values.elementCount == 1, outputs != 1 else { return variable }
    return tape.product(ones([outputs, 1], tape), tape.reshape(variable, to: [1, 1]))
  }

  private func ones(_ shape: [Int], _ tape: Tape) -> Variable {
    Variable(
      constant: Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape, in: tape.context.pool))
  }

  private var weight: WeightMatrix { linear.loadedWeight }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    weight.addResponse(inputs: linear.inputs, context: context) { addWeightUpdate(to: $0, x: $1, on: $2) }
    return true
  }

  func merge(intoBias bias: inout [Float]) {
    if let update = biasUpdate(on: Tape(context: context, recording: false))?.value.values { bias.addShift(update) }
  }
}
