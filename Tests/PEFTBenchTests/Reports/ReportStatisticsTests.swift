import PEFTCore
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Statistics of reports") struct ReportStatisticsTests {
  @Test("Bootstrap intervals equal scipy's on the same draws") func bootstrap() throws {
    for test in try MetricFixture("statistics.json").cases("bootstrap") {
      let values = try test.numbers("values")
      let resamples = Int(try test.double("resamples"))
      let bootstrap = Bootstrap(seeds: SeedStream(Int(try test.double("seed"))), resamples: resamples)
      let interval = try #require(bootstrap.mean(of: values))
      #expect(isClose(interval.estimate, try test.double("mean")))
      #expect(isClose(interval.lower, try test.double("lower")))
      #expect(isClose(interval.upper, try test.double("upper")))
      let difference = try #require(bootstrap.difference(values, values.map { _ in 0 }))
      #expect(difference.interval == interval)
    }
  }

  @Test("Nemenyi's p-values equal scikit-posthocs'") func nemenyi() throws {
    for test in try MetricFixture("statistics.json").cases("nemenyi") {
      let scores = try #require(test["scores"]?.array).map { try #require($0.array).compactMap(\.number) }
      let expected = try #require(test["p"]?.array).map { try #require($0.array).compactMap(\.number) }
      let result = try #require(FriedmanTest(scores: scores)).nemenyi
      for (row, values) in zip(result, expected) {
        for (value, other) in zip(row, values) { #expect(isClose(value, other)) }
      }
    }
  }

  @Test("Holm's correction equals statsmodels', and so does McNemar's exact test") func corrections() throws {
    for test in try MetricFixture("statistics.json").cases("holm") {
      for (value, other) in zip(HolmCorrection.adjust(try test.numbers("p")), try test.numbers("corrected")) {
        #expect(isClose(value, other))
      }
    }
    for test in try MetricFixture("statistics.json").cases("mcnemar") {
      let result = McNemarTest(
        onlyFirst: Int(try test.double("only_first")), onlySecond: Int(try test.double("only_second")))
      #expect(isClose(result.pValue, try test.double("p")))
    }
  }

  /// LoRA, LN tuning and BitFit of the published table.
  private static let candidates = [
    PSCPSensitivity.Candidate(
      performance: 80.1, costs: .init(parameters: 14_680_064, flops: 0, memory: 27.75),
      constants: PSCP.Preset.paper.constants),
    PSCPSensitivity.Candidate(
      performance: 77.8, costs: .init(parameters: 266_240, flops: 0, memory: 27.43),
      constants: PSCP.Preset.paper.constants),
    PSCPSensitivity.Candidate(
      performance: 75.3, costs: .init(parameters: 163_840, flops: 0, memory: 27.20),
      constants: PSCP.Preset.paper.constants),
  ]

  @Test("The published change of order is found, at the exponent where both are equal") func sensitivity() throws {
    let result = PSCPSensitivity(Self.candidates)
    #expect(result.changesOrder)
    #expect(result.settings[0].order == [1, 0, 2])
    let half = try #require(result.settings.first { $0.term == .parameters && $0.value == 0.5 })
    #expect(half.order == [0, 1, 2])
    #expect(isClose(half.scores[0], 60.95, 0.005) && isClose(half.scores[1], 60.21, 0.005))
    // BitFit passes LoRA when all exponents are 2, as the authors' own inputs have it.
    let both = try #require(result.settings.first { $0.term == .all && $0.value == 2 })
    #expect(both.order == [1, 2, 0])
    let crossing = try #require(result.crossings.first { $0.term == .parameters })
    #expect(crossing.ahead == 1 && crossing.behind == 0)
    for crossing in result.crossings {
      let beta = crossing.term.exponents(crossing.value, from: .init())
      #expect(isClose(Self.candidates[crossing.ahead].value(beta), Self.candidates[crossing.behind].value(beta), 1e-9))
      let above = crossing.term.exponents(crossing.value + 0.01, from: .init())
      #expect(Self.candidates[crossing.ahead].value(above) > Self.candidates[crossing.behind].value(above))
    }
    #expect(!PSCPSensitivity(Array(Self.candidates.prefix(1))).changesOrder)
  }

  @Test("The front has the points that no other beats in score and cost") func front() {
    #expect(ParetoFront.indices(costs: [1, 2, 3, 3, 4], scores: [10, 30, 20, 40, 40]) == [0, 1, 3])
    #expect(ParetoFront.indices(costs: [1, 1], scores: [5, 5]) == [0, 1])
    #expect(ParetoFront.indices(costs: [], scores: []).isEmpty)
  }
}
