import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Optimizer state of fewer bits") struct OptimizerStateFormatTests {
  /// As `formula` of scripts/golden/make_optimizers.py.
  private static func formula(_ count: Int, _ step: Int) -> [Float] {
    let powers: [Float] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6]
    return (0..<count).map { Float(($0 * 7919 + step * 104_729) % 2003 - 1001) / 1000 / powers[$0 % 7] }
  }

  private static func optimizer(
    _ rule: Optimizer.Rule, _ format: OptimizerStateFormat, start: [Float], shape: [Int]? = nil, seed: Int = 1,
    weightDecay: Double = 0, threads: Int = 1
  ) -> (Parameter, Optimizer, ComputeContext) {
    let context = ComputeContext(threads: threads)
    let parameter = Parameter("p", shape: shape ?? [start.count], in: context.pool) { start }
    let optimizer = Optimizer(
      rule, parameters: [parameter], weightDecay: weightDecay, maximumGradientNorm: nil, stateFormat: format,
      seeds: SeedStream(seed), context: context)
    return (parameter, optimizer, context)
  }

  private static func step(_ parameter: Parameter, _ optimizer: Optimizer, _ gradient: [Float], rate: Double = 0.01) {
    parameter.accumulateGradient { target, _ in target.update(from: gradient, count: gradient.count) }
    optimizer.step(learningRate: rate, gradientNorm: 0)
  }

  private static func bytes(_ optimizer: Optimizer) -> [[UInt8]] { optimizer.moments.map { Array($0.bytes) } }

  @Test("20 steps of 8 bits are those of bitsandbytes' AdamW8bit with nearest codes") func bitsandbytes() throws {
    let golden = try GoldenFixture("optimizers").tensors("adamw8bit.safetensors")
    let (parameter, optimizer, _) = Self.optimizer(
      .adamW(beta1: 0.9, beta2: 0.98, epsilon: 1e-6), .int8, start: Self.formula(4099, 0), weightDecay: 0.1)
    for step in 1...20 { Self.step(parameter, optimizer, Self.formula(4099, step)) }
    expectClose(
      parameter.value.values, try golden.tensor("steps.value").values, relative: 1e-4, absolute: 1e-5, "values")
    let moments = optimizer.moments
    try #require(moments.map(\.element) == [.uint8, .float32, .uint8, .float32])
    for (index, name) in ["first", "second"].enumerated() {
      let (own, other) = (moments[2 * index].bytes.map(Int.init), try golden.integers("steps.\(name).codes"))
      // A last bit before rounding may be another one, and with it a few codes by one place.
      #expect(zip(own, other).count { $0 != $1 } <= 8, "\(name)")
      #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 1 }, "\(name)")
      expectClose(
        moments[2 * index + 1].tensor?.values ?? [], try golden.tensor("steps.\(name).scales").values, relative: 1e-4,
        absolute: 0, "\(name)")
    }
  }

  @Test("A moment has the bytes that are counted in advance", arguments: OptimizerStateFormat.allCases)
  func bytes(format: OptimizerStateFormat) {
    let expected: [Int: [OptimizerStateFormat: Int]] = [
      7: [.float32: 28, .bfloat16: 14, .int8: 28], 4095: [.float32: 16_380, .bfloat16: 8190, .int8: 16_380],
      4096: [.float32: 16_384, .bfloat16: 8192, .int8: 4096 + 64],
      4097: [.float32: 16_388, .bfloat16: 8194, .int8: 4097 + 68],
    ]
    for (count, bytes) in expected {
      #expect(format.byteCount(of: count) == bytes[format])
      let (_, optimizer, context) = Self.optimizer(.adamW(), format, start: [Float](repeating: 0, count: count))
      #expect(context.pool.live[.optimizer] == 2 * format.byteCount(of: count))
      #expect(optimizer.moments.reduce(0) { $0 + $1.bytes.count } == 2 * format.byteCount(of: count))
      let (_, momentum, other) = Self.optimizer(.sgd(momentum: 0.9), format, start: [Float](repeating: 0, count: count))
      #expect(other.pool.live[.optimizer] == format.byteCount(of: count) && momentum.stateFormat == format)
    }
    let galore = GaLore(rank: 64, updateInterval: 5, scale: 1, projection: .std)
    let (_, projected, context) = Self.optimizer(
      .galore(galore), format, start: [Float](repeating: 0, count: 128 * 80), shape: [128, 80])
    #expect(context.pool.live[.optimizer] == galore.stateBytes(rows: 128, columns: 80, as: format))
    #expect(galore.stateBytes(rows: 128, columns: 80, as: format) == 2 * format.byteCount(of: 8192) + 4 * 64 * 80)
    #expect(projected.moments.last?.element == .float32)
  }

  @Test("A mean square in bfloat16 follows its gradients, where rounding to nearest would leave it standing")
  func standingStill() {
    // From the mean square of gradients of 1 down to that of gradients of 0.5, in 3000 steps of decay 0.999.
    let count = 4096
    let (parameter, optimizer, _) = Self.optimizer(
      .adamW(), .bfloat16, start: [Float](repeating: 0, count: count))
    for _ in 0..<20 { Self.step(parameter, optimizer, [Float](repeating: 8, count: count), rate: 0) }
    func mean() -> Double {
      let elements = optimizer.moments[1].bytes.bindMemory(to: UInt16.self)
      return elements.reduce(0.0) { $0 + Double(HalfPrecision.float(bfloat16: $1)) } / Double(count)
    }
    var exact = 64 * (1 - pow(0.999 as Double, 20 as Double))
    var nearest = HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(Float(exact)))
    #expect(abs(mean() / exact - 1) < 2e-3)
    let start = nearest
    for _ in 0..<1500 {
      Self.step(parameter, optimizer, [Float](repeating: 0.5, count: count), rate: 0)
      exact = exact * 0.999 + 0.25 * 0.001
      nearest = HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(nearest * 0.999 + 0.25 * 0.001))
    }
    #expect(nearest == start && exact < 0.5 * Double(start))
    #expect(abs(mean() / exact - 1) < 0.01, "\(mean()) for \(exact)")
  }

  @Test("Draws of a vector of places are those of each place") func draws() {
    let stream = SeedStream(9).child("x")
    for start in [0, 1, 4, 1 << 40] {
      let four = stream.bits(atFourFrom: start)
      for lane in 0..<4 { #expect(four[lane] == stream.bits(at: start + lane)) }
    }
  }

  @Test(
    "A number is rounded up as often as its lower bits say, and one of 8 bits stays", arguments: [1, 7, 8, 255, 256])
  func rounding(count: Int) {
    let value = Float(bitPattern: 0x3F80_4000)
    for half in [StochasticRounding.Half.lower, .upper] {
      var sum = 0
      for step in 0..<400 {
        let input = [Float](repeating: value, count: count) + [1.5]
        var output = [UInt16](repeating: 0, count: count + 1)
        StochasticRounding(stream: SeedStream(2).child(step), half: half).round(
          input, into: &output, count: count + 1, position: 0)
        #expect(output.dropLast().allSatisfy { $0 == 0x3F80 || $0 == 0x3F81 } && output[count] == 0x3FC0)
        sum += output.dropLast().count { $0 == 0x3F81 }
      }
      // Five standard deviations of a quarter.
      let draws = Double(400 * count)
      #expect(abs(Double(sum) / draws - 0.25) < 5 * (0.1875 / draws).squareRoot())
    }
    var output: [UInt16] = [0, 0]
    StochasticRounding(stream: SeedStream(2), half: .lower).round(
      [.infinity, -.infinity], into: &output, count: 2, position: 0)
    #expect(output == [0x7F80, 0xFF80])
  }

  private static let rules: [Optimizer.Rule] = [
    .adamW(), .sgd(momentum: 0.9),
    .galore(GaLore(rank: 40, updateInterval: 2, scale: 0.5, projection: .std)),
  ]

  @Test("Any number of threads gives the same bits", arguments: rules, OptimizerStateFormat.allCases)
  func threads(rule: Optimizer.Rule, format: OptimizerStateFormat) {
    let start = SeedStream(4).normals(181 * 191, standardDeviation: 1)
    func run(_ threads: Int) -> (values: [Float], moments: [[UInt8]]) {
      let (parameter, optimizer, _) = Self.optimizer(rule, format, start: start, shape: [181, 191], threads: threads)
      for step in 1...3 { Self.step(parameter, optimizer, SeedStream(step).normals(start.count, standardDeviation: 1)) }
      return (parameter.value.values, Self.bytes(optimizer))
    }
    let one = run(1)
    for threads in [2, 5] {
      let other = run(threads)
      #expect(other.values.bits == one.values.bits && other.moments == one.moments, "\(threads) threads")
    }
  }

  @Test(
    "Saved in the middle and taken up, it goes on to the same bits", arguments: rules, OptimizerStateFormat.allCases)
  func resuming(rule: Optimizer.Rule, format: OptimizerStateFormat) {
    let start = SeedStream(4).normals(110 * 120, standardDeviation: 1)
    func gradient(_ step: Int) -> [Float] { SeedStream(step).normals(start.count, standardDeviation: 1) }
    let (parameter, optimizer, _) = Self.optimizer(rule, format, start: start, shape: [110, 120])
    for step in 1...3 { Self.step(parameter, optimizer, gradient(step)) }
    let (other, resumed, _) = Self.optimizer(rule, format, start: parameter.value.values, shape: [110, 120])
    #expect(resumed.restore(stepCount: 3, moments: optimizer.moments))
    for format in OptimizerStateFormat.allCases where format != optimizer.stateFormat {
      let (_, foreign, _) = Self.optimizer(rule, format, start: start, shape: [110, 120])
      #expect(!foreign.restore(stepCount: 3, moments: optimizer.moments) && foreign.stepCount == 0)
    }
    for step in 4...6 {
      Self.step(parameter, optimizer, gradient(step))
      Self.step(other, resumed, gradient(step))
    }
    #expect(other.value.values.bits == parameter.value.values.bits && Self.bytes(resumed) == Self.bytes(optimizer))
  }

  @Test("Draws depend on the seed, the step and the parameter") func seeds() {
    let gradient = [Float](repeating: 0.3, count: 64)
    /// The first moments of two parameters of the same gradient after each of two steps without a mean.
    func moments(seed: Int) -> [[UInt8]] {
      let context = ComputeContext(threads: 1)
      let parameters = ["a", "b"].map { name in
        Parameter(name, shape: [64], in: context.pool) { [Float](repeating: 0, count: 64) }
      }
      let optimizer = Optimizer(
        .adamW(beta1: 0), parameters: parameters, weightDecay: 0, maximumGradientNorm: nil, stateFormat: .bfloat16,
        seeds: SeedStream(seed), context: context)
      return (1...2).flatMap { _ in
        for parameter in parameters {
          parameter.accumulateGradient { target, _ in target.update(from: gradient, count: 64) }
        }
        optimizer.step(learningRate: 0, gradientNorm: 0)
        return Self.bytes(optimizer).prefix(2)
      }
    }
    let own = moments(seed: 1)
    #expect(own == moments(seed: 1) && Set(own).count == 4 && Set(own + moments(seed: 2)).count == 8)
  }

  @Test("All forms find the minimum of a parabola, near each other") func convergence() {
    let target = SeedStream(6).normals(8192, standardDeviation: 1)
    func distance(_ format: OptimizerStateFormat, _ rule: Optimizer.Rule, rate: Double) -> Double {
      let (parameter, optimizer, _) = Self.optimizer(rule, format, start: [Float](repeating: 0, count: target.count))
      let draws = SeedStream(7)
      for step in 1...300 {
        let noise = draws.child(step).normals(target.count, standardDeviation: 0.1)
        let gradient = zip(zip(parameter.value.values, target), noise).map { $0.0 - $0.1 + $1 }
        let shrinking = rate * (1 - Double(step - 1) / 300)
        Self.step(parameter, optimizer, gradient, rate: shrinking)
      }
      return zip(parameter.value.values, target).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) } / Double(target.count)
    }
    for (rule, rate) in [(Optimizer.Rule.adamW(beta2: 0.99), 0.05), (.sgd(momentum: 0.9), 0.02)] {
      let exact = distance(.float32, rule, rate: rate)
      #expect(exact < 0.001)
      for format in [OptimizerStateFormat.bfloat16, .int8] {
        let other = distance(format, rule, rate: rate)
        #expect(other < 2 * exact && other != exact, "\(rule), \(format): \(other) beside \(exact)")
      }
    }
  }
}
