import PEFTCore
import PEFTMethods

/// Why the blocks to be computed again cannot be chosen: the size that is given is too small for any number of them.
package struct RecomputationError: Error, CustomStringConvertible {
  package let description: String
}

extension SpeedProbe {
  /// The blocks that are computed again, by the reading of `training.recompute`.
  ///
  /// - Parameters:
  ///   - recompute: The value; `auto` goes by the memory that is free now.
  ///   - method: The method.
  ///   - files: The model's files, since the choice is made on its shapes.
  ///   - weightBytes: Bytes of the weights that are loaded.
  /// - Returns: None where the method trains nothing.
  /// - Throws: `RecomputationError` for a size that is too small; what `attachShapes` throws.
  package func blocks(
    _ recompute: Recomputation, of method: MethodConfiguration, _ files: ModelFiles, weightBytes: Int
  ) throws -> Set<Int> {
    guard recompute != .none else { return [] }
    let shapes = ComputeContext.shapeOnly()
    let skeleton = try files.skeleton()
    let attachment = try method.attachShapes(to: skeleton, context: shapes, tokenizer: try? files.tokenizer())
    guard !attachment.parameters.isEmpty else { return [] }
    let order = RecomputationOrder.blocks(of: skeleton, frozen: skeleton.frozenBlockCount)
    let bytes: Int
    switch recompute {
    case .none, .all, .blocks: return recompute.blocks(among: order)
    case .within(let size): bytes = size
    case .automatic:
      // What is loaded is not free any more.
      guard let free = AvailableMemory.now() else { return [] }
      bytes = free.bytes + weightBytes
    }
    let length = ExampleLength(prompt: tokens - Self.labels, answer: Self.labels)
    guard
      let rehearsal = TrainingRehearsal(
        skeleton, attachment: attachment, context: shapes,
        batch: BatchOutline(examples: [ExampleLength](repeating: length, count: batch), shared: sharedPrefix),
        holdsAllGradients: false)
    else { throw RecomputationError(description: "there is no address space to find out what a step needs") }
    let trainsEverything = MethodRegistry.trainsEveryWeight(method.name)
    let constant =
      (trainsEverything ? 0 : weightBytes) + attachment.stateShape.byteCount(momentsPerValue: 2, as: .float32)
    func peak(_ blocks: Set<Int>) -> Int { constant + rehearsal.peak(recomputing: blocks).total }
    let chosen = RecomputationOrder.fewest(of: order, within: bytes, peak: peak)
    if case .within = recompute, peak(chosen) > bytes {
      throw RecomputationError(
        description: "a step needs \(ByteCount.text(peak(chosen))) even with \(chosen.count) of \(order.count) blocks "
          + "computed again, more than \(ByteCount.text(bytes))")
    }
    return chosen
  }
}
