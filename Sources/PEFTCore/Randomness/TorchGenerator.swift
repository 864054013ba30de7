import Foundation

/// PyTorch's default CPU generator: the same seed gives the draws that `torch.Generator().manual_seed(seed)` gives.
///
/// For reading adapters whose files leave out what PyTorch can draw again, such as VeRA's projections or FourierFT's
/// positions. Everything of our own is drawn from `SeedStream`, whose draws do not depend on those before them.
///
/// Source: Matsumoto & Nishimura 1998 (MT19937); PyTorch's `MT19937RNGEngine`, `DistributionsHelper`, `normal_fill` and
/// `randperm_cpu`.
public struct TorchGenerator: Sendable {
  private var state: [UInt32]
  private var next: Int
  /// The second of a pair of normal draws.
  private var keptNormal: Double?

  /// Seeds the generator; as in PyTorch only the low 32 bits count.
  public init(seed: UInt64) {
    state = [UInt32(truncatingIfNeeded: seed)]
    for index in 1..<Self.length {
      let last = state[index - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
    }
    next = Self.length
  }

  /// `count` float32 values uniform in `range`, as `Tensor.uniform_` draws them, to the bit.
  public mutating func uniforms(_ count: Int, in range: ClosedRange<Float>) -> [Float] {
    let width = Double(range.upperBound - range.lowerBound)
    return (0..<count).map { _ in
      Float(Double(bits() & 0xFF_FFFF) * 0x1p-24 * width + Double(range.lowerBound))
    }
  }

  /// `count` float32 values of the standard normal distribution, as `torch.randn` draws them.
  ///
  /// Equal to the bit below 16 values. From 16 on within 2⁻²³: PyTorch has logarithm and cosine of its own there, which
  /// depend on the CPU's vectors.
  public mutating func normals(_ count: Int) -> [Float] {
    guard count >= Self.block else { return (0..<count).map { _ in Float(normal()) } }
    var values = uniforms(count, in: 0...1)
    for start in stride(from: 0, through: count - Self.block, by: Self.block) {
      Self.transform(&values, at: start)
    }
    if count % Self.block != 0 {
      // The rest is drawn again together with the values before it, which make a whole block.
      values.replaceSubrange((count - Self.block)..., with: uniforms(Self.block, in: 0...1))
      Self.transform(&values, at: count - Self.block)
    }
    return values
  }

  /// The numbers `0..<count` in random order, as `torch.randperm` gives them.
  ///
  /// - Precondition: `count` is below 2³².
  public mutating func permutation(_ count: Int) -> [Int] {
    precondition(count <= UInt32.max, "randperm of \(count) draws 64 bits each, which is not here")
    var order = Array(0..<count)
    for index in 0..<max(0, count - 1) {
      order.swapAt(index, index + Int(bits()) % (count - index))
    }
    return order
  }

  private static let length = 624
  private static let middle = 397
  private static let block = 16

  /// The next 32 bits.
  mutating func bits() -> UInt32 {
    if next == Self.length { renew() }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C_5680
    y ^= (y << 15) & 0xEFC6_0000
    return y ^ (y >> 18)
  }

  private mutating func renew() {
    for index in 0..<Self.length {
      let y = (state[index] & 0x8000_0000) | (state[(index + 1) % Self.length] & 0x7FFF_FFFF)
      state[index] = state[(index + Self.middle) % Self.length] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    next = 0
  }

  /// A uniform value in 0..<1 of 53 bits.
  private mutating func uniform() -> Double {
    let high = UInt64(bits())
    return Double((high << 32 | UInt64(bits())) & 0x1F_FFFF_FFFF_FFFF) * 0x1p-53
  }

  /// Box–Muller, of which the second value is kept.
  private mutating func normal() -> Double {
    if let kept = keptNormal {
      keptNormal = nil
      return kept
    }
    let angle = 2 * .pi * uniform()
    let radius = (-2 * log1p(-uniform())).squareRoot()
    keptNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Box–Muller on a block of 16 uniform values: eight radii, then eight angles, both rounded to float32.
  private static func transform(_ values: inout [Float], at start: Int) {
    for index in start..<start + block / 2 {
      let radius = (-2 * log(1 - values[index])).squareRoot()
      let angle = Float(2 * Double.pi) * values[index + block / 2]
      values[index] = radius * cos(angle)
      values[index + block / 2] = radius * sin(angle)
    }
  }
}
