import PEFTCore

/// The seeds that a config gives: a list, or for each source of chance a list whose combinations are all run.
enum SeedChoice: Sendable {
  /// One seed for all sources.
  case whole([Int])
  /// The seeds of each source; those of the sample are the data's where they are nil.
  case bySource(initialization: [Int], order: [Int], dropout: [Int], sample: [Int]?)

  /// Reads either form under `key`.
  ///
  /// - Throws: `DocumentError` for a value that is neither, an empty list, or a seed twice.
  static func read(_ key: String, from reader: inout OptionReader) throws(DocumentError) -> SeedChoice {
    guard reader.givesObject(key) else {
      let seeds = try reader.integers(
        key, default: usual, in: 0...,
        about: "every run is done once for each; an object has seeds for each source of chance, as below")
      guard !seeds.isEmpty, Set(seeds).count == seeds.count else {
        throw reader.error(key, "expected at least one seed, and no seed twice")
      }
      return .whole(seeds)
    }
    var sources = try reader.object(key)
    let choice = try SeedChoice(reading: &sources)
    try sources.finish()
    return choice
  }

  private static let usual = [42]

  private init(reading reader: inout OptionReader) throws(DocumentError) {
    func list(
      _ source: RunSeeds.Source, _ seeds: [Int], _ reader: OptionReader
    ) throws(DocumentError) -> [Int] {
      guard !seeds.isEmpty, Set(seeds).count == seeds.count else {
        throw reader.error(source.rawValue, "expected at least one seed, and no seed twice")
      }
      return seeds
    }
    let initialization = try reader.integers(
      "initialization", default: Self.usual, in: 0..., about: "the first values of what a method adds")
    let order = try reader.integers("order", default: Self.usual, in: 0..., about: "the order of the rows")
    let dropout = try reader.integers(
      "dropout", default: Self.usual, in: 0...,
      about: "dropout masks, the noise of strategies, and the rounding of `optimizer_state: bfloat16`")
    let sample = try reader.optionalIntegers(
      "sample", in: 0..., about: "which rows a limit keeps and which are held back; `data.sample_seed` unless given")
    self = .bySource(
      initialization: try list(.initialization, initialization, reader), order: try list(.order, order, reader),
      dropout: try list(.dropout, dropout, reader),
      sample: try sample.map { seeds throws(DocumentError) in try list(.sample, seeds, reader) })
  }

  /// What an object of seeds may have.
  static let options = (try? OptionReader.describing { reader in _ = try SeedChoice(reading: &reader) }) ?? []

  /// Whether the sample of rows has seeds of its own.
  var namesSample: Bool { if case .bySource(_, _, _, .some) = self { true } else { false } }

  /// The seeds of all runs, those of the last source changing fastest.
  ///
  /// - Parameter sampleSeed: The data's.
  func runs(sampleSeed: Int) -> [RunSeeds] {
    switch self {
    case .whole(let seeds): seeds.map { RunSeeds($0) }
    case .bySource(let initialization, let order, let dropout, let sample):
      [initialization, order, dropout, sample ?? [sampleSeed]].reduce([[]]) { combinations, seeds in
        combinations.flatMap { combination in seeds.map { combination + [$0] } }
      }.map { RunSeeds(sources: $0) }
    }
  }
}

extension [RunSeeds] {
  /// As a config has them.
  var json: JSONValue {
    guard contains(where: { $0.sources != nil }) else { return JSONValue(map(\.number)) }
    return .object(
      JSONObject(
        distinct: RunSeeds.Source.allCases.map { source in
          var seeds: [Int] = []
          for run in self where !seeds.contains(run[source]) { seeds.append(run[source]) }
          return (source.rawValue, JSONValue(seeds))
        }))
  }
}
