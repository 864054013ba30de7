import Foundation

/// A place in a tree of random streams: the seed of a run, then purposes, names and steps.
///
/// Every draw is a pure function of its place and its index (a counter-based generator), so adding a layer,
/// skipping a step or changing the number of threads shifts no other draw, and a resumed run draws what an
/// undisturbed one would have drawn.
public struct SeedStream: Sendable {
  private let key: UInt64

  /// The root of the tree for one seed.
  public init(_ seed: Int) {
    key = Self.mix(UInt64(bitPattern: Int64(seed)) &+ 0x9E37_79B9_7F4A_7C15)
  }

  private init(key: UInt64) { self.key = key }

  /// The stream for one purpose or name, such as `"dropout"` or a site's name.
  public func child(_ name: String) -> SeedStream {
    // FNV-1a over the name: `hashValue` differs at every start of a process.
    let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    return SeedStream(key: Self.mix(key ^ hash))
  }

  /// The stream for one number, such as a step or an epoch.
  public func child(_ number: Int) -> SeedStream {
    SeedStream(key: Self.mix(key &+ 0xD1B5_4A32_D192_ED03 &* (UInt64(bitPattern: Int64(number)) &+ 1)))
  }

  /// 64 random bits at `index`.
  @inline(__always)
  public func bits(at index: Int) -> UInt64 {
    Self.mix(key &+ 0x9E37_79B9_7F4A_7C15 &* (UInt64(bitPattern: Int64(index)) &+ 1))
  }

  /// The bits at `index` and at the three places after it.
  @inline(__always)
  func bits(atFourFrom index: Int) -> SIMD4<UInt64> {
    let first = UInt64(bitPattern: Int64(index)) &+ 1
    var z = SIMD4(repeating: key) &+ (SIMD4(0, 1, 2, 3) &+ first) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// A uniform value in 0..<1 at `index`, a multiple of 2⁻²⁴.
  @inline(__always)
  public func uniform(at index: Int) -> Float {
    Float(bits(at: index) >> 40) * 0x1p-24
  }

  /// `count` values uniform in `range`.
  public func uniforms(_ count: Int, in range: ClosedRange<Float>) -> [Float] {
    (0..<count).map { range.lowerBound + (range.upperBound - range.lowerBound) * uniform(at: $0) }
  }

  /// `count` values of a normal distribution with mean 0 (Box–Muller, computed in double precision).
  public func normals(_ count: Int, standardDeviation: Float) -> [Float] {
    (0..<count).map { index in
      let radiusDraw = (Double(bits(at: 2 * index) >> 11) + 1) * 0x1p-53
      let angleDraw = Double(bits(at: 2 * index + 1) >> 11) * 0x1p-53
      return Float((-2 * log(radiusDraw)).squareRoot() * cos(2 * .pi * angleDraw)) * standardDeviation
    }
  }

  /// An unbiased integer in `0..<bound` at `index` (Lemire's method without rejection; the bias is below 2⁻³²
  /// for bounds below 2³²).
  public func integer(below bound: Int, at index: Int) -> Int {
    Int(bits(at: index).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The numbers `0..<count` in random order (Fisher–Yates).
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, integer(below: i + 1, at: i)) }
    return order
  }

  /// The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every input bit moves every output bit.
  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
