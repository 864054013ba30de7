/// Elementwise nonlinearities and their gated forms, as `hidden_act` and adapters name them.
///
/// Backward passes recompute what they need from the inputs; nothing is saved.
public enum Activation: String, Sendable, CaseIterable {
  /// x·σ(x), also called swish.
  case silu
  /// x·Φ(x) with the normal distribution's Φ (`gelu`).
  case gelu
  /// The tanh approximation of GELU (`gelu_new`, `gelu_pytorch_tanh`).
  case geluTanh = "gelu_tanh"
  /// max(x, 0).
  case relu
  /// The hyperbolic tangent.
  case tanh

  /// `y = f(x)`; `y` may be `x` itself.
  func forward(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers) {
    func run<F: ActivationFunction>(_: F.Type) {
      workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
        mapVectors(x + start, into: y + start, count: count) { F.value($0) }
      }
    }
    switch self {
    case .silu: run(SiLU.self)
    case .gelu: run(GELU.self)
    case .geluTanh: run(TanhGELU.self)
    case .relu: run(ReLU.self)
    case .tanh: run(Tanh.self)
    }
  }

  /// `dx = f′(x) · dy`; `dx` may be `dy` or `x` itself.
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    func run<F: ActivationFunction>(_: F.Type) {
      workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
        mapVectors(x + start, dy + start, into: dx + start, count: count) { F.valueAndSlope($0).slope * $1 }
      }
    }
    switch self {
    case .silu: run(SiLU.self)
    case .gelu: run(GELU.self)
    case .geluTanh: run(TanhGELU.self)
    case .relu: run(ReLU.self)
    case .tanh: run(Tanh.self)
    }
  }

  /// `y = f(gate) · up`: SwiGLU with `silu`, GeGLU with `geluTanh`; `y` may be an input.
  ///
  /// - Source: Shazeer 2020.
  func gatedForward(
    gate: UnsafePointer<Float>, up: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    func run<F: ActivationFunction>(_: F.Type) {
      workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
        // Not by closures: the compiler would call them, with vectors taken apart for the call.
        @inline(__always)
        func step(_ i: Int, _ n: Int) {
          (F.value(Lanes(at: gate + i, count: n)) * Lanes(at: up + i, count: n)).store(to: y + i, count: n)
        }
        let whole = start + count / Lanes.count * Lanes.count
        for i in stride(from: start, to: whole, by: Lanes.count) { step(i, Lanes.count) }
        if whole < start + count { step(whole, start + count - whole) }
      }
    }
    switch self {
    case .silu: run(SiLU.self)
    case .gelu: run(GELU.self)
    case .geluTanh: run(TanhGELU.self)
    case .relu: run(ReLU.self)
    case .tanh: run(Tanh.self)
    }
  }

  /// `dGate = f′(gate) · up · dy` and `dUp = f(gate) · dy`; each may overwrite any of the inputs.
  func gatedBackward(
    _ dy: UnsafePointer<Float>, gate: UnsafePointer<Float>, up: UnsafePointer<Float>,
    gateGradient: UnsafeMutablePointer<Float>, upGradient: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    func run<F: ActivationFunction>(_: F.Type) {
      workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
        @inline(__always)
        func step(_ i: Int, _ n: Int) {
          let g = Lanes(at: dy + i, count: n)
          let u = Lanes(at: up + i, count: n)
          let (value, slope) = F.valueAndSlope(Lanes(at: gate + i, count: n))
          (slope * u * g).store(to: gateGradient + i, count: n)
          (value * g).store(to: upGradient + i, count: n)
        }
        let whole = start + count / Lanes.count * Lanes.count
        for i in stride(from: start, to: whole, by: Lanes.count) { step(i, Lanes.count) }
        if whole < start + count { step(whole, start + count - whole) }
      }
    }
    switch self {
    case .silu: run(SiLU.self)
    case .gelu: run(GELU.self)
    case .geluTanh: run(TanhGELU.self)
    case .relu: run(ReLU.self)
    case .tanh: run(Tanh.self)
    }
  }
}

/// A nonlinearity on a vector, known at compile time so that it is inlined into its loops.
private protocol ActivationFunction {
  static func value(_ x: Lanes) -> Lanes
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes)
}

private enum SiLU: ActivationFunction {
  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { x * VectorMath.sigmoid(x) }

  @inline(__always)
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let s = VectorMath.sigmoid(x)
    let value = x * s
    return (value, s + value * (1 - s))
  }
}

private enum GELU: ActivationFunction {
  @inline(__always)
  static func distribution(_ x: Lanes) -> Lanes { 0.5 + 0.5 * VectorMath.erf(x * 0.7071067811865476) }

  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { x * distribution(x) }

  @inline(__always)
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let distribution = distribution(x)
    let density = VectorMath.exp(-0.5 * x * x) * 0.3989422804014327
    return (x * distribution, distribution + x * density)
  }
}

private enum TanhGELU: ActivationFunction {
  // (1 + tanh(u)) / 2 is σ(2u), which keeps its digits where the tanh is near -1.
  @inline(__always)
  static func distribution(_ x: Lanes) -> Lanes {
    VectorMath.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))
  }

  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { x * distribution(x) }

  @inline(__always)
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let s = distribution(x)
    let inner = 1.5957691216057308 * (1 + 0.134145 * x * x)
    return (x * s, s + x * s * (1 - s) * inner)
  }
}

private enum ReLU: ActivationFunction {
  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }

  @inline(__always)
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    (value(x), Lanes().replacing(with: 1, where: x .> 0))
  }
}

private enum Tanh: ActivationFunction {
  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { VectorMath.tanh(x) }

  @inline(__always)
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let t = VectorMath.tanh(x)
    return (t, 1 - t * t)
  }
}
