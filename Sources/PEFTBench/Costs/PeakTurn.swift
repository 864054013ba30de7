import PEFTCore

/// One training step beside what the matrix kernel reached right after it, over as long a time.
///
/// Another load on the machine slows both, so the shares say more about the program than any of the speeds.
package struct PeakTurn: Sendable {
  /// The products' speed over that of the kernel when all that it reads is in the first-level cache.
  package let kernelShareOfPeak: Double
  /// The whole step's speed over its products', which is their share of its time.
  package let stepShareOfKernel: Double

  /// - Parameters:
  ///   - stepSeconds: What the step took.
  ///   - productSeconds: What its matrix products took.
  ///   - operations: Multiplications and additions of these.
  ///   - peak: The kernel's, a second.
  init(stepSeconds: Double, productSeconds: Double, operations: Double, peak: Double) {
    kernelShareOfPeak = operations / productSeconds / peak
    stepShareOfKernel = productSeconds / stepSeconds
  }
}

extension Sequence<PeakTurn> {
  /// The median of a share; nil where there is no step.
  package func median(_ share: (PeakTurn) -> Double) -> Double? {
    let median = SpeedProbe.median(map(share).filter(\.isFinite))
    return median.isNaN ? nil : median
  }
}

extension KernelProfile {
  /// The matrix products so far, which alone have operations.
  var products: (operations: Double, seconds: Double) {
    var products = (operations: 0.0, seconds: 0.0)
    for entry in KernelKind.allCases.map({ self[$0] }) where entry.operations > 0 {
      products.operations += entry.operations
      products.seconds += entry.seconds
    }
    return products
  }
}
