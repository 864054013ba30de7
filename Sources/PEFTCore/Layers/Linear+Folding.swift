extension Linear {
  /// Folds the adapters into the weight and bias, so that evaluation computes no more than the base model.
  ///
  /// A shift of the output goes into the bias, whatever the weight's type. Everything else needs a float32 weight: any
  /// other type would lose what was trained to rounding, and a float32 copy beside packed weights costs more memory
  /// and time than the adapters themselves. The frozen weight stays in memory meanwhile, and the adapters are off the
  /// map.
  ///
  /// - Parameter context: Where the merged weight's memory is counted.
  /// - Returns: What takes it back, bit for bit; nil if there is nothing that can be folded.
  public func foldAdapters(context: ComputeContext) -> (() -> Void)? {
    let adapters = self.adapters
    guard !adapters.isEmpty, let frozen = weight else { return nil }
    let shiftsOnly = adapters.allSatisfy(\.changesBiasOnly)
    guard shiftsOnly || frozen.format == .float32 else { return nil }
    let frozenBias = bias
    var values = shiftsOnly ? [] : frozen.values
    var biasValues = (trainedBias?.value ?? frozenBias)?.values ?? []
    for adapter in adapters {
      guard shiftsOnly || adapter.merge(intoWeight: &values) else { return nil }
      adapter.merge(intoBias: &biasValues)
    }
    if !shiftsOnly {
      guard let merged = try? WeightMatrix(values: values, outputs: outputs, inputs: inputs, context: context) else {
        return nil
      }
      weight = merged
    }
    bias = biasValues.isEmpty ? nil : Tensor(biasValues, shape: [outputs], in: context.pool, as: .weights)
    let putBack = occupancy.suspend()
    return { [weak self] in
      self?.weight = frozen
      self?.bias = frozenBias
      putBack()
    }
  }
}
