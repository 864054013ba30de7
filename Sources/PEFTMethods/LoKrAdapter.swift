import PEFTCore

/// LoKr of one linear map.
///
/// With x reshaped to X `[i, j]`, (w₁ ⊗ w₂)·x is w₁·X·w₂ᵀ `[l, k]` laid out flat. Whichever of the two acts first, the other's
/// rows must lie together, so columns are reordered twice; the order that takes fewer multiplications is chosen once.
final class LoKrAdapter: MapAdapter, AdditiveLinearAdapter {
  /// One of the two matrices, as it is or as a product of thin ones.
  private struct Factor {
    /// The matrix, or A and B.
    let parameters: [Parameter]

    init(
      _ key: String, rows: Int, columns: Int, rank: Int?, isZero: (a: Bool, b: Bool), of linear: Linear,
      setting: AttachmentSetting
    ) {
      func parameter(_ key: String, _ shape: [Int], isZero: Bool) -> Parameter {
        setting.parameter(
          key, of: linear, shape: shape, start: isZero ? .zeros : .uniform(fanIn: shape[1]), by: LoKr.name)
      }
      parameters =
        rank.map { rank in
          [
            parameter("\(key)_a", [rows, rank], isZero: isZero.a),
            parameter("\(key)_b", [rank, columns], isZero: isZero.b),
          ]
        } ?? [parameter(key, [rows, columns], isZero: isZero.a || isZero.b)]
    }

    /// x·fᵀ, times a scale.
    func apply(to x: Variable, scale: Float, on tape: Tape) -> Variable {
      let matrices = parameters.map { tape.variable(for: $0) }
      let scaled = scale == 1 ? matrices[0] : tape.scaled(matrices[0], by: scale)
      return matrices.count == 1
        ? tape.linear(x, weight: scaled) : tape.linear(tape.linear(x, weight: matrices[1]), weight: scaled)
    }
  }

  private let first: Factor
  private let second: Factor
  private let shape: KroneckerShape
  private let scale: Float
  private let dropout: UpdateDropout
  private unowned let linear: Linear
  private let purpose: String
  private let context: ComputeContext
  private let startsWithFirst: Bool
  private let turns: (before: [Int], after: [Int])

  init(
    _ linear: Linear, rank: Int, shape: KroneckerShape, scale: Float, start: LoKr.Start, dropout: UpdateDropout,
    setting: AttachmentSetting
  ) {
    self.linear = linear
    self.shape = shape
    self.scale = scale
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    first = Factor(
      "lokr_w1", rows: shape.outputs.first, columns: shape.inputs.first, rank: shape.firstIsLowRank ? rank : nil,
      isZero: (a: start == .zero, b: false), of: linear, setting: setting)
    second = Factor(
      "lokr_w2", rows: shape.outputs.second, columns: shape.inputs.second, rank: shape.secondIsLowRank ? rank : nil,
      isZero: (a: false, b: start == .lycoris), of: linear, setting: setting)
    let (l, k) = shape.outputs
    let (i, j) = shape.inputs
    startsWithFirst = j * i * l + l * j * k < i * j * k + k * i * l
    turns = startsWithFirst ? (Self.turn(i, j), Self.turn(j, l)) : (Self.turn(i, k), Self.turn(k, l))
  }

  var parameters: [Parameter] { first.parameters + second.parameters }
  /// Both matrices formed, in the order that takes fewer.
  var multiplyAddsPerToken: Int {
    let (l, k) = shape.outputs
    let (i, j) = shape.inputs
    return startsWithFirst ? j * i * l + l * j * k : i * j * k + k * i * l
  }
  var outputs: Int { linear.outputs }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    if dropout.dropsAll(of: purpose, on: tape) { return y }
    let rows = x.value.rowCount
    let (l, k) = shape.outputs
    let (i, j) = shape.inputs
    let update: Variable
    if startsWithFirst {
      let turned = tape.selectColumns(turns.before, of: x)
      let halfway = first.apply(to: tape.reshape(turned, to: [rows * j, i]), scale: scale, on: tape)
      let back = tape.selectColumns(turns.after, of: tape.reshape(halfway, to: [rows, j * l]))
      update = tape.reshape(
        second.apply(to: tape.reshape(back, to: [rows * l, j]), scale: 1, on: tape), to: [rows, outputs])
    } else {
      let halfway = second.apply(to: tape.reshape(x, to: [rows * i, j]), scale: 1, on: tape)
      let turned = tape.selectColumns(turns.before, of: tape.reshape(halfway, to: [rows, i * k]))
      let whole = first.apply(to: tape.reshape(turned, to: [rows * k, i]), scale: scale, on: tape)
      update = tape.selectColumns(turns.after, of: tape.reshape(whole, to: [rows, k * l]))
    }
    guard let kept = dropout.factors(outputs, purpose: purpose, on: tape) else {
      return tape.add(update, inPlaceTo: y)
    }
    return tape.add(tape.scaleColumns(update, by: kept), inPlaceTo: y)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    weight.addResponse(inputs: linear.inputs, context: context) { add(to: $0, x: $1, on: $2) }
    return true
  }

  /// Where the elements of a flat `[rows, columns]` lie when it is turned.
  private static func turn(_ rows: Int, _ columns: Int) -> [Int] {
    (0..<rows * columns).map { $0 % rows * columns + $0 / rows }
  }
}
