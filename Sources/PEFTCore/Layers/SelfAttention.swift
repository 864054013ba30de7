/// Causal self-attention with its projections, over the token forest.
public final class SelfAttention {
  /// How queries, keys and values are projected.
  public enum Projection {
    /// Three maps.
    case separate(query: Linear, key: Linear, value: Linear)
    /// One map whose output holds all queries, then all keys, then all values.
    case fused(Linear)
    /// One map whose output holds, head by head, that head's query, key and value (GPT-NeoX).
    case interleaved(Linear)
  }

  /// The projections to queries, keys and values.
  public let projection: Projection
  /// The projection of the heads' outputs.
  public let output: Linear
  /// Norm of queries, by head or over all heads (its width tells).
  public let queryNorm: NormLayer?
  /// Norm of keys.
  public let keyNorm: NormLayer?
  /// Queries, keys and values are clipped to ± this, where the family asks for it (OLMo).
  public let projectionLimit: Float?
  /// Heads, scale, window and cap.
  public internal(set) var shape: AttentionShape
  /// Angles of the rotary embedding; nil where positions enter otherwise.
  public let rotary: RotaryAngles?
  /// Which layer it is.
  public let layer: Int
  /// Rows to which the queries attend beside the tokens, and whether what they find goes through the output map, as in
  /// families with maps of their own for queries, keys and values, or is added after it, as PEFT does in GPT-2.
  public let promptSite: AttentionPromptSite
  /// What the heads found, before the output map.
  public let headSite: ActivationSite

  /// Creates the attention of one layer.
  public init(
    layer: Int, projection: Projection, output: Linear, queryNorm: NormLayer? = nil, keyNorm: NormLayer? = nil,
    projectionLimit: Float? = nil, shape: AttentionShape, rotary: RotaryAngles?
  ) {
    self.layer = layer
    let block = output.blockPath
    promptSite = AttentionPromptSite(site: block + ", beside attention")
    headSite = ActivationSite(
      site: block + ", attention heads", unitCount: shape.heads, unitWidth: shape.headDimension)
    self.projection = projection
    self.output = output
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.projectionLimit = projectionLimit
    self.shape = shape
    self.rotary = rotary
  }

  /// The linear maps, in the order of the architecture.
  public var linears: [Linear] { projections.map(\.map) + [output] }

  /// The maps to queries, keys and values, with what each gives.
  var projections: [(role: SiteRole, map: Linear)] {
    switch projection {
    case .separate(let query, let key, let value): [(.query, query), (.key, key), (.value, value)]
    case .fused(let map), .interleaved(let map): [(.queryKeyValue, map)]
    }
  }

  /// Attends.
  ///
  /// - Parameters:
  ///   - x: `[T, hidden]`, normalized.
  ///   - batch: Who sees whom, and the rows' positions.
  ///   - rows: The rows of the result that are wanted; all if nil.
  ///   - tape: Where to record.
  /// - Returns: `[T, hidden]` or `[rows.count, hidden]`, which the caller may overwrite.
  func callAsFunction(_ x: Variable, batch: ForestBatch, rows: [Int]?, on tape: Tape) -> Variable {
    var (queries, keys, values) = project(x, on: tape)
    if let projectionLimit {
      queries = tape.clip(queries, to: projectionLimit)
      keys = tape.clip(keys, to: projectionLimit)
      values = tape.clip(values, to: projectionLimit)
    }
    if let queryNorm { queries = queryNorm(queries, on: tape, groups: queries.value.columnCount / queryNorm.width) }
    if let keyNorm { keys = keyNorm(keys, on: tape, groups: keys.value.columnCount / keyNorm.width) }
    if let rotary {
      queries = tape.rotate(queries, positions: batch.positions, heads: shape.heads, rotary: rotary)
      keys = tape.rotate(keys, positions: batch.positions, heads: shape.keyValueHeads, rotary: rotary)
    }
    let attended = tape.attention(
      queries: queries, keys: keys, values: values, prefix: batch.prefix?[layer], forest: batch.forest, layer: layer,
      shape: shape)
    func selected(_ x: Variable) -> Variable { rows.map { tape.selectRows($0, of: x) } ?? x }
    /// What the heads' outputs become by the output map.
    func given(_ heads: Variable) -> Variable { output(headSite(selected(heads), on: tape), on: tape) }
    guard let prompt = promptSite.prompt else { return given(attended) }
    let found = self.attended(to: prompt, by: queries, on: tape)
    if case .separate = projection { return given(tape.add(attended, inPlaceTo: found)) }
    return tape.add(selected(found), inPlaceTo: given(attended))
  }

  func project(_ x: Variable, on tape: Tape) -> (Variable, Variable, Variable) {
    let queryWidth = shape.heads * shape.headDimension
    let width = shape.keyValueHeads * shape.headDimension
    switch projection {
    case .separate(let query, let key, let value):
      return (query(x, on: tape), key(x, on: tape), value(x, on: tape))
    case .fused(let map):
      let all = map(x, on: tape)
      return (
        tape.columns(0..<queryWidth, of: all),
        tape.columns(queryWidth..<(queryWidth + width), of: all),
        tape.columns((queryWidth + width)..<(queryWidth + 2 * width), of: all)
      )
    case .interleaved(let map):
      // [T, heads · 3 · d] seen as [T · heads, 3 · d]: each third of the columns is one of the three.
      let all = map(x, on: tape)
      let d = shape.headDimension
      let byHead = tape.reshape(all, to: [all.value.rowCount * shape.heads, 3 * d])
      let parts = (0..<3).map { part in
        tape.reshape(tape.columns((part * d)..<((part + 1) * d), of: byHead), to: [all.value.rowCount, queryWidth])
      }
      return (parts[0], parts[1], parts[2])
    }
  }
}
