import PEFTCore

/// LoRA of an embedding table.
///
///     x = W[id] + s · B·A[:, id],   A: [rank, tokens], B: [width, rank]
///
/// A starts at zero and B standard normal, as in PEFT, so that step 0 is the base model. There is no dropout. Trainable:
/// rank · (tokens + width). Where the head shares the table, it keeps the frozen one.
final class EmbeddingLoRA: EmbeddingAdapter {
  private let a: Parameter
  private let b: Parameter
  private let scale: Float

  init(_ table: TokenEmbedding, rank: Int, scale: Float, learningRateRatio: Float, setting: AttachmentSetting) {
    let pool = setting.context.pool
    let stream = setting.seeds.child(LoRA.name).child(table.site)
    let (count, width) = (table.count, table.width)
    a = Parameter("\(table.site).lora_embedding_A", shape: [rank, count], in: pool) {
      [Float](repeating: 0, count: rank * count)
    }
    b = Parameter("\(table.site).lora_embedding_B", shape: [width, rank], in: pool) {
      stream.normals(width * rank, standardDeviation: 1)
    }
    b.learningRateScale = learningRateRatio
    self.scale = scale
  }

  var parameters: [Parameter] { [a, b] }
  var stacking: Stacking { .adds }

  func callAsFunction(_ vectors: Variable, of ids: [Int32], on tape: Tape) -> Variable {
    let factors = tape.columnsAsRows(ids.map { Int($0) }, of: tape.variable(for: a))
    let update = tape.linear(factors, weight: tape.variable(for: b))
    return tape.add(tape.scale(update, by: scale), inPlaceTo: vectors)
  }

  func merge(intoTable table: inout [Float]) {
    // Rows of the table are tokens, so the product is Aᵀ·Bᵀ.
    let rank = a.shape[0]
    LowRankPair.add(
      b.value.values.transposed(rows: b.shape[0]), a.value.values.transposed(rows: rank), rank: rank, times: scale,
      to: &table, workers: .one)
  }
}
