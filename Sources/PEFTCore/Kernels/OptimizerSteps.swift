import Foundation

/// One step of AdamW over an array of parameters.
///
///     p ← p·(1 - lr·decay)
///     m ← β₁·m + (1 - β₁)·g,  v ← β₂·v + (1 - β₂)·g²
///     p ← p - lr / (1 - β₁ᵗ) · m / (sqrt(v) / sqrt(1 - β₂ᵗ) + ε)
///
/// - Source: Loshchilov and Hutter 2019, in the order of PyTorch's `AdamW`.
struct AdamWStep: Sendable {
  var learningRate: Double
  var beta1 = 0.9
  var beta2 = 0.999
  var epsilon = 1e-8
  var weightDecay = 0.01
  /// Number of this step, from 1.
  var step: Int

  /// Updates parameters and both moments in one pass.
  ///
  /// - Parameter gradientScale: Multiplies gradients as they are read, for clipping.
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float = 1,
    firstMoments: UnsafeMutablePointer<Float>, secondMoments: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    let factors = factors
    workers.run(count: count, grain: elementwiseGrain, as: .optimizer) { start, count in
      factors.update(
        parameters + start, gradients: gradients + start, gradientScale: gradientScale,
        firstMoments: firstMoments + start, secondMoments: secondMoments + start, count: count)
    }
  }

  /// The same with moments of fewer bits, which are float32 while their block is updated: parameters see the new moments
  /// before these are rounded.
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float = 1,
    firstMoments: NarrowMoment, secondMoments: NarrowMoment, count: Int, workers: Workers
  ) {
    let factors = factors
    let moments = (firstMoments, secondMoments)
    NarrowMoment.forEachBlock(count, of: moments, workers: workers) { start, count, first, second in
      factors.update(
        parameters + start, gradients: gradients + start, gradientScale: gradientScale, firstMoments: first,
        secondMoments: second, count: count)
    }
  }

  /// The constants of the step in float32.
  private var factors: Factors {
    Factors(
      decay: Float(1 - learningRate * weightDecay), stepSize: Float(learningRate / (1 - pow(beta1, Double(step)))),
      inverseRoot: Float(1 / (1 - pow(beta2, Double(step))).squareRoot()), b1: Float(beta1), c1: Float(1 - beta1),
      b2: Float(beta2), c2: Float(1 - beta2), epsilon: Float(epsilon))
  }

  private struct Factors {
    let decay, stepSize, inverseRoot, b1, c1, b2, c2, epsilon: Float

    @inline(__always)
    func update(
      _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float,
      firstMoments: UnsafeMutablePointer<Float>, secondMoments: UnsafeMutablePointer<Float>, count: Int
    ) {
      forEachVector(count) { i, n in
        let g = Lanes(at: gradients + i, count: n) * gradientScale
        let m = Lanes(at: firstMoments + i, count: n) * b1 + g * c1
        let v = Lanes(at: secondMoments + i, count: n) * b2 + g * g * c2
        m.store(to: firstMoments + i, count: n)
        v.store(to: secondMoments + i, count: n)
        let step = m * stepSize / (v.squareRoot() * inverseRoot + epsilon)
        (Lanes(at: parameters + i, count: n) * decay - step).store(to: parameters + i, count: n)
      }
    }
  }
}

/// One step of stochastic gradient descent with momentum, as PyTorch's `SGD` (no dampening, no Nesterov).
///
///     g ← g + decay·p,  b ← μ·b + g,  p ← p - lr·b
struct SGDStep: Sendable {
  var learningRate: Double
  var momentum = 0.0
  var weightDecay = 0.0

  /// Updates parameters and, where there is momentum, its buffer (zeros before the first step).
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float = 1,
    momentumBuffer: UnsafeMutablePointer<Float>?, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain, as: .optimizer) { start, count in
      update(
        parameters + start, gradients: gradients + start, gradientScale: gradientScale,
        momentumBuffer: momentumBuffer.map { $0 + start }, count: count)
    }
  }

  /// The same with a momentum buffer of fewer bits, which is float32 while a block of it is updated.
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float = 1,
    momentumBuffer: NarrowMoment, count: Int, workers: Workers
  ) {
    NarrowMoment.forEachBlock(count, of: (momentumBuffer, nil), workers: workers) { start, count, buffer, _ in
      update(
        parameters + start, gradients: gradients + start, gradientScale: gradientScale, momentumBuffer: buffer,
        count: count)
    }
  }

  @inline(__always)
  private func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, gradientScale: Float,
    momentumBuffer: UnsafeMutablePointer<Float>?, count: Int
  ) {
    let (rate, momentum, decay) = (Float(learningRate), Float(momentum), Float(weightDecay))
    forEachVector(count) { i, n in
      let p = Lanes(at: parameters + i, count: n)
      var g = Lanes(at: gradients + i, count: n) * gradientScale + p * decay
      if let momentumBuffer {
        g += Lanes(at: momentumBuffer + i, count: n) * momentum
        g.store(to: momentumBuffer + i, count: n)
      }
      (p - g * rate).store(to: parameters + i, count: n)
    }
  }
}

/// Sums of squares, for global norms.
enum SumOfSquares {
  /// Elements that are summed by one piece; the pieces' sums are then added in order.
  private static let grain = 16_384

  /// Σ x² in double precision.
  static func of(_ x: UnsafePointer<Float>, count: Int, workers: Workers) -> Double {
    let pieces = (count + grain - 1) / grain
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, pieces)) { sums in
      nonisolated(unsafe) let sums = sums
      workers.run(count: count, grain: grain, as: .optimizer) { start, count in
        let x = x + start
        var sum = SIMD8<Double>()
        let whole = count / 8 * 8
        for i in stride(from: 0, to: whole, by: 8) {
          let v = SIMD8<Double>(UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<Float>.self))
          sum += v * v
        }
        var total = sum.sum()
        for i in whole..<count { total += Double(x[i]) * Double(x[i]) }
        sums[start / grain] = total
      }
      return sums[0..<pieces].reduce(0, +)
    }
  }
}
