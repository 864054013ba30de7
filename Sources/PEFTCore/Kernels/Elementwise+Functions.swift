import Foundation

extension Elementwise {
  /// Writes `z = x - y`.
  static func subtract(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, y + start, into: z + start, count: count) { $0 - $1 }
    }
  }

  /// Writes `z = x · y`, or adds it to `z`.
  static func multiply(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>, accumulate: Bool,
    count: Int, workers: Workers
  ) {
    guard accumulate else { return multiply(x, y, into: z, count: count, workers: workers) }
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      forEachVector(count) { i, n in
        let i = start + i
        Lanes(at: z + i, count: n).adding(Lanes(at: x + i, count: n), times: Lanes(at: y + i, count: n))
          .store(to: z + i, count: n)
      }
    }
  }

  /// `Σ x · y`: pieces of fixed length in float32, their sums added in order in double precision.
  static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, workers: Workers) -> Double {
    let grain = 1024
    var sums = [Float](repeating: 0, count: (count + grain - 1) / grain)
    sums.withUnsafeMutableBufferPointer { sums in
      workers.run(count: count, grain: grain) { start, count in
        sums[start / grain] = sumOfVectors(count) {
          Lanes(at: x + start + $0, count: $1) * Lanes(at: y + start + $0, count: $1)
        }
      }
    }
    return sums.reduce(0) { $0 + Double($1) }
  }

  /// Writes `y = eˣ`.
  static func exponential(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
      mapVectors(x + start, into: y + start, count: count) { VectorMath.exp($0) }
    }
  }

  /// Writes `dx = eˣ · dy`; `dx` may be `dy`.
  static func exponentialGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
      mapVectors(x + start, dy + start, into: dx + start, count: count) { VectorMath.exp($0) * $1 }
    }
  }

  /// Writes `y = 1 / (1 + e⁻ˣ)`.
  static func sigmoid(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
      mapVectors(x + start, into: y + start, count: count) { VectorMath.sigmoid($0) }
    }
  }

  /// Writes `dx = σ(x) · (1 - σ(x)) · dy`; `dx` may be `dy`.
  static func sigmoidGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain / 4, as: .activation) { start, count in
      mapVectors(x + start, dy + start, into: dx + start, count: count) { x, dy in
        let s = VectorMath.sigmoid(x)
        return s * (1 - s) * dy
      }
    }
  }

  /// Writes `y = cos(x + shift)`, each element through double precision: meant for few elements, such as angles.
  static func cosine(
    _ x: UnsafePointer<Float>, shift: Double, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain / 16, as: .activation) { start, count in
      for index in start..<start + count { y[index] = Float(cos(Double(x[index]) + shift)) }
    }
  }
}
