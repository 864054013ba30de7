/// Inverted dropout whose mask is never stored: forward and backward pass draw it again from a random stream.
///
/// An element is kept or not by its own 16 bits of the stream, so a mask is a function of (stream, element
/// index). Probabilities are therefore multiples of 2⁻¹⁶, and kept values are divided by the probability in use,
/// which leaves expectations exact.
///
/// - Source: Srivastava et al. 2014.
struct Dropout: Sendable {
  private let stream: SeedStream
  private let keptBelow: UInt64
  private let scale: Float

  /// Dropout of elements with `probability` in 0..<1.
  init(probability: Double, stream: SeedStream) {
    precondition(probability >= 0 && probability < 1, "Dropout: probability \(probability) is not in 0..<1")
    self.stream = stream
    keptBelow = max(1, UInt64(((1 - probability) * 0x1p16).rounded()))
    scale = Float(0x1p16 / Double(keptBelow))
  }

  /// Writes `x` with dropped elements zero and the others scaled; on gradients this is the backward pass.
  ///
  /// - Parameters:
  ///   - firstIndex: Index of `x`'s first element in the mask, a multiple of 4.
  ///   - y: May be `x` itself.
  func apply(
    to x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int, firstIndex: Int = 0, workers: Workers
  ) {
    precondition(firstIndex % 4 == 0, "Dropout: first index \(firstIndex) is not a multiple of 4")
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      let x = x + start
      let y = y + start
      let group = (firstIndex + start) / 4
      let whole = count / 4
      for i in 0..<whole {
        let value = UnsafeRawPointer(x + 4 * i).loadUnaligned(as: SIMD4<Float>.self) * factors(group + i)
        UnsafeMutableRawPointer(y + 4 * i).storeBytes(of: value, as: SIMD4<Float>.self)
      }
      if 4 * whole < count {
        let factors = factors(group + whole)
        for i in 4 * whole..<count { y[i] = x[i] * factors[i - 4 * whole] }
      }
    }
  }

  @inline(__always)
  private func factors(_ group: Int) -> SIMD4<Float> {
    let bits = stream.bits(at: group)
    return SIMD4(
      bits & 0xFFFF < keptBelow ? scale : 0, (bits >> 16) & 0xFFFF < keptBelow ? scale : 0,
      (bits >> 32) & 0xFFFF < keptBelow ? scale : 0, bits >> 48 < keptBelow ? scale : 0)
  }
}
