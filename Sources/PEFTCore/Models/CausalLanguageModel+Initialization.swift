extension CausalLanguageModel {
  /// Makes every weight a trainable parameter with a random value, for training from scratch.
  ///
  /// Matrices and embeddings are normal with the given deviation; the maps that write to the residual stream start
  /// smaller by √(2 · layers), as GPT-2's do, so that the stream's variance does not grow with the depth. Norms start
  /// as the identity, biases at zero.
  ///
  /// - Parameters:
  ///   - standardDeviation: Of the normal distribution; config.json's `initializer_range`.
  ///   - seeds: Where values are drawn from, each parameter by its name.
  ///   - context: Where the parameters' memory is counted.
  /// - Returns: The parameters, as `makeEverythingTrainable` gives them.
  public func initializeFromScratch(
    standardDeviation: Float, seeds: SeedStream, context: ComputeContext
  ) -> [Parameter] {
    let parameters = makeEverythingTrainable(context: context)
    let intoResidual = Set(
      blocks.flatMap { [$0.attention.output.site, $0.feedForward.down.site] }.map { $0 + ".weight" })
    let isOffset = Dictionary(uniqueKeysWithValues: norms.map { ($0.site + ".weight", $0.normalization.gainIsOffset) })
    for parameter in parameters {
      if let isOffset = isOffset[parameter.name] {
        parameter.assign([Float](repeating: isOffset ? 0 : 1, count: parameter.elementCount))
      } else if parameter.shape.count > 1 {
        let isLast = intoResidual.contains(parameter.name)
        let deviation = isLast ? standardDeviation / Float(2 * blocks.count).squareRoot() : standardDeviation
        parameter.assign(
          seeds.child(parameter.name).normals(parameter.elementCount, standardDeviation: deviation))
      } else {
        parameter.assign([Float](repeating: 0, count: parameter.elementCount))
      }
    }
    return parameters
  }

  /// Makes this model work with the weights of another one of the same architecture, which are all trained.
  ///
  /// Both read the same memory, and each collects gradients of its own; so copies of a model can go through parts of
  /// a batch side by side.
  ///
  /// - Returns: This model's parameters, in the order of `parameters`.
  public func shareTrainedWeights(of parameters: [Parameter], context: ComputeContext) -> [Parameter] {
    let own = makeEverythingTrainable(context: context)
    precondition(own.map(\.name) == parameters.map(\.name), "shareTrainedWeights: the architectures differ")
    for (copy, original) in zip(own, parameters) { copy.shareValue(of: original) }
    return own
  }
}
