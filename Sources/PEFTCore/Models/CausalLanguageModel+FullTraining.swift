extension CausalLanguageModel {
  /// Replaces every frozen weight by a trainable float32 parameter that starts at its value.
  ///
  /// The frozen weights are given up, so that the memory is that of full fine-tuning; `freezeEverything()` loads
  /// them again.
  ///
  /// - Parameter context: Where the parameters' memory is counted.
  /// - Returns: The parameters, in the order of the architecture. A shared embedding stands once.
  public func makeEverythingTrainable(context: ComputeContext) -> [Parameter] {
    var parameters: [Parameter] = []
    func table(_ site: String, _ shape: [Int], _ weight: WeightMatrix?) -> Parameter {
      let parameter = Parameter(site + ".weight", shape: shape, in: context.pool) {
        var values = [Float](repeating: 0, count: shape[0] * shape[1])
        values.withUnsafeMutableBufferPointer { buffer in
          if let base = buffer.baseAddress { weight?.decode(into: base) }
        }
        return values
      }
      parameters.append(parameter)
      return parameter
    }
    func vector(_ name: String, _ frozen: Tensor?, _ count: Int, if isWanted: Bool) -> Parameter? {
      guard isWanted else { return nil }
      let parameter = Parameter(name, shape: [count], in: context.pool) {
        frozen?.values ?? [Float](repeating: 0, count: count)
      }
      parameters.append(parameter)
      return parameter
    }
    func make(_ linear: Linear) {
      let parameter = table(linear.site, [linear.outputs, linear.inputs], linear.weight)
      let bias = vector(linear.site + ".bias", linear.bias, linear.outputs, if: linear.hasBias)
      if linear.weight != nil {
        _ = parameter.value
        _ = bias?.value
      }
      linear.trainedWeight = parameter
      linear.trainedBias = bias
      linear.weight = nil
      linear.bias = nil
    }
    for embedding in [embedding, positionEmbedding].compactMap({ $0 }) {
      let parameter = table(embedding.site, [embedding.count, embedding.width], embedding.weight)
      if embedding.weight != nil { _ = parameter.value }
      embedding.trainedWeight = parameter
      embedding.weight = nil
    }
    for linear in linears { make(linear) }
    for norm in norms {
      norm.trainedGain = vector(norm.site + ".weight", norm.gain, norm.width, if: norm.hasGain)
      norm.trainedBias = vector(norm.site + ".bias", norm.bias, norm.width, if: norm.hasBias)
      if norm.gain != nil { _ = norm.trainedGain?.value }
      if norm.bias != nil { _ = norm.trainedBias?.value }
      norm.gain = nil
      norm.bias = nil
    }
    if configuration.tiesEmbeddings {
      head.trainedWeight = embedding.trainedWeight
      head.weight = nil
    } else {
      make(head)
    }
    return parameters
  }

  /// Takes the trained weights off and loads the frozen ones again.
  public func freezeEverything() {
    for table in [embedding, positionEmbedding].compactMap({ $0 }) { table.trainedWeight = nil }
    for linear in linears + [head] {
      linear.trainedWeight = nil
      linear.trainedBias = nil
    }
    for norm in norms {
      norm.trainedGain = nil
      norm.trainedBias = nil
    }
    weightsAreStale = true
  }

  /// Loads the frozen weights again if full fine-tuning took them away.
  ///
  /// - Throws: What loading throws, if the checkpoint has gone or changed meanwhile.
  public func restoreWeights() throws {
    guard weightsAreStale, let reload else { return }
    try reload()
    weightsAreStale = false
  }
}
