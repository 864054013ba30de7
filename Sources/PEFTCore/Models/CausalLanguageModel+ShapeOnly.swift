extension CausalLanguageModel {
  /// Puts matrices of shape alone where no weight is loaded, so that a pass in a shape-only context can go through.
  ///
  /// Methods are attached before: what they make of a weight's values they leave out where there is none.
  ///
  /// - Throws: `WeightFormatError` for a matrix that is too large for any memory.
  public func standInForWeights() throws(WeightFormatError) {
    // Of a pool of its own, since the weights are counted as they are stored, and elsewhere.
    let context = ComputeContext.shapeOnly()
    for slot in weightSlots where slot.shape.count == 2 && !slot.isLoaded {
      slot.replace(
        matrix: try WeightMatrix(shapeOnly: .float32, outputs: slot.shape[0], inputs: slot.shape[1], context: context))
    }
  }
}
