extension Linear {
  /// Folds the adapter into the weight and bias, so that evaluation computes no more than the base model.
  ///
  /// A shift of the output goes into the bias, whatever the weight's type. Everything else needs a float32 weight: any
  /// other type would lose what was trained to rounding, and a float32 copy beside packed weights costs more memory
  /// and time than the adapter itself. The frozen weight stays in memory meanwhile, and the adapter is off the map.
  ///
  /// - Parameter context: Where the merged weight's memory is counted.
  /// - Returns: What takes it back, bit for bit; nil if there is nothing that can be folded.
  public func foldAdapter(context: ComputeContext) -> (() -> Void)? {
    guard let adapter, let frozen = weight, adapter.changesBiasOnly || frozen.format == .float32 else { return nil }
    let (frozenBias, trained) = (bias, trainedBias)
    var biasValues = (trained?.value ?? frozenBias)?.values ?? []
    if adapter.changesBiasOnly {
      var untouched: [Float] = []
      guard adapter.merge(into: &untouched, bias: &biasValues) else { return nil }
    } else {
      var values = [Float](repeating: 0, count: outputs * inputs)
      values.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { frozen.decode(into: base) }
      }
      guard adapter.merge(into: &values, bias: &biasValues),
        let merged = try? WeightMatrix(values: values, outputs: outputs, inputs: inputs, context: context)
      else { return nil }
      weight = merged
    }
    bias = biasValues.isEmpty ? nil : Tensor(biasValues, shape: [outputs], in: context.pool, as: .weights)
    trainedBias = nil
    self.adapter = nil
    return { [weak self] in
      self?.weight = frozen
      self?.bias = frozenBias
      self?.trainedBias = trained
      self?.adapter = adapter
    }
  }
}
