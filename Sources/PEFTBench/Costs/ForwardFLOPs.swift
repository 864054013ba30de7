import PEFTCore
import PEFTMethods

/// Floating-point operations of one forward pass over one sequence, counted from the model's shapes.
///
/// A multiply-add counts as two. Counted are the linear maps and attention's two products over the keys that each
/// query sees; logits are counted at every position, as a profiler counts a published forward pass. Norms,
/// activations and softmax are left out: together they are below one percent.
package enum ForwardFLOPs {
  /// The length at which costs are compared, as in PEFT-Bench.
  package static let referenceTokens = 512

  /// Operations of the base model, or of a model with a method's inference cost.
  ///
  /// - Parameters:
  ///   - model: The base model; its weights need not be loaded.
  ///   - tokens: Tokens of the sequence.
  ///   - cost: What a method adds in its deployed form.
  package static func count(_ model: CausalLanguageModel, tokens: Int, cost: InferenceCost = InferenceCost()) -> Int {
    let rows = tokens + cost.virtualTokens
    let maps = (model.linears + [model.head]).reduce(0) { $0 + 2 * $1.inputs * $1.outputs }
    let attention = model.blocks.reduce(0) { sum, block in
      let shape = block.attention.shape
      let visible = (0..<rows).reduce(0) { pairs, position in
        let keys = position + 1 + cost.prefixPositions
        return pairs + min(keys, shape.window ?? keys)
      }
      return sum + 4 * shape.heads * shape.headDimension * visible
    }
    return rows * (maps + cost.operationsPerToken) + attention
  }
}
