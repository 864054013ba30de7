/// Which examples a run comes to more than once.
struct ReturningExamples: Equatable {
  /// Those that are trained on.
  let training: Bool
  /// Those that are held out.
  let validation: Bool

  /// What trainings of so many steps come to again.
  ///
  /// - Parameters:
  ///   - examples: How many examples are trained on.
  ///   - validation: How many are held out.
  ///   - configuration: The steps and the trainings.
  init(examples: Int, validation: Int, configuration: TrainingConfiguration) {
    let steps = Trainer.stepCount(examples: examples, configuration: configuration)
    let perEpoch = ExampleSource.stepsPerEpoch(examples: examples, configuration: configuration)
    let hasSeveral = configuration.strategy.trainingCount > 1
    training = hasSeveral || steps > perEpoch
    // The last step is validated whatever its number.
    self.validation =
      validation > 0 && (hasSeveral || steps > Trainer.validationEvery(configuration, stepsPerEpoch: perEpoch))
  }

  /// Whether anything comes again.
  var isAny: Bool { training || validation }
}
