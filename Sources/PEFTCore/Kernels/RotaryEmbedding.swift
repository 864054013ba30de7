import Foundation

/// How a model stretches its rotary frequencies to contexts longer than it was first trained on.
public enum RotaryScaling: Sendable, Equatable {
  /// The frequencies as they are.
  case none
  /// All frequencies divided by `factor`.
  case linear(factor: Double)
  /// Llama 3.1's: long waves divided by `factor`, short ones kept, a linear blend between.
  case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Double)
}

/// Cosines and sines of the rotation angles, `[positions, pairs]` each.
///
///     angle[p, i] = p · base^(-2i / rotated)
///
/// Built in double precision, so that far positions keep their accuracy.
///
/// - Source: Su et al. 2021 (RoFormer).
struct RotaryTable: Sendable {
  /// Rotated dimensions of a head, an even number; the dimensions after them pass unchanged.
  let rotatedDimensions: Int
  /// Positions from zero that the table covers.
  let positionCount: Int
  let cosines: [Float]
  let sines: [Float]

  /// A table of the given frequencies, one for each pair of dimensions.
  ///
  /// - Parameter attentionFactor: Multiplies cosines and sines, as YaRN and LongRoPE ask.
  init(inverseFrequencies: [Double], positionCount: Int, attentionFactor: Double = 1) {
    rotatedDimensions = 2 * inverseFrequencies.count
    self.positionCount = positionCount
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positionCount * inverseFrequencies.count)
    sines.reserveCapacity(positionCount * inverseFrequencies.count)
    for position in 0..<positionCount {
      for frequency in inverseFrequencies {
        let angle = Double(position) * frequency
        cosines.append(Float(cos(angle) * attentionFactor))
        sines.append(Float(sin(angle) * attentionFactor))
      }
    }
    self.cosines = cosines
    self.sines = sines
  }

  /// Angle per position of each pair of dimensions.
  static func inverseFrequencies(rotatedDimensions: Int, base: Double, scaling: RotaryScaling = .none) -> [Double] {
    precondition(rotatedDimensions % 2 == 0, "RotaryTable: \(rotatedDimensions) rotated dimensions do not make pairs")
    return (0..<rotatedDimensions / 2).map { pair in
      let frequency = pow(base, -2 * Double(pair) / Double(rotatedDimensions))
      switch scaling {
      case .none: return frequency
      case .linear(let factor): return frequency / factor
      case .llama3(let factor, let low, let high, let context):
        let wavelength = 2 * .pi / frequency
        if wavelength > context / low { return frequency / factor }
        if wavelength < context / high { return frequency }
        let blend = (context / wavelength - low) / (high - low)
        return (1 - blend) * frequency / factor + blend * frequency
      }
    }
  }
}

/// The rotation of queries and keys by their positions, half against half.
///
///     y₁ = x₁·cos - x₂·sin,  y₂ = x₂·cos + x₁·sin   (x₁, x₂ the halves of a head's rotated part)
enum RotaryEmbedding {
  /// Rotates each head of each row by the row's position; `y` may be `x` itself.
  ///
  /// - Parameters:
  ///   - x: `[rows][heads][headDimension]` with `xStride` floats from row to row.
  ///   - y: The same with `yStride`.
  ///   - positions: `[rows]`, each below the table's count.
  ///   - backward: Rotates by the negative angle, which takes gradients of `y` to gradients of `x`.
  static func apply(
    _ table: RotaryTable, to x: UnsafePointer<Float>, xStride: Int, into y: UnsafeMutablePointer<Float>,
    yStride: Int, positions: UnsafePointer<Int>, rows: Int, heads: Int, headDimension: Int, backward: Bool = false,
    workers: Workers
  ) {
    let half = table.rotatedDimensions / 2
    precondition(
      2 * half <= headDimension, "RotaryEmbedding: \(2 * half) rotated dimensions of a head of \(headDimension)")
    let rest = headDimension - 2 * half
    let sign: Float = backward ? -1 : 1
    table.cosines.withUnsafeBufferPointer { cosines in
      table.sines.withUnsafeBufferPointer { sines in
        guard let cosines = cosines.baseAddress, let sines = sines.baseAddress else { return }
        workers.run(count: rows, grain: rowGrain(columns: heads * headDimension), as: .rotary) { start, count in
          for row in start..<start + count {
            let position = positions[row]
            precondition(
              position >= 0 && position < table.positionCount,
              "RotaryEmbedding: position \(position) is not in a table of \(table.positionCount)")
            let cosines = cosines + position * half
            let sines = sines + position * half
            for head in 0..<heads {
              let x = x + row * xStride + head * headDimension
              let y = y + row * yStride + head * headDimension
              turn(x, into: y, half: half, cosines: cosines, sines: sines, sign: sign)
              if rest > 0, UnsafePointer(y) != x { (y + 2 * half).update(from: x + 2 * half, count: rest) }
            }
          }
        }
      }
    }
  }

  /// Rotates the pairs of one head, `half` of them, by the angles of its position.
  @inline(__always)
  private static func turn(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, half: Int, cosines: UnsafePointer<Float>,
    sines: UnsafePointer<Float>, sign: Float
  ) {
    @inline(__always)
    func run<Run: SIMD>(_: Run.Type, _ i: Int) where Run.Scalar == Float {
      let first = Run(loading: x + i)
      let second = Run(loading: x + half + i)
      let cosine = Run(loading: cosines + i)
      let sine = Run(loading: sines + i) * sign
      (first * cosine - second * sine).storing(to: y + i)
      (second * cosine + first * sine).storing(to: y + half + i)
    }
    // Half a head is seldom whole vectors: 12 pairs are a run of 8 and one of 4.
    var i = 0
    while i + Lanes.count <= half {
      run(Lanes.self, i)
      i += Lanes.count
    }
    if Lanes.count > 8, i + 8 <= half {
      run(SIMD8<Float>.self, i)
      i += 8
    }
    while i + 4 <= half {
      run(SIMD4<Float>.self, i)
      i += 4
    }
    while i < half {
      let (first, second) = (x[i], x[half + i])
      let (cosine, sine) = (cosines[i], sines[i] * sign)
      y[i] = first * cosine - second * sine
      y[half + i] = second * cosine + first * sine
      i += 1
    }
  }
}
