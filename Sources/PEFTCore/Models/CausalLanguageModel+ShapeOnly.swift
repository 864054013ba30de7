extension CausalLanguageModel {
  /// Puts weights of shape alone where none is loaded, so that a pass in a shape-only context can go through.
  ///
  /// Methods are attached before: what they make of a weight's values they leave out where there is none.
  ///
  /// - Parameter context: The context of the pass; the weights are not counted in it, since they are counted as stored.
  /// - Throws: `WeightFormatError` for a matrix that is too large for any memory.
  public func standInForWeights(besides context: ComputeContext) throws(WeightFormatError) {
    let context = ComputeContext.shapeOnly(besides: context)
    for slot in weightSlots where !slot.isLoaded {
      switch slot.place {
      case .matrix(_, let outputs, let inputs):
        slot.replace(
          matrix: try WeightMatrix(shapeOnly: .float32, outputs: outputs, inputs: inputs, context: context))
      case .vector(_, let count):
        slot.replace(vector: Tensor(uninitialized: [count], in: context.pool, as: .weights))
      }
    }
  }
}
