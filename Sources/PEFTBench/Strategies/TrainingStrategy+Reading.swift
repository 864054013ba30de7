import PEFTCore

extension TrainingStrategy: NamedOption {
  /// Reads a strategy under `key`, where a config gives one: its name, or an object with it and options.
  ///
  /// - Throws: `DocumentError` that locates an unknown name, an unknown key or a wrong value.
  static func read(_ key: String, from reader: inout OptionReader) throws(DocumentError) -> TrainingStrategy? {
    try reader.optionalNamed(
      key, default: TrainingStrategy.standard,
      about: "what makes results depend less on chance, with options of its own: [strategies.md](strategies.md)")
  }

  /// This strategy with the options that are given.
  package func reading(_ reader: inout OptionReader) throws(DocumentError) -> TrainingStrategy {
    switch self {
    case .standard: return self
    case .bestPractices(var practices):
      practices.lengthening = try reader.number("lengthening", default: practices.lengthening, in: 1...1000)
      practices.warmup = try reader.number("warmup", default: practices.warmup, in: 0...1)
      return .bestPractices(practices)
    case .ensemble(let members): return .ensemble(try members.reading(&reader))
    case .noiseInput(let noise): return .noiseInput(try noise.reading(&reader))
    case .noiseWeights(let noise): return .noiseWeights(try noise.reading(&reader))
    case .meanWeights(var mean):
      mean.start = try reader.number("start", default: mean.start, in: 0...1)
      return .meanWeights(mean)
    case .movingAverage(var average):
      average.decay = try reader.number("decay", default: average.decay, in: 0..<1)
      return .movingAverage(average)
    case .mixout(let probability):
      return .mixout(probability: try reader.number("probability", default: probability, in: 0..<1))
    case .priorNoise(let intensity):
      return .priorNoise(intensity: try reader.number("intensity", default: intensity, in: 0...100))
    case .augmentation(let rows): return .augmentation(try rows.reading(&reader))
    case .allData(let rows):
      return .allData(rows: try reader.integer("rows", default: rows, in: 1...1_000_000_000))
    case .members(let phases): return .members(try phases.reading(&reader))
    case .augmentedMembers(let phases, let rows):
      return .augmentedMembers(try phases.reading(&reader), try rows.reading(&reader))
    }
  }
}

extension PeriodicNoise {
  /// These times with the options that are given.
  fileprivate func reading(_ reader: inout OptionReader) throws(DocumentError) -> PeriodicNoise {
    var noise = self
    noise.variance = try reader.number("variance", default: variance, in: 0...1e6)
    noise.start = try reader.number("start", default: start, in: 0...1)
    noise.end = try reader.number("end", default: end, in: 0...1)
    noise.every = try reader.optionalInteger("every", in: 1...1_000_000_000)
    try reader.checkOrder(("start", noise.start), ("end", noise.end))
    return noise
  }
}

extension MemberPhases {
  /// These phases with the options that are given.
  fileprivate func reading(_ reader: inout OptionReader) throws(DocumentError) -> MemberPhases {
    var phases = self
    phases.memberCount = try memberCount.reading(&reader)
    phases.variance = try reader.number("variance", default: variance, in: 0...1e6)
    if kind.interpolates {
      phases.startNoise = try reader.number("start_noise", default: startNoise, in: 0...1)
      phases.endNoise = try reader.number("end_noise", default: endNoise, in: 0...1)
      phases.splitSteps = try reader.optionalInteger("split_steps", in: 1...1_000_000_000)
      phases.mergeSteps = try reader.optionalInteger("merge_steps", in: 1...1_000_000_000)
      try reader.checkOrder(("start_noise", phases.startNoise), ("end_noise", phases.endNoise))
    }
    if kind.votes { phases.startEnsemble = try reader.number("start_ensemble", default: startEnsemble, in: 0...1) }
    phases.optimizer = try reader.choice("optimizer", default: optimizer)
    return phases
  }
}

extension OptionReader {
  /// Refuses a share of the training at which something ends before it starts.
  ///
  /// - Throws: `DocumentError` with both values, at the one of them that is given.
  fileprivate func checkOrder(
    _ start: (key: String, value: Double), _ end: (key: String, value: Double)
  ) throws(DocumentError) {
    guard start.value > end.value else { return }
    func text(_ value: Double) -> String { JSONValue.count(value).compactText }
    let (first, last) = (text(start.value), text(end.value))
    throw DocumentError(
      "\(path(of: end.key)): \(last)\(has(end.key) ? "" : ", its default,") is before \(start.key), "
        + "\(has(start.key) ? "" : "by default ")\(first); expected an \(end.key) from \(first) to 1",
      at: offset(of: has(end.key) ? end.key : start.key), of: self.text)
  }
}
