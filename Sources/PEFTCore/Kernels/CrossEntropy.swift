import Foundation

/// Softmax cross-entropy over rows of logits, `[rows, vocabulary]`.
enum CrossEntropy {
  /// Writes each row's log-probability of its target, and turns the logits into their gradient if asked to.
  ///
  ///     logProbability = logits[target] - ln Σ exp(logits)
  ///     gradient = weight · (softmax(logits) - onehot(target)), of -weight·logProbability
  ///
  /// - Parameters:
  ///   - targets: `[rows]`, each in `0..<vocabulary`.
  ///   - weights: `[rows]`, nil where no gradient is wanted; otherwise the gradient overwrites the logits.
  ///   - logProbabilities: `[rows]`.
  static func logProbabilities(
    _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int>, weights: UnsafePointer<Float>?,
    into logProbabilities: UnsafeMutablePointer<Double>, rows: Int, vocabulary: Int, workers: Workers
  ) {
    workers.run(pieces: rows, as: .vocabulary) { row in
      let logits = logits + row * vocabulary
      let target = targets[row]
      precondition(target >= 0 && target < vocabulary, "CrossEntropy: target \(target) is not in 0..<\(vocabulary)")
      let targetLogit = Double(logits[target])
      let largest = maximum(logits, count: vocabulary)
      let sum = sumOfExponentials(logits, shift: largest, count: vocabulary)
      logProbabilities[row] = targetLogit - Double(largest) - log(sum)
      guard let weights else { return }
      let factor = Float(Double(weights[row]) / sum)
      mapVectors(logits, into: logits, count: vocabulary) { VectorMath.exp($0 - largest) * factor }
      logits[target] -= weights[row]
    }
  }

  /// ln Σ exp of each row.
  static func logSumExp(
    _ logits: UnsafePointer<Float>, into results: UnsafeMutablePointer<Double>, rows: Int, columns: Int,
    workers: Workers
  ) {
    workers.run(pieces: rows, as: .vocabulary) { row in
      let logits = logits + row * columns
      let largest = maximum(logits, count: columns)
      results[row] = Double(largest) + log(sumOfExponentials(logits, shift: largest, count: columns))
    }
  }

  /// The index of each row's largest element, the first one among equals.
  static func argmax(
    _ logits: UnsafePointer<Float>, into indices: UnsafeMutablePointer<Int>, rows: Int, columns: Int, workers: Workers
  ) {
    workers.run(pieces: rows, as: .vocabulary) { row in
      let logits = logits + row * columns
      let largest = maximum(logits, count: columns)
      indices[row] = (0..<columns).first { logits[$0] == largest } ?? 0
    }
  }

  private static func maximum(_ x: UnsafePointer<Float>, count: Int) -> Float {
    var largest = Lanes(repeating: -.infinity)
    forEachVector(count) { i, n in largest = largest.larger(Lanes(at: x + i, count: n, filling: -.infinity)) }
    return largest.largest
  }

  /// Sums in floats over stretches short enough to stay exact to seven digits, in doubles over the stretches.
  private static func sumOfExponentials(_ x: UnsafePointer<Float>, shift: Float, count: Int) -> Double {
    let stretch = 1024
    var sum = 0.0
    var start = 0
    while start < count {
      sum += Double(
        sumOfVectors(min(stretch, count - start)) { i, n in
          VectorMath.exp(Lanes(at: x + start + i, count: n, filling: -.infinity) - shift)
        })
      start += stretch
    }
    return sum
  }
}
