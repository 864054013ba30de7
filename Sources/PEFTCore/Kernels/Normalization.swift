/// RMSNorm and LayerNorm over the rows of a `[rows, columns]` matrix.
///
///     RMSNorm:    x̂ = x / sqrt(mean(x²) + ε)
///     LayerNorm:  x̂ = (x - mean(x)) / sqrt(mean((x - mean(x))²) + ε)
///     y = x̂ · gain + bias
///
/// Gain and bias may each be absent (OLMo's LayerNorm has neither). A row's result depends on that row alone.
///
/// - Source: Zhang and Sennrich 2019 (RMSNorm); Ba, Kiros and Hinton 2016 (LayerNorm).
public struct Normalization: Sendable, Equatable {
  /// Whether the row's mean is subtracted, which makes it LayerNorm.
  public var centers: Bool
  /// Added to the mean square inside the root.
  public var epsilon: Float
  /// Whether the stored gain is the difference from one, as in Gemma.
  public var gainIsOffset: Bool

  /// RMSNorm, or LayerNorm if it centers.
  public init(centers: Bool, epsilon: Float, gainIsOffset: Bool = false) {
    self.centers = centers
    self.epsilon = epsilon
    self.gainIsOffset = gainIsOffset
  }

  /// Normalizes each row of `x` into `y`, which may be `x` itself.
  ///
  /// - Parameters:
  ///   - inverseDeviations: `[rows]`, receives 1 / sqrt(mean square + ε) for the backward pass.
  ///   - means: `[rows]`, receives the means (LayerNorm only).
  func forward(
    _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, inverseDeviations: UnsafeMutablePointer<Float>?,
    means: UnsafeMutablePointer<Float>?, rows: Int, columns: Int, workers: Workers
  ) {
    let offset: Float = gainIsOffset ? 1 : 0
    workers.run(count: rows, grain: rowGrain(columns: columns), as: .normalization) { start, count in
      for row in start..<start + count {
        let x = x + row * columns
        let y = y + row * columns
        let mean = centers ? sumOfVectors(columns) { i, n in Lanes(at: x + i, count: n) } / Float(columns) : 0
        let squares = sumOfVectors(columns) { i, n in
          let difference = Lanes(at: x + i, count: n, filling: mean) - mean
          return difference * difference
        }
        let inverse = 1 / (squares / Float(columns) + epsilon).squareRoot()
        inverseDeviations?[row] = inverse
        means?[row] = mean
        forEachVector(columns) { i, n in
          var value = (Lanes(at: x + i, count: n) - mean) * inverse
          if let gain { value *= Lanes(at: gain + i, count: n) + offset }
          if let bias { value += Lanes(at: bias + i, count: n) }
          value.store(to: y + i, count: n)
        }
      }
    }
  }

  /// Writes the gradient of the input.
  ///
  ///     dx = (g - [mean(g)] - x̂·mean(g·x̂)) / deviation,  g = dy · gain, the bracket only in LayerNorm
  ///
  /// - Parameter dx: May be `dy` itself.
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, gain: UnsafePointer<Float>?,
    inverseDeviations: UnsafePointer<Float>, means: UnsafePointer<Float>?, into dx: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, workers: Workers
  ) {
    let offset: Float = gainIsOffset ? 1 : 0
    workers.run(count: rows, grain: rowGrain(columns: columns), as: .normalization) { start, count in
      for row in start..<start + count {
        let x = x + row * columns
        let dy = dy + row * columns
        let dx = dx + row * columns
        let mean = means?[row] ?? 0
        let inverse = inverseDeviations[row]
        var sum = Lanes()
        var product = Lanes()
        forEachVector(columns) { i, n in
          var g = Lanes(at: dy + i, count: n)
          if let gain { g *= Lanes(at: gain + i, count: n) + offset }
          sum += g
          product = product.adding(g, times: Lanes(at: x + i, count: n) - mean)
        }
        let meanGradient = centers ? sum.total / Float(columns) : 0
        let slope = product.total / Float(columns) * inverse * inverse
        forEachVector(columns) { i, n in
          var g = Lanes(at: dy + i, count: n)
          if let gain { g *= Lanes(at: gain + i, count: n) + offset }
          let difference = Lanes(at: x + i, count: n) - mean
          ((g - meanGradient - difference * slope) * inverse).store(to: dx + i, count: n)
        }
      }
    }
  }

  /// Adds the gradient of the gain, the sum over rows of `dy · x̂`, to `gainGradient`.
  ///
  /// The bias's gradient is `Elementwise.addColumnSums` of `dy`.
  func addGainGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, inverseDeviations: UnsafePointer<Float>,
    means: UnsafePointer<Float>?, to gainGradient: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    workers: Workers
  ) {
    ColumnSums.add(to: gainGradient, rows: rows, columns: columns, workers: workers) { row, i, n in
      let position = row * columns + i
      let normalized = (Lanes(at: x + position, count: n) - (means?[row] ?? 0)) * inverseDeviations[row]
      return Lanes(at: dy + position, count: n) * normalized
    }
  }
}
