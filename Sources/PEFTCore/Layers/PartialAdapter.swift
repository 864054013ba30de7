/// A linear map's adapter at a part of its strength: what the map gives, and that part of the way to what the adapter makes of it.
///
///     y + strength · update(x) for one that adds,   (1 - strength) · base(x) + strength · adapter(x) for others
///
/// Since the map is linear, the part of the output's way is the part of the weight's.
public final class PartialAdapter: LinearAdapter {
  private let whole: any LinearAdapter
  private let strength: Float

  /// - Parameters:
  ///   - whole: The adapter.
  ///   - strength: 0 for the map without it, 1 for the whole of it, up to rounding.
  public init(_ whole: any LinearAdapter, strength: Float) {
    self.whole = whole
    self.strength = strength
  }

  /// The whole adapter's.
  public var parameters: [Parameter] { whole.parameters }
  /// As the whole adapter stands.
  public var stacking: Stacking { whole.stacking }
  /// Whether the whole adapter changes no more.
  public var changesBiasOnly: Bool { whole.changesBiasOnly }

  /// The map with that part of the adapter.
  public func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    if strength == 0 { return base(x) }
    if let additive = whole as? any AdditiveLinearAdapter {
      return tape.add(tape.scale(additive.update(x, on: tape), by: strength), inPlaceTo: base(x))
    }
    return tape.partWay(strength, from: base(x)) { whole(x, through: base, on: tape) }
  }

  /// The part of the way to the weight that the whole adapter makes.
  public func merge(intoWeight weight: inout [Float]) -> Bool {
    if strength == 0 { return true }
    var changed = weight
    guard whole.merge(intoWeight: &changed) else { return false }
    weight.move(strength, towards: changed)
    return true
  }

  /// The part of the way to the bias that the whole adapter makes.
  public func merge(intoBias bias: inout [Float]) {
    var changed = bias
    whole.merge(intoBias: &changed)
    if strength == 0 || changed.isEmpty { return }
    if bias.isEmpty { bias = [Float](repeating: 0, count: changed.count) }
    bias.move(strength, towards: changed)
  }
}

/// An embedding table's adapter at a part of its strength: that part of the way from the table's vectors to the adapted ones.
final class PartialTableAdapter: EmbeddingAdapter {
  private let whole: any EmbeddingAdapter
  private let strength: Float

  init(_ whole: any EmbeddingAdapter, strength: Float) {
    self.whole = whole
    self.strength = strength
  }

  var parameters: [Parameter] { whole.parameters }
  var stacking: Stacking { whole.stacking }

  func callAsFunction(_ vectors: Variable, of ids: [Int32], on tape: Tape) -> Variable {
    if strength == 0 { return vectors }
    return tape.partWay(strength, from: vectors) { whole(vectors, of: ids, on: tape) }
  }

  func merge(intoTable table: inout [Float]) {
    if strength == 0 { return }
    var changed = table
    whole.merge(intoTable: &changed)
    table.move(strength, towards: changed)
  }
}

/// A branch's adapter at a part of its strength: that part of the way from what the branch gives to what the adapter makes of it.
final class PartialBranchAdapter: BranchAdapter {
  private let whole: any BranchAdapter
  private let strength: Float

  init(_ whole: any BranchAdapter, strength: Float) {
    self.whole = whole
    self.strength = strength
  }

  var parameters: [Parameter] { whole.parameters }
  var stacking: Stacking { whole.stacking }

  func callAsFunction(_ output: Variable, branchInput input: Variable, on tape: Tape) -> Variable {
    if strength == 0 { return output }
    return tape.partWay(strength, from: output) { whole(output, branchInput: input, on: tape) }
  }
}

/// Rows beside attention at a part of their strength: the gate is multiplied by it.
final class PartialAttentionPrompt: AttentionPrompt {
  private let whole: any AttentionPrompt
  private let strength: Float

  init(_ whole: any AttentionPrompt, strength: Float) {
    self.whole = whole
    self.strength = strength
  }

  var parameters: [Parameter] { whole.parameters }

  func rows(on tape: Tape) -> Variable { whole.rows(on: tape) }

  func gate(on tape: Tape) -> Variable { tape.scaled(whole.gate(on: tape), by: strength) }
}

extension Tape {
  /// That part of the way from a value to what is made of it, which may overwrite it.
  fileprivate func partWay(_ strength: Float, from plain: Variable, to changed: () -> Variable) -> Variable {
    let kept = scaled(plain, by: 1 - strength)
    return add(kept, inPlaceTo: scale(changed(), by: strength))
  }
}

extension [Float] {
  /// Takes each value that part of the way to another one.
  fileprivate mutating func move(_ strength: Float, towards other: [Float]) {
    for index in indices { self[index] += strength * (other[index] - self[index]) }
  }
}
