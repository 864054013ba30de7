import PEFTCore

/// What the draws of a run are made by: one seed for all, or one for each source of chance.
///
/// With one for each, the spread of scores can be told apart by its source.
package struct RunSeeds: Sendable, Equatable {
  /// A source of chance.
  package enum Source: String, CaseIterable, Sendable {
    /// The first values of what a method adds.
    case initialization
    /// The order of the rows in each epoch.
    case order
    /// Dropout masks and the noise of strategies.
    case dropout
    /// Which rows a limit keeps, and which ones are held back for validation.
    case sample
  }

  /// The seed of each source, in the order of `Source`; nil where one seed stands for all, and the sample has its own.
  package let sources: [Int]?
  /// The number by which runs are told apart: the seed itself, or made of the seeds of all sources.
  package let number: Int

  /// One seed for all.
  package init(_ seed: Int) {
    sources = nil
    number = seed
  }

  /// One seed for each source, in the order of `Source`.
  ///
  /// - Precondition: There are as many seeds as sources, none of them negative.
  package init(sources: [Int]) {
    precondition(sources.count == Source.allCases.count && sources.allSatisfy { $0 >= 0 }, "RunSeeds: \(sources)")
    self.sources = sources
    number = Self.number(of: sources)
  }

  /// Seeds below 1000 are groups of three digits of the number, those of the initialization first.
  private static func number(of sources: [Int]) -> Int {
    if sources.allSatisfy({ $0 < 1000 }) { return sources.reduce(0) { 1000 * $0 + $1 } }
    let stream = sources.reduce(SeedStream(0).child("seeds")) { $0.child($1) }
    return 1_000_000_000_000 + Int(stream.bits(at: 0) >> 24)
  }

  /// The seed of a source.
  package subscript(source: Source) -> Int {
    sources?[Source.allCases.firstIndex(of: source) ?? 0] ?? number
  }

  /// The seed of the sample of rows; nil where the data has one for all runs.
  var sample: Int? { sources == nil ? nil : self[.sample] }

  /// As a config, an identity and a record have them: a number, or an object.
  package var json: JSONValue {
    guard let sources else { return .integer(number) }
    return .object(
      JSONObject(distinct: zip(Source.allCases, sources).map { (key: $0.rawValue, value: JSONValue.integer($1)) }))
  }
}

extension RunSeeds: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int) { self.init(value) }
}

/// Where the draws of one training come from.
///
/// They are apart from each other by their purpose, so that one seed can stand for all.
package struct TrainingSeeds: Sendable {
  /// The first values of what a method adds.
  let initialization: SeedStream
  /// The order of the rows.
  let order: SeedStream
  /// Dropout masks, the noise of strategies, and the rounding of an optimizer's state to bfloat16.
  let dropout: SeedStream
  /// Which rows are held back for validation.
  let validation: SeedStream

  /// One stream for all.
  package init(_ seeds: SeedStream) {
    (initialization, order, dropout) = (seeds.child("initialization"), seeds, seeds)
    validation = seeds.child("validation")
  }

  /// The draws of a run.
  ///
  /// - Parameters:
  ///   - seeds: The run's.
  ///   - member: Which of several independent trainings, from 0; the first has the draws of a run of its own, and all hold
  ///     the same rows back.
  package init(_ seeds: RunSeeds, member: Int = 0) {
    func stream(_ source: RunSeeds.Source) -> SeedStream {
      let root = SeedStream(seeds[source])
      return member == 0 ? root : root.child("member").child(member)
    }
    initialization = stream(.initialization).child("initialization")
    order = stream(.order)
    dropout = stream(.dropout)
    validation = SeedStream(seeds[.sample]).child("validation")
  }
}
