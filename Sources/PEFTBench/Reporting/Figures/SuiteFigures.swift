import PEFTBench

/// The figures of one suite.
///
/// What draws one kind is an extension in a file of its own.
struct SuiteFigures {
  let suite: Report.Suite
  var results: SuiteResults { suite.results }
  var statistics: SuiteStatistics { suite.statistics }

  init(_ suite: Report.Suite) { self.suite = suite }

  /// All that are written to files.
  func all() -> [ReportFigure] {
    costs + [forest, penalties, ranks].compactMap { $0 } + datasetForests + grids + sumMeans + sumMaps.map(\.figure)
      + sumCurves + [compressions].compactMap { $0 } + shots + effort + seeds + strategies + curves.figures
  }

  /// The methods that were trained, in the order of all tables.
  var trained: [Int] { results.methods.indices.filter { !results.methods[$0].isZeroShot } }

  /// More lines than this cannot be followed.
  private static let mostLines = 12

  /// The methods that have a colour among lines of all: where there are many, the highest scores.
  var inColor: [Int] {
    guard trained.count > Self.mostLines else { return trained }
    let means = Dictionary(uniqueKeysWithValues: statistics.leaderboard.map { ($0.method, $0.mean ?? -1) })
    return trained.sorted { (means[$0] ?? -1, $1) > (means[$1] ?? -1, $0) }.prefix(Self.mostLines * 2 / 3).sorted()
  }

  /// The look of a method in all figures.
  func style(_ method: Int) -> SeriesStyle { SeriesStyle(trained.firstIndex(of: method)) }

  /// A name that no other suite of the report uses: `forest-mini`.
  func id(_ name: String) -> String {
    "\(name)-\(results.suite.filter { $0.isASCII && $0.isLetter })" + (results.part > 0 ? "-\(results.part + 1)" : "")
  }

  /// What the most frequent answer reaches and what the model scores as it is, in percent: lines of figures.
  var baselines: (majority: Double?, zeroShot: Double?) {
    let base =
      results.modelNames.count == 1
      ? statistics.leaderboard.first { results.methods[$0.method].isZeroShot }?.mean.map { 100 * $0 } : nil
    return (statistics.leaderboard.lazy.compactMap(\.majority).first.map { 100 * $0 }, base)
  }
}
