import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Runs a kernel with 1, 2 and 5 threads, expects the same bits, and returns them.
func sameForAnyThreads(
  count: Int, initial: Float = .nan, sourceLocation: Testing.SourceLocation = #_sourceLocation,
  _ kernel: (UnsafeMutablePointer<Float>, Workers) -> Void
) -> [Float] {
  func run(_ threads: Int) -> [Float] {
    var values = [Float](repeating: initial, count: count)
    kernel(&values, Workers(count: threads))
    return values
  }
  let values = run(1)
  for threads in [2, 5] {
    #expect(run(threads).bits == values.bits, "\(threads) threads", sourceLocation: sourceLocation)
  }
  return values
}

/// Derivatives of `Σ weights · function(x)` by central differences in double precision.
func differences(
  at x: [Float], weights: [Float], indices: [Int]? = nil, _ function: ([Double]) -> [Double]
) -> [Float] {
  let step = 1e-5
  return (indices ?? Array(x.indices)).map { index in
    func loss(_ shift: Double) -> Double {
      var x = x.doubles
      x[index] += shift
      return zip(function(x), weights).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    return Float((loss(step) - loss(-step)) / (2 * step))
  }
}
