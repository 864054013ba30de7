extension SeedChoice {
  /// What is wrong with several seeds of a source by which no draw of some method is made; nil where all may differ.
  ///
  /// Its runs would be one, counted as several: the spread over the seeds would be nothing, and tests would take copies for
  /// evidence. What only the rows can tell, such as whether there are more of them than a limit keeps, is not looked at.
  func repetition(of methods: [MethodConfiguration], on data: DataConfiguration) -> String? {
    for (source, count) in counts where count > 1 {
      for method in methods where method.trains {
        guard let reason = method.reasonNothingIsDrawn(by: source, on: data) else { continue }
        let advice =
          source == .initialization && method.training.initialSeed != nil
          ? "give one of the two"
          : "give \(source.rawValue) one seed" + (methods.count > 1 ? ", or \(method.label) a config of its own" : "")
        return "\(reason), so that the \(count) seeds of \(source.rawValue) make the same run; \(advice)"
      }
    }
    return nil
  }

  /// How many seeds each source has.
  private var counts: [(source: RunSeeds.Source, count: Int)] {
    guard case .bySource(let initialization, let order, let dropout, let sample) = self else { return [] }
    return [
      (.initialization, initialization.count), (.order, order.count), (.dropout, dropout.count),
      (.sample, sample?.count ?? 1),
    ]
  }
}
