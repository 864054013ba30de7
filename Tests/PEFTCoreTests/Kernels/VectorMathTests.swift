import Foundation
import Testing

@testable import PEFTCore

@Suite("Vector mathematics") struct VectorMathTests {
  /// The largest relative error over `count` points of a range.
  func worstError(
    _ range: ClosedRange<Double>, count: Int = 20_000, _ actual: (Lanes) -> Lanes, _ exact: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    var x = Lanes()
    let width = Lanes.scalarCount
    for first in Swift.stride(from: 0, to: count, by: width) {
      for lane in 0..<width {
        let fraction = Double(first + lane) / Double(count + width)
        x[lane] = Float(range.lowerBound + (range.upperBound - range.lowerBound) * fraction)
      }
      let y = actual(x)
      for lane in 0..<width {
        let expected = exact(Double(x[lane]))
        let error = expected == 0 ? abs(Double(y[lane])) : abs(Double(y[lane]) / expected - 1)
        if !(error <= worst) { worst = error }
      }
    }
    return worst
  }

  @Test("Functions are within 3e-7 of double precision") func accuracy() {
    for range in [-87.3...88.7, -1.0...1.0, -1e-3...1e-3] {
      #expect(worstError(range, { VectorMath.exp($0) }, { exp($0) }) < 2e-7)
      #expect(worstError(range, { VectorMath.sigmoid($0) }, { 1 / (1 + exp(-$0)) }) < 3e-7)
    }
    for range in [-20.0...20.0, -1.0...1.0, -1e-3...1e-3] {
      #expect(worstError(range, { VectorMath.tanh($0) }, { tanh($0) }) < 3e-7)
      #expect(worstError(range, { VectorMath.erf($0) }, { erf($0) }) < 3e-7)
    }
    for range in [1.2e-38...1e-30, 1e-3...1.0, 0.9...1.1, 0.5...3.0, 1.0...1e6, 1e30...3e38] {
      #expect(worstError(range, { VectorMath.log($0) }, { log($0) }) < 3e-7)
    }
  }

  @Test("Ends of the range are those of the functions") func specialValues() {
    let inf = Float.infinity
    #expect(VectorMath.exp(0 as Float) == 1)
    #expect(VectorMath.exp(inf) == inf && VectorMath.exp(89 as Float) == inf && VectorMath.exp(1e30 as Float) == inf)
    #expect(VectorMath.exp(88.72 as Float).isFinite)
    #expect(VectorMath.exp(-inf) == 0 && VectorMath.exp(-1e30 as Float) == 0 && VectorMath.exp(-90 as Float) == 0)
    #expect(VectorMath.exp(Float.nan).isNaN)
    #expect(VectorMath.tanh(inf) == 1 && VectorMath.tanh(-inf) == -1 && VectorMath.tanh(0 as Float) == 0)
    #expect(VectorMath.tanh(Float.nan).isNaN)
    #expect(VectorMath.sigmoid(inf) == 1 && VectorMath.sigmoid(-inf) == 0 && VectorMath.sigmoid(0 as Float) == 0.5)
    #expect(VectorMath.sigmoid(Float.nan).isNaN)
    #expect(VectorMath.erf(inf) == 1 && VectorMath.erf(-inf) == -1 && VectorMath.erf(0 as Float) == 0)
    #expect(VectorMath.erf(Float.nan).isNaN)
    #expect(VectorMath.log(inf) == inf && VectorMath.log(0 as Float) == -inf && VectorMath.log(1 as Float) == 0)
    #expect(VectorMath.log(-1 as Float).isNaN && VectorMath.log(-inf).isNaN && VectorMath.log(Float.nan).isNaN)
  }

  @Test("The exponential of a softmax has the bits of the other one") func softmaxExponential() {
    var x: [Float] = (0..<200_000).map { -100 + Float($0) * 9.375e-4 }
    x += [-.infinity, -1e30, -87.336545, -87.33654, -87.33653, -0.0, 0, 1e-30, 1e-3, 87.9, .nan]
    while !x.count.isMultiple(of: Lanes.count) { x.append(0) }
    let end = x.count
    x.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return }
      for i in stride(from: 0, to: end, by: Lanes.count) {
        let (a, b) = (VectorMath.expBelow88(Lanes(at: x + i)), VectorMath.exp(Lanes(at: x + i)))
        for lane in 0..<Lanes.count {
          #expect(a[lane].bitPattern == b[lane].bitPattern || (a[lane].isNaN && b[lane].isNaN), "e^\(x[i + lane])")
        }
      }
    }
  }

  @Test("A part of a vector is loaded and stored, and nothing beside it", arguments: 0...Lanes.count)
  func parts(count: Int) {
    let source = (0..<count).map { Float($0 + 1) }
    source.withUnsafeBufferPointer { source in
      var target = [Float](repeating: -1, count: Lanes.count + 1)
      guard let source = source.baseAddress else { return }
      let lanes = Lanes(at: source, count: count, filling: 7)
      for lane in 0..<Lanes.count { #expect(lanes[lane] == (lane < count ? Float(lane + 1) : 7)) }
      lanes.store(to: &target, count: count)
      for lane in target.indices { #expect(target[lane] == (lane < count ? Float(lane + 1) : -1)) }
    }
  }

  @Test("A tail has the bits of a body") func tails() {
    let x = SeedStream(1).normals(3 * Lanes.scalarCount, standardDeviation: 4)
    var whole = x
    mapVectors(x, into: &whole, count: x.count) { VectorMath.exp($0) }
    for count in [1, Lanes.scalarCount - 1, Lanes.scalarCount + 3] {
      var part = [Float](repeating: 7, count: x.count)
      mapVectors(x, into: &part, count: count) { VectorMath.exp($0) }
      #expect(Array(part[..<count]).bits == Array(whole[..<count]).bits)
      #expect(part[count...].allSatisfy { $0 == 7 })
    }
    #expect(x.map { VectorMath.exp($0) }.bits == whole.bits)
  }
}
