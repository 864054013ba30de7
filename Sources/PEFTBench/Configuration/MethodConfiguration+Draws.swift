import PEFTCore
import PEFTMethods

extension MethodConfiguration {
  /// Why the seed of a source of chance changes no number of this method's runs; nil where it does, or may.
  func reasonNothingIsDrawn(by source: RunSeeds.Source, on data: DataConfiguration) -> String? {
    switch source {
    case .initialization:
      if training.initialSeed != nil { return "the initial values of \(label) are drawn by init_seed" }
      // What was not understood may draw anything.
      return (try? method.drawsStart) ?? true ? nil : "no initial value of \(label) is drawn"
    case .order:
      return training.shuffle || data.hasMixture ? nil : "\(label) takes the rows as they come, with shuffle: false"
    case .dropout:
      return mayDrawWhileTraining ? nil : "\(label) has neither dropout nor noise"
    case .sample:
      return mayDrawRows(of: data) ? nil : "no training row of \(label) is drawn"
    }
  }

  /// Whether anything may be drawn in the steps: what is dropped, noise, or the rounding of an optimizer's state.
  private var mayDrawWhileTraining: Bool {
    training.optimizerState != .float32 || training.strategy.addsNoise || mayDrop
  }

  /// Whether the method may drop or sample something: a combination has parts of which the options are not told here.
  private var mayDrop: Bool {
    guard !["combined", "pvera"].contains(name), let options = try? options else { return true }
    return options.members.contains { $0.key.contains("dropout") && ($0.value.number ?? 0) > 0 }
  }

  /// Whether training rows may be drawn: those that a limit keeps, those that are held back, or what rewords them.
  private func mayDrawRows(of data: DataConfiguration) -> Bool {
    var isLimited = data.trainLimit != nil || data.classLimit != nil
    if case .allData = training.strategy { isLimited = true }
    return training.holdsRowsBack || isLimited && data.limit == .sample
      || training.strategy.augmentation != nil && data.augment == nil
  }
}

extension TrainingStrategy {
  /// Whether it draws anything in the steps by itself; members that are trained one after the other draw what one does.
  fileprivate var addsNoise: Bool {
    switch self {
    case .standard, .bestPractices, .ensemble, .meanWeights, .movingAverage, .augmentation, .allData: false
    case .noiseInput, .noiseWeights, .mixout, .priorNoise, .members, .augmentedMembers: true
    }
  }
}

extension DataConfiguration {
  /// Whether datasets are trained together, of which the smaller ones' rows are drawn to be as many.
  fileprivate var hasMixture: Bool {
    datasets.contains { entry in
      if case .custom(let value, _) = entry { DatasetMixture.isMeant(by: value) } else { false }
    }
  }
}
