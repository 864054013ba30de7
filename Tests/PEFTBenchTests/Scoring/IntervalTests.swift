import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Intervals and tests of scores") struct IntervalTests {
  private let fixture: MetricFixture

  init() throws { fixture = try MetricFixture("intervals.json") }

  @Test("Quantiles and tails equal scipy's") func distributions() throws {
    for test in try fixture.cases("normal") {
      #expect(isClose(Distribution.normalQuantile(try test.double("p")), try test.double("x"), 1e-9))
    }
    for test in try fixture.cases("student") {
      let x = Distribution.studentQuantile(try test.double("p"), degreesOfFreedom: try test.double("freedom"))
      let expected = try test.double("x")
      #expect(isClose(x, expected, 1e-9 * max(1, abs(expected))))
    }
    for test in try fixture.cases("student_tail") {
      let tail = Distribution.studentTail(try test.double("x"), degreesOfFreedom: try test.double("freedom"))
      #expect(isClose(tail, try test.double("p"), 1e-12))
    }
    for test in try fixture.cases("binomial") {
      let tail = Distribution.binomialTail(
        Int(try test.double("k")), trials: Int(try test.double("n")), probability: try test.double("p"))
      #expect(isClose(tail, try test.double("tail"), 1e-10))
    }
  }

  @Test("One run's share has scipy's Wilson interval, which has a width at 0 % and at 100 %") func wilson() throws {
    for test in try fixture.cases("wilson") {
      let (right, rows) = (Int(try test.double("right")), Int(try test.double("rows")))
      let marks = (0..<rows).map { $0 < right ? 1.0 : 0 }
      let interval = try #require(ScoreInterval.mean(of: [.init(shares: [marks])]))
      #expect(isClose(interval.lower, try test.double("lower"), 1e-9))
      #expect(isClose(interval.upper, try test.double("upper"), 1e-9))
      #expect(interval.lower < interval.upper)
      // Several runs without an error are not better than one: the rows are the same ones.
      let several = try #require(ScoreInterval.mean(of: [.init(shares: [marks, marks, marks])]))
      #expect(several.upper - several.lower > 0.999 * (interval.upper - interval.lower))
    }
    #expect(ScoreInterval.mean(of: []) == nil)
  }

  @Test("Variance is split into that of rows and that of seeds as numpy splits it") func components() throws {
    for test in try fixture.cases("crossed") {
      let values = try #require(test["values"]?.array).map { try #require($0.array).compactMap(\.number) }
      let variance = SamplingVariance(values, pseudoRows: 0, range: 0...1)
      #expect(isClose(variance.rows, try test.double("rows"), 1e-12))
      #expect(isClose(variance.seeds, try test.double("seeds"), 1e-12))
      #expect(variance.freedom == Double(values.count - 1))
      // Rows that are equal in all runs may be counted together.
      let rows = values[0].indices.map { row in values.map { $0[row] } }
      let patterns = Array(Set(rows)).sorted { $0.lexicographicallyPrecedes($1) }
      let counted = SamplingVariance(
        values.indices.map { run in patterns.map { $0[run] } },
        counts: patterns.map { pattern in Double(rows.count { $0 == pattern }) }, pseudoRows: 0, range: 0...1)
      #expect(isClose(counted.rows, variance.rows, 1e-12) && isClose(counted.seeds, variance.seeds, 1e-12))
    }
    for test in try fixture.cases("mixture") {
      let variance = SamplingVariance(
        rows: try test.double("rows"), seeds: try test.double("seeds"), freedom: try test.double("freedom"))
      let part = PairedDifference.Part(estimate: try test.double("centre"), variance: variance)
      let difference = try #require(PairedDifference([part]))
      #expect(isClose(difference.pValue, try test.double("p"), 1e-9))
    }
  }

  @Test("BCa intervals equal scipy's on the same resamples") func biasCorrected() throws {
    for test in try fixture.cases("bca") {
      let interval = try #require(
        BiasCorrectedBootstrap.interval(
          estimate: try test.double("estimate"), resampled: try test.numbers("resampled"),
          leavingOneOut: try test.numbers("leaving_one_out"), tail: try test.double("tail")))
      #expect(isClose(interval.lower, try test.double("lower"), 1e-9))
      #expect(isClose(interval.upper, try test.double("upper"), 1e-9))
    }
    #expect(BiasCorrectedBootstrap.interval(estimate: 1, resampled: [1, 1], leavingOneOut: [1, 1]) == nil)
  }

  @Test("The test against the majority is the exact binomial one, over several datasets too") func majority() throws {
    for test in try fixture.cases("majority") {
      let counts = try #require(test["counts"]?.array).map { count in
        let numbers = try #require(count.array).compactMap(\.number)
        return MajorityTest.Count(rows: Int(numbers[0]), right: Int(numbers[1]), majority: numbers[2])
      }
      #expect(isClose(MajorityTest(counts).pValue, try test.double("p"), 1e-10))
    }
    let many = (0..<5).map { _ in MajorityTest.Count(rows: 1000, right: 520, majority: 0.5) }
    #expect(MajorityTest(many).isAbove)
    #expect(!MajorityTest(many.map { .init(rows: $0.rows, right: 500, majority: 0.5) }).isAbove)
    #expect(!MajorityTest([.init(rows: 10, right: 10, majority: 1)]).isAbove)
  }

  @Test("One run of each of two methods has Bonett and Price's interval and McNemar's p-value") func pairs() throws {
    for test in try fixture.cases("paired") {
      let (first, second) = (Int(try test.double("only_first")), Int(try test.double("only_second")))
      let rows = Int(try test.double("rows"))
      let one = (0..<rows).map { $0 < first ? 1.0 : 0 }
      let other = (0..<rows).map { $0 >= first && $0 < first + second ? 1.0 : 0 }
      let difference = try #require(PairedDifference([.init([one], [other])]))
      #expect(isClose(difference.interval.estimate, try test.double("estimate"), 1e-12))
      #expect(isClose(difference.interval.lower, try test.double("lower"), 1e-9))
      #expect(isClose(difference.interval.upper, try test.double("upper"), 1e-9))
      #expect(difference.pValue == McNemarTest(onlyFirst: first, onlySecond: second).pValue)
    }
  }

  @Test("The detectable difference is found four times out of five, and a smaller one less often") func detectable()
    throws
  {
    // Six rows that one method alone has right are the fewest that McNemar's test calls significant.
    #expect(PairedDifference.fewestDisagreements(significance: 0.05) == 6)
    #expect(
      McNemarTest(onlyFirst: 6, onlySecond: 0).pValue < 0.05 && McNemarTest(onlyFirst: 5, onlySecond: 0).pValue > 0.05)
    let two = try #require(PairedDifference([.init([[1, 0]], [[0, 1]])]))
    #expect(two.detectable(significance: 0.05) == nil)

    let (rows, disagreement) = (150, 0.3)
    let stream = SeedStream(4)
    func outcome(_ trial: Int, difference: Double) -> PairedDifference? {
      let draws = stream.child(trial)
      var (first, second) = ([Double](), [Double]())
      for row in 0..<rows {
        let u = Double(draws.uniform(at: row))
        first.append(u < (disagreement + difference) / 2 ? 1 : 0)
        second.append(u >= (disagreement + difference) / 2 && u < disagreement ? 1 : 0)
      }
      return PairedDifference([.init([first], [second])])
    }
    let detectable = Summary.mean((0..<50).compactMap { outcome($0, difference: 0)?.detectable(significance: 0.05) })
    func found(_ difference: Double) -> Double {
      Double((0..<500).count { (outcome($0, difference: difference)?.pValue ?? 1) <= 0.05 }) / 500
    }
    let power = found(detectable)
    #expect((0.74...0.88).contains(power), "\(power) at \(detectable)")
    #expect(found(detectable / 2) < 0.5)
  }

  @Test("Of several seeds, luck between them keeps a difference from being significant") func seedLuck() throws {
    // The first method has 10 more rows of 200 right with one seed, 10 fewer with another, 30 more with the third.
    func run(_ right: Int) -> [Double] { (0..<200).map { $0 < right ? 1 : 0 } }
    let base = [run(100), run(100), run(100)]
    let lucky = try #require(PairedDifference([.init([run(110), run(90), run(130)], base)]))
    #expect(lucky.pValue > 0.2 && lucky.interval.lower < 0)
    let steady = try #require(PairedDifference([.init([run(110), run(111), run(109)], base)]))
    #expect(steady.pValue < 0.05 && steady.interval.lower > 0)
    // Datasets are added: half the difference where there is none on the other one.
    let both = try #require(PairedDifference([.init([run(110)], [run(100)]), .init([run(100)], [run(100)])]))
    #expect(isClose(both.interval.estimate, 0.025, 1e-12) && both.mcnemar == nil)
    #expect(try #require(both.detectable(significance: 0.05)) > 0)
  }
}
