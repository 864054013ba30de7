/// Exponential, logarithm and their relatives on whole vectors of floats.
///
/// The polynomials are least-squares fits at Chebyshev nodes, weighted for relative error. A scalar form is
/// one lane of the vector form, so tails of arrays have the same bits as their bodies. Relative errors are below
/// 3e-7 over the range of `Float`, except where said (tested against double precision).
///
/// `exp` and `sigmoid` are transparent, which is inlined before anything else is. Activations reach them through a
/// protocol, and inlined later `exp` stayed a call there, with vectors taken apart for it: a quarter of a gated forward pass.
enum VectorMath {
  /// eˣ; zero where the result would be subnormal (x below -87.33), so that no kernel crawls through subnormals.
  ///
  ///     x = n·ln 2 + r, |r| ≤ ln 2 / 2,  eˣ = 2ⁿ·(1 + r + r²·P(r))
  @_transparent
  static func exp(_ x: Lanes) -> Lanes {
    // Comparisons with NaN are false, so NaN passes through and reaches the result in `r`.
    let clamped = x.replacing(with: 89, where: x .> 89).replacing(with: -88, where: x .< -88)
    // Adding 1.5·2²³ rounds to a whole number and leaves it in the low bits.
    let magic = Lanes(repeating: 0x1.8p23)
    let shifted = magic.adding(1.442695040888963, times: clamped)
    let n = shifted - magic
    // ln 2 in two parts, the first short enough for an exact product.
    let r = clamped.adding(-0.693359375, times: n).adding(2.121944400546906e-4, times: n)
    // Two factors, because 2¹²⁸ alone is not a float.
    let exponent = unsafeBitCast(shifted, to: IntegerLanes.self) &- 0x4B40_0000
    let half = exponent &>> 1
    let first = unsafeBitCast((half &+ 127) &<< 23, to: Lanes.self)
    let second = unsafeBitCast((exponent &- half &+ 127) &<< 23, to: Lanes.self)
    return (mantissa(r) * first * second).replacing(with: 0, where: x .< -87.33654)
  }

  /// eˣ of what is below 88, as a softmax has it, in fewer steps and with the same bits as `exp`.
  ///
  /// A power of two that is a float is multiplied at once, and nothing needs clamping: what is too low for `n` to mean
  /// anything gives zero, whatever came of it.
  @inline(__always)
  static func expBelow88(_ x: Lanes) -> Lanes {
    let magic = Lanes(repeating: 0x1.8p23)
    let shifted = magic.adding(1.442695040888963, times: x)
    let n = shifted - magic
    let r = x.adding(-0.693359375, times: n).adding(2.121944400546906e-4, times: n)
    let power = unsafeBitCast((unsafeBitCast(shifted, to: IntegerLanes.self) &- 0x4B3F_FF81) &<< 23, to: Lanes.self)
    return (mantissa(r) * power).replacing(with: 0, where: x .< -87.33654)
  }

  /// eʳ for |r| ≤ ln 2 / 2.
  @_transparent
  private static func mantissa(_ r: Lanes) -> Lanes {
    var p = Lanes(repeating: 0.00019911023264285177)
    p = Lanes(repeating: 0.001394760562106967).adding(p, times: r)
    p = Lanes(repeating: 0.008333278819918633).adding(p, times: r)
    p = Lanes(repeating: 0.04166624695062637).adding(p, times: r)
    p = Lanes(repeating: 0.1666666716337204).adding(p, times: r)
    p = Lanes(repeating: 0.5).adding(p, times: r)
    return r.adding(p, times: r * r) + 1
  }

  /// ln x; NaN below zero, -∞ at zero; subnormal x counts as zero.
  ///
  ///     x = 2ⁿ·(1 + f), √½ ≤ 1 + f < √2,  ln x = n·ln 2 + f - f²/2 + f³·P(f)
  @inline(__always)
  static func log(_ x: Lanes) -> Lanes {
    let bits = unsafeBitCast(x, to: IntegerLanes.self)
    // Subtracting √½'s pattern makes the exponent step at √½ and not at 1.
    let offset = bits &- 0x3F35_04F3
    let exponent = offset &>> 23
    let f = unsafeBitCast(bits &- (exponent &<< 23), to: Lanes.self) - 1
    // A small whole number becomes a float by the same trick as in `exp`.
    let n = unsafeBitCast(exponent &+ 0x4B40_0000, to: Lanes.self) - 0x1.8p23
    var p = Lanes(repeating: 0.06800912320613861)
    p = Lanes(repeating: -0.11726605147123337).adding(p, times: f)
    p = Lanes(repeating: 0.11890989542007446).adding(p, times: f)
    p = Lanes(repeating: -0.12396445125341415).adding(p, times: f)
    p = Lanes(repeating: 0.14217762649059296).adding(p, times: f)
    p = Lanes(repeating: -0.16668511927127838).adding(p, times: f)
    p = Lanes(repeating: 0.20002245903015137).adding(p, times: f)
    p = Lanes(repeating: -0.25).adding(p, times: f)
    p = Lanes(repeating: 0.3333331048488617).adding(p, times: f)
    let square = f * f
    let small = (f * square * p).adding(-0.5, times: square).adding(-2.121944400546906e-4, times: n)
    let result = (f + small).adding(0.693359375, times: n)
    return
      result
      .replacing(with: -.infinity, where: x .< Float.leastNormalMagnitude)
      .replacing(with: .nan, where: x .< 0)
      .replacing(with: x, where: (x .== .infinity) .| (x .!= x))
  }

  /// Hyperbolic tangent: an odd polynomial near zero, `1 - 2 / (e²ˣ + 1)` beyond.
  @inline(__always)
  static func tanh(_ x: Lanes) -> Lanes {
    let u = x * x
    var p = Lanes(repeating: -0.00564745906740427)
    p = Lanes(repeating: 0.020588653162121773).adding(p, times: u)
    p = Lanes(repeating: -0.05372456833720207).adding(p, times: u)
    p = Lanes(repeating: 0.1333126425743103).adding(p, times: u)
    p = Lanes(repeating: -0.33333274722099304).adding(p, times: u)
    let near = x.adding(x * u, times: p)
    let far = 1 - 2 / (exp(x + x) + 1)
    return far.replacing(with: near, where: u .< 0.39)
  }

  /// The logistic function 1 / (1 + e⁻ˣ).
  @_transparent
  static func sigmoid(_ x: Lanes) -> Lanes { 1 / (1 + exp(-x)) }

  /// The error function: an odd polynomial up to 1, `1 - exp(-P(|x|))` beyond.
  @inline(__always)
  static func erf(_ x: Lanes) -> Lanes {
    let u = x * x
    var p = Lanes(repeating: -9.709800906421151e-06)
    p = Lanes(repeating: 0.0001128183284890838).adding(p, times: u)
    p = Lanes(repeating: -0.000848643365316093).adding(p, times: u)
    p = Lanes(repeating: 0.005221209023147821).adding(p, times: u)
    p = Lanes(repeating: -0.026865502819418907).adding(p, times: u)
    p = Lanes(repeating: 0.11283783614635468).adding(p, times: u)
    p = Lanes(repeating: -0.37612637877464294).adding(p, times: u)
    p = Lanes(repeating: 0.1283791670955126).adding(p, times: u)
    let near = x.adding(x, times: p)

    let magnitude = x.replacing(with: -x, where: x .< 0)
    // At 4 the function is 1 to the last bit.
    let a = magnitude.replacing(with: 4, where: magnitude .> 4)
    var q = Lanes(repeating: 2.1581221517408267e-05)
    q = Lanes(repeating: -0.00044005634845234454).adding(q, times: a)
    q = Lanes(repeating: 0.004198059439659119).adding(q, times: a)
    q = Lanes(repeating: -0.02519030123949051).adding(q, times: a)
    q = Lanes(repeating: 0.1083894595503807).adding(q, times: a)
    q = Lanes(repeating: 0.6332476735115051).adding(q, times: a)
    q = Lanes(repeating: 1.1295640468597412).adding(q, times: a)
    q = Lanes(repeating: -0.00018489928334020078).adding(q, times: a)
    let tail = 1 - exp(-q)
    let far = tail.replacing(with: -tail, where: x .< 0)
    return near.replacing(with: far, where: magnitude .> 1)
  }

  /// eˣ of one number, the same bits as a lane of the vector form.
  static func exp(_ x: Float) -> Float { exp(Lanes(repeating: x))[0] }

  /// ln x of one number, the same bits as a lane of the vector form.
  static func log(_ x: Float) -> Float { log(Lanes(repeating: x))[0] }

  /// tanh of one number, the same bits as a lane of the vector form.
  static func tanh(_ x: Float) -> Float { tanh(Lanes(repeating: x))[0] }

  /// The logistic function of one number, the same bits as a lane of the vector form.
  static func sigmoid(_ x: Float) -> Float { sigmoid(Lanes(repeating: x))[0] }

  /// The error function of one number, the same bits as a lane of the vector form.
  static func erf(_ x: Float) -> Float { erf(Lanes(repeating: x))[0] }
}
