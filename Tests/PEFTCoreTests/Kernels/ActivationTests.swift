import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Activations") struct ActivationTests {
  func exact(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .silu: x / (1 + exp(-x))
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .relu: max(0, x)
    case .tanh: tanh(x)
    }
  }

  @Test(
    "Values and slopes agree with double precision", arguments: [Activation.silu, .gelu, .geluTanh, .relu, .tanh])
  func values(activation: Activation) {
    let count = 9_001
    let x = SeedStream(1).normals(count, standardDeviation: 3)
    let dy = SeedStream(2).normals(count, standardDeviation: 1)
    let up = SeedStream(3).normals(count, standardDeviation: 1)
    let value = x.map { exact(activation, Double($0)) }
    let slope = x.map { (exact(activation, Double($0) + 1e-5) - exact(activation, Double($0) - 1e-5)) / 2e-5 }

    let y = sameForAnyThreads(count: count) { activation.forward(x, into: $0, count: count, workers: $1) }
    expectClose(y, value.map { Float($0) }, relative: 1e-6, absolute: 1e-6)
    let dx = sameForAnyThreads(count: count) { activation.backward(dy, x: x, into: $0, count: count, workers: $1) }
    expectClose(dx, zip(slope, dy).map { Float($0 * Double($1)) }, relative: 1e-5, absolute: 2e-6)

    let gated = sameForAnyThreads(count: count) {
      activation.gatedForward(gate: x, up: up, into: $0, count: count, workers: $1)
    }
    expectClose(gated, zip(value, up).map { Float($0 * Double($1)) }, relative: 1e-6, absolute: 2e-6)
    let gradients = sameForAnyThreads(count: 2 * count) {
      activation.gatedBackward(
        dy, gate: x, up: up, gateGradient: $0, upGradient: $0 + count, count: count, workers: $1)
    }
    expectClose(
      Array(gradients[..<count]), (0..<count).map { Float(slope[$0] * Double(up[$0]) * Double(dy[$0])) },
      relative: 1e-5, absolute: 5e-6, "gate gradient")
    expectClose(
      Array(gradients[count...]), (0..<count).map { Float(value[$0] * Double(dy[$0])) }, relative: 1e-6,
      absolute: 2e-6, "up gradient")
  }
}
