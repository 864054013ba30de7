extension CausalLanguageModel {
  /// Replaces every frozen weight by a trainable float32 parameter that starts at its value.
  ///
  /// The frozen weights are given up, so that the memory is that of full fine-tuning; `freezeEverything()` loads
  /// them again.
  ///
  /// - Parameter context: Where the parameters' memory is counted.
  /// - Returns: The parameters, in the order of the architecture. A shared embedding occurs once.
  public func makeEverythingTrainable(context: ComputeContext) -> [Parameter] {
    takeOffTrainedWeights()
    return weightSlots.map { slot in
      let parameter = slot.parameter(context: context)
      if slot.isLoaded { _ = parameter.value }
      slot.train(parameter, by: Self.fullTraining)
      slot.unload()
      return parameter
    }
  }

  /// Takes the trained weights off and loads the frozen ones again.
  public func freezeEverything() {
    takeOffTrainedWeights()
    weightsAreStale = true
  }

  private func takeOffTrainedWeights() {
    for site in sites { site.part.occupancy.remove(by: Self.fullTraining) }
  }

  /// Who trains all weights, for errors.
  private static let fullTraining = "full"

  /// Loads the frozen weights again if full fine-tuning took them away.
  ///
  /// - Throws: What loading throws, if the checkpoint has gone or changed meanwhile.
  public func restoreWeights() throws {
    guard weightsAreStale, let reload else { return }
    try reload()
    weightsAreStale = false
  }
}
