import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Nearest low-rank updates") struct NearestLowRankTests {
  private static func update(_ seed: Int, rank: Int, outputs: Int = 7, inputs: Int = 9) -> LowRankUpdate {
    let stream = SeedStream(seed)
    return LowRankUpdate(
      site: "m", kind: .map, a: stream.child("a").normals(rank * inputs, standardDeviation: 1),
      b: stream.child("b").normals(outputs * rank, standardDeviation: 1), rank: rank, scale: 0.5)
  }

  @Test("Factors and the full matrix give the same update", arguments: [1, 2, 3, 5, 20])
  func bothWays(rank: Int) {
    var sum = LowRankSum()
    sum.add(Self.update(1, rank: 2), times: 0.7)
    sum.add(Self.update(2, rank: 3), times: -1.3)
    let factored = NearestLowRank(to: sum, keeping: .rank(rank), workers: .one).update(site: "m", kind: .map)
    let full = NearestLowRank(to: sum.dense(workers: .one), keeping: .rank(rank), workers: .one).update(
      site: "m", kind: .map)
    expectClose(
      factored.dense(workers: .one).floats, full.dense(workers: .one).floats, relative: 1e-5, absolute: 1e-5,
      "rank \(rank)")
    let deviation = sum.deviation(of: factored, workers: .one)
    #expect(
      abs(
        deviation.difference
          - AdapterCombination.Deviation(of: factored, from: sum.dense(workers: .one), workers: .one).difference) < 1e-6
    )
    #expect(rank >= 5 ? deviation.difference < 1e-5 : deviation.difference > 0.1)
  }

  @Test("The energy says how many singular values stay")
  func energy() {
    // Diagonal 3, 2, 1: squares 9, 4, 1 of 14.
    let diagonal = DoubleMatrix([3, 0, 0, 0, -2, 0, 0, 0, 1] as [Double], rows: 3, columns: 3)
    for (share, rank) in [(0.5, 1), (9.0 / 14, 1), (0.65, 2), (13.0 / 14, 2), (0.95, 3), (1, 3)] {
      #expect(NearestLowRank(to: diagonal, keeping: .energy(share), workers: .one).a.rows == rank, "\(share)")
    }
    #expect(NearestLowRank(to: DoubleMatrix(zeros: 2, 2), keeping: .energy(0.99), workers: .one).a.rows == 1)
  }

  @Test("An update that cancels out is zero")
  func nothing() {
    var sum = LowRankSum()
    sum.add(Self.update(1, rank: 2), times: 1)
    sum.add(Self.update(1, rank: 2), times: -1)
    #expect(sum.norm(workers: .one) < 1e-6)
    let nearest = NearestLowRank(to: sum, keeping: .rank(2), workers: .one).update(site: "m", kind: .map)
    #expect(nearest.dense(workers: .one).elements.allSatisfy { abs($0) < 1e-12 })
  }

  @Test("Both factors are cut at the same quantile, interpolated as PyTorch does")
  func clamp() {
    // Entries of both factors are among 3, 2, 1 (times a sign) and 0 or ±1.
    let factors = NearestLowRank(
      to: DoubleMatrix([3, 0, 0, 2] as [Double], rows: 2, columns: 2), keeping: .rank(2), workers: .one)
    let joint = (factors.a.elements + factors.b.elements).sorted()
    let place = 0.9 * 7
    let high = joint[Int(place)] + (place - Double(Int(place))) * (joint[Int(place) + 1] - joint[Int(place)])
    let cut = factors.clamped(at: 0.9)
    #expect(cut.b.elements == factors.b.elements.map { min(max($0, -high), high) })
    #expect(cut.a.elements == factors.a.elements.map { min(max($0, -high), high) })
    #expect(factors.clamped(at: 1).b == factors.b)
  }
}
