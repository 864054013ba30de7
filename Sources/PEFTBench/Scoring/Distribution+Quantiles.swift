import Foundation

/// Quantiles, and the tails of Student's and the binomial distribution.
extension Distribution {
  /// The x with P(Z ≤ x) = `probability` of the standard normal distribution.
  ///
  /// - Precondition: 0 < probability < 1.
  static func normalQuantile(_ probability: Double) -> Double {
    precondition(probability > 0 && probability < 1, "normal quantile of \(probability)")
    if probability > 0.5 { return -normalQuantile(1 - probability) }
    // A rational approximation (Abramowitz and Stegun 26.2.23), then Newton's steps on the logarithm, which is concave.
    let t = (-2 * log(probability)).squareRoot()
    var x =
      (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
    for _ in 0..<4 {
      let value = normalCDF(x)
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      x -= log(value / probability) * value / density
    }
    return x
  }

  /// P(T > x) of Student's distribution; degrees of freedom need not be whole.
  static func studentTail(_ x: Double, degreesOfFreedom: Double) -> Double {
    guard degreesOfFreedom.isFinite else { return normalCDF(-x) }
    let tail = 0.5 * regularizedBeta(degreesOfFreedom / (degreesOfFreedom + x * x), degreesOfFreedom / 2, 0.5)
    return x < 0 ? 1 - tail : tail
  }

  /// The x with P(T ≤ x) = `probability` of Student's distribution.
  ///
  /// - Precondition: 0 < probability < 1, and a positive number of degrees of freedom.
  static func studentQuantile(_ probability: Double, degreesOfFreedom: Double) -> Double {
    precondition(degreesOfFreedom > 0, "Student's distribution with \(degreesOfFreedom) degrees of freedom")
    guard degreesOfFreedom.isFinite else { return normalQuantile(probability) }
    // Small tails keep their digits below the middle alone.
    if probability > 0.5 { return -studentQuantile(1 - probability, degreesOfFreedom: degreesOfFreedom) }
    // Two, three and five seeds have closed forms.
    let product = 4 * probability * (1 - probability)
    switch degreesOfFreedom {
    case 1: return -1 / tan(Double.pi * probability)
    case 2: return 2 * (probability - 0.5) * (2 / product).squareRoot()
    case 4:
      let root = product.squareRoot()
      return -2 * max(0, cos(acos(root) / 3) / root - 1).squareRoot()
    default: break
    }
    var upper = 1.0
    while studentTail(upper, degreesOfFreedom: degreesOfFreedom) > probability, upper < 1e300 { upper *= 2 }
    return -root(of: { probability - studentTail($0, degreesOfFreedom: degreesOfFreedom) }, in: 0...upper)
  }

  /// P(X ≥ successes) of the binomial distribution.
  static func binomialTail(_ successes: Int, trials: Int, probability: Double) -> Double {
    guard successes > 0 else { return 1 }
    guard successes <= trials, probability > 0 else { return 0 }
    guard probability < 1 else { return 1 }
    // The tail of the binomial distribution is a regularized beta function of its probability.
    return regularizedBeta(probability, Double(successes), Double(trials - successes + 1))
  }

  /// Where an increasing function crosses zero, by halving the range until it is as narrow as numbers are.
  private static func root(of function: (Double) -> Double, in range: ClosedRange<Double>) -> Double {
    var (lower, upper) = (range.lowerBound, range.upperBound)
    for _ in 0..<200 {
      let middle = lower + (upper - lower) / 2
      if middle == lower || middle == upper { break }
      if function(middle) < 0 { lower = middle } else { upper = middle }
    }
    return lower + (upper - lower) / 2
  }

  /// I_x(a, b), the regularized incomplete beta function, by its continued fraction (Lentz's method).
  private static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges quickly below the mean alone.
    if x > (a + 1) / (a + b + 2) { return 1 - regularizedBeta(1 - x, b, a) }
    let scale = exp(a * log(x) + b * log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
    let tiny = 1e-300
    func bounded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / bounded(1 - (a + b) * x / (a + 1))
    var fraction = d
    for step in 1...5000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / bounded(1 + even * d)
      c = bounded(1 + even / c)
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / bounded(1 + odd * d)
      c = bounded(1 + odd / c)
      fraction *= d * c
      if abs(d * c - 1) < 1e-16 { break }
    }
    return min(1, scale * fraction)
  }
}
