import Foundation
public import PEFTCore

/// What is left of a long vector when only its largest entries are kept: their positions, and for all of them one
/// magnitude with a sign each, or their own values.
///
///     τ̃ᵢ = α · σ(τ) · sign(τᵢ) where |τᵢ| is among the k largest, 0 elsewhere
///
/// k is the rounded share of all entries; of equal magnitudes the first ones are kept, and zeros never. σ is the standard
/// deviation with n − 1, as PyTorch's. The published code keeps one entry too many and all ties, takes 1 % for 100 %, and
/// scales `mean` by the signed mean; this follows the paper.
///
/// Source: Yadav et al. 2023 (ComPEFT, arXiv 2311.13171), section 2.1 and equation 1.
public struct SparseVector: Sendable, Equatable {
  /// What stands at the kept places.
  public enum Content: Sendable, Equatable {
    /// One magnitude for all; where it is subtracted.
    case ternary(scale: Float, isNegative: [Bool])
    /// A value for each.
    case values([Float])
  }

  /// How the magnitude of ternary values is chosen.
  public enum Magnitude: Sendable, Equatable {
    /// α times the standard deviation of all entries (ComPEFT).
    case deviation(alpha: Double)
    /// The mean magnitude of the kept entries (sparse ternary compression, Sattler et al. 2019).
    case mean
    /// None: each keeps its own value.
    case own
  }

  /// Number of entries, kept or not.
  public let count: Int
  /// The places of the kept ones, rising.
  public let positions: [Int]
  /// What stands there.
  public let content: Content

  init(count: Int, positions: [Int], content: Content) {
    (self.count, self.positions, self.content) = (count, positions, content)
  }

  /// Keeps the largest entries.
  ///
  /// - Parameters:
  ///   - vector: τ.
  ///   - share: Of the entries, from 0 to 1.
  ///   - magnitude: What stands at the kept places.
  ///   - control: Draws which ones are kept, in place of the largest: what chance gives.
  public init(_ vector: [Float], keeping share: Double, as magnitude: Magnitude, control: SeedStream? = nil) {
    count = vector.count
    let wanted = Int((share * Double(vector.count)).rounded())
    positions =
      control.map { $0.permutation(vector.count).filter { vector[$0] != 0 }.prefix(wanted).sorted() }
      ?? Self.largest(of: vector, count: wanted)
    switch magnitude {
    case .own: content = .values(positions.map { vector[$0] })
    case .mean:
      let sum = positions.reduce(0.0) { $0 + Double(abs(vector[$1])) }
      content = .ternary(
        scale: positions.isEmpty ? 0 : Float(sum / Double(positions.count)),
        isNegative: positions.map { vector[$0] < 0 })
    case .deviation(let alpha):
      content = .ternary(
        scale: Float(alpha * Self.deviation(of: vector)), isNegative: positions.map { vector[$0] < 0 })
    }
  }

  /// The whole vector.
  public var dense: [Float] {
    var result = [Float](repeating: 0, count: count)
    switch content {
    case .values(let values): for (position, value) in zip(positions, values) { result[position] = value }
    case .ternary(let scale, let isNegative):
      for (position, isNegative) in zip(positions, isNegative) { result[position] = isNegative ? -scale : scale }
    }
    return result
  }

  /// The places of the entries of largest magnitude, rising: of equal ones the first, zeros never.
  static func largest(of vector: [Float], count: Int) -> [Int] {
    let order = vector.indices.filter { vector[$0] != 0 }
    guard order.count > count else { return order }
    let byMagnitude = order.sorted { left, right in
      let (a, b) = (abs(vector[left]), abs(vector[right]))
      return a > b || a == b && left < right
    }
    return byMagnitude.prefix(max(0, count)).sorted()
  }

  /// The standard deviation with n − 1.
  static func deviation(of vector: [Float]) -> Double {
    guard vector.count > 1 else { return 0 }
    let mean = vector.reduce(0.0) { $0 + Double($1) } / Double(vector.count)
    let squares = vector.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (squares / Double(vector.count - 1)).squareRoot()
  }
}
