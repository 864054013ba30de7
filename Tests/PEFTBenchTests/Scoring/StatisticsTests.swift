import PEFTBench
import PEFTCore
import Testing

@Suite("Statistics") struct StatisticsTests {
  @Test("Wilcoxon's test equals scipy's, exact and approximate, with ties and zeros") func wilcoxon() throws {
    for test in try MetricFixture("metrics.json").cases("wilcoxon") {
      let result = WilcoxonTest(try test.numbers("x"), try test.numbers("y"))
      #expect(isClose(result.statistic, try test.double("statistic")))
      #expect(isClose(result.pValue, try test.double("p")))
    }
    #expect(WilcoxonTest([1, 2], [1, 2]).pValue == 1)
    #expect(WilcoxonTest([], []).pValue == 1)
  }

  @Test("Friedman's test and Nemenyi's critical difference equal scipy's") func friedman() throws {
    for test in try MetricFixture("metrics.json").cases("friedman") {
      let scores = try #require(test["scores"]?.array).map { row in try #require(row.array).compactMap(\.number) }
      let result = try #require(FriedmanTest(scores: scores))
      for (rank, expected) in zip(result.averageRanks, try test.numbers("ranks")) { #expect(isClose(rank, expected)) }
      #expect(isClose(result.statistic, try test.double("statistic")))
      #expect(isClose(result.pValue, try test.double("p")))
      #expect(isClose(result.criticalDifference, try test.double("critical_difference")))
    }
    #expect(FriedmanTest(scores: [[1, 1], [2, 2]])?.pValue == 1)
    #expect(FriedmanTest(scores: [[1, 2], [2]]) == nil)
    #expect(FriedmanTest(scores: []) == nil)
  }

  @Test("McNemar's test is the exact binomial one") func mcnemar() throws {
    for test in try MetricFixture("metrics.json").cases("mcnemar") {
      let onlyFirst = Int(try test.double("only_first"))
      let onlySecond = Int(try test.double("only_second"))
      let first = [true, false] + Array(repeating: true, count: onlyFirst) + Array(repeating: false, count: onlySecond)
      let second =
        [true, false] + Array(repeating: false, count: onlyFirst) + Array(repeating: true, count: onlySecond)
      let result = McNemarTest(first, second)
      #expect(result.onlyFirst == onlyFirst)
      #expect(result.onlySecond == onlySecond)
      #expect(isClose(result.pValue, try test.double("p")))
    }
  }

  @Test("Means and deviations equal numpy's") func summaries() throws {
    for test in try MetricFixture("metrics.json").cases("summary") {
      let summary = Summary(try test.numbers("values"))
      #expect(isClose(summary.mean, try test.double("mean")))
      #expect(isClose(summary.sampleDeviation, try test.double("sample")))
      #expect(isClose(summary.populationDeviation, try test.double("population")))
    }
    #expect(Summary([]).mean == 0)
  }

  @Test("Bootstrap intervals repeat, cover the mean and shrink with the sample") func bootstrap() throws {
    let bootstrap = Bootstrap(seeds: SeedStream(1), resamples: 2000)
    let values = SeedStream(5).normals(400, standardDeviation: 1).map { Double($0) }
    let wide = try #require(bootstrap.mean(of: Array(values.prefix(40))))
    let narrow = try #require(bootstrap.mean(of: values))
    #expect(wide.lower < wide.estimate && wide.estimate < wide.upper)
    #expect(narrow.upper - narrow.lower < wide.upper - wide.lower)
    // The normal approximation of the same interval.
    let half = 1.96 * Summary(values).populationDeviation / 20
    #expect(isClose(narrow.upper - narrow.lower, 2 * half, 0.1 * half))
    #expect(bootstrap.mean(of: values) == Bootstrap(seeds: SeedStream(1), resamples: 2000).mean(of: values))
    #expect(bootstrap.mean(of: values) != Bootstrap(seeds: SeedStream(2), resamples: 2000).mean(of: values))
    #expect(bootstrap.mean(of: []) == nil)
    #expect(bootstrap.mean(of: [0.5])?.upper == 0.5)
  }

  @Test("A paired difference is found where it is, and not where it is not") func pairedBootstrap() throws {
    let bootstrap = Bootstrap(seeds: SeedStream(1), resamples: 2000)
    let base = (0..<200).map { $0 % 3 == 0 ? 1.0 : 0 }
    let better = base.enumerated().map { $0.offset % 10 == 1 ? 1.0 : $0.element }
    let difference = try #require(bootstrap.difference(better, base))
    #expect(difference.excludesZero)
    #expect(difference.pValue < 0.01)
    let none = try #require(bootstrap.difference(base, base))
    #expect(!none.excludesZero)
    #expect(none.pValue == 1)
  }
}

@Suite("PSCP") struct PSCPTests {
  struct Published: Sendable {
    let method: String
    let performance: Double
    let costs: PSCP.Costs
    /// The published values for β = 1, 2, 3, 4.
    let values: [Double]
  }

  static let published = [
    Published(
      method: "IA3", performance: 74.7, costs: .init(parameters: 196_608, flops: 8.69 - 8.38, memory: 28.41),
      values: [55.62, 41.41, 30.83, 22.95]),
    Published(
      method: "Prompt tuning", performance: 50.0, costs: .init(parameters: 409_600, flops: 10.05 - 8.38, memory: 42.47),
      values: [29.49, 17.39, 10.26, 6.05]),
    Published(
      method: "Prefix tuning", performance: 45.9,
      costs: .init(parameters: 34_177_536, flops: 8.39 - 8.38, memory: 27.61), values: [33.18, 23.98, 17.33]),
    Published(
      method: "P-tuning", performance: 51.7, costs: .init(parameters: 53_130_752, flops: 10.06 - 8.38, memory: 34.53),
      values: [29.26, 16.56]),
    Published(
      method: "LoRA", performance: 80.1, costs: .init(parameters: 14_680_064, flops: 0, memory: 27.75),
      values: [60.08, 45.06, 33.80, 25.35]),
    Published(
      method: "LN tuning", performance: 77.8, costs: .init(parameters: 266_240, flops: 0, memory: 27.43),
      values: [60.19, 46.57, 36.03, 27.88]),
    Published(
      method: "BitFit", performance: 75.3, costs: .init(parameters: 163_840, flops: 0, memory: 27.20),
      values: [58.38]),
  ]

  @Test("The paper preset gives the published column to the last digit", arguments: published)
  func paper(row: Published) {
    for (index, expected) in row.values.enumerated() {
      let beta = Double(index + 1)
      let formula = PSCP(preset: .paper, beta: .init(parameters: beta, flops: beta, memory: beta))
      let value = formula.value(performance: row.performance, costs: row.costs)
      #expect((value * 100).rounded() / 100 == expected, "\(row.method), beta \(beta)")
    }
  }

  @Test("A smaller exponent of the parameters puts LoRA first, as published") func exponents() {
    let lora = Self.published[4]
    let norms = Self.published[5]
    let formula = PSCP(preset: .paper, beta: .init(parameters: 0.5, flops: 1, memory: 1))
    #expect(isClose(formula.value(performance: lora.performance, costs: lora.costs), 60.95, 0.005))
    #expect(isClose(formula.value(performance: norms.performance, costs: norms.costs), 60.21, 0.005))
  }

  @Test("Without costs PSCP is the score; its terms multiply to it; a cost at its constant halves") func terms() {
    let constants = PSCP.Costs(parameters: 1e6, flops: 2e9, memory: 3e8)
    let formula = PSCP(preset: .relative(constants))
    #expect(formula.value(performance: 71, costs: .init(parameters: 0, flops: 0, memory: 0)) == 71)
    #expect(formula.terms(constants) == formula.terms(.init(parameters: 1e6, flops: 2e9, memory: 3e8)))
    #expect(formula.terms(constants).parameters == 0.5)
    #expect(isClose(formula.value(performance: 80, costs: constants), 10))
    #expect(formula.terms(.init(parameters: 0, flops: -5, memory: 0)).flops == 1)
    #expect(formula.constants == constants)
    #expect(PSCP.Preset.paper.name == "paper")
  }
}
