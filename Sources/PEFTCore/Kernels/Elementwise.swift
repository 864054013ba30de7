/// Sums, scalings, broadcasts and dropout; results may overwrite an input of the same shape.
enum Elementwise {
  /// Writes `z = x + y`.
  static func add(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, y + start, into: z + start, count: count) { $0 + $1 }
    }
  }

  /// Adds `scale · x` to `y`.
  static func add(
    _ x: UnsafePointer<Float>, times scale: Float = 1, to y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, UnsafePointer(y + start), into: y + start, count: count) { $1.adding(scale, times: $0) }
    }
  }

  /// Moves `y` towards `x`: `y = y + share · (x - y)`.
  static func interpolate(
    from y: UnsafeMutablePointer<Float>, towards x: UnsafePointer<Float>, by share: Float, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, UnsafePointer(y + start), into: y + start, count: count) { x, y in
        y.adding(share, times: x - y)
      }
    }
  }

  /// Writes `z = x · y`.
  static func multiply(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>, count: Int,
    workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, y + start, into: z + start, count: count) { $0 * $1 }
    }
  }

  /// Writes `y = scale · x`.
  static func scale(
    _ x: UnsafePointer<Float>, by scale: Float, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, into: y + start, count: count) { $0 * scale }
    }
  }

  /// Writes `y = min(max(x, -limit), limit)`.
  static func clip(
    _ x: UnsafePointer<Float>, to limit: Float, into y: UnsafeMutablePointer<Float>, count: Int, workers: Workers
  ) {
    let limit = Lanes(repeating: limit)
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(x + start, into: y + start, count: count) { x in
        x.replacing(with: limit, where: x .> limit).replacing(with: -limit, where: x .< -limit)
      }
    }
  }

  /// Writes the gradient through `clip`: `dy` where x lies within the limits, else zero.
  static func clipGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, limit: Float, into dx: UnsafeMutablePointer<Float>,
    count: Int, workers: Workers
  ) {
    let limit = Lanes(repeating: limit)
    workers.run(count: count, grain: elementwiseGrain) { start, count in
      mapVectors(dy + start, x + start, into: dx + start, count: count) { dy, x in
        dy.replacing(with: 0, where: (x .> limit) .| (x .< -limit))
      }
    }
  }

  /// Writes `y[r, c] = x[r, c] + bias[c]`.
  static func addRow(
    _ bias: UnsafePointer<Float>, to x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, workers: Workers
  ) {
    workers.run(count: rows, grain: rowGrain(columns: columns)) { start, count in
      for row in start..<start + count {
        mapVectors(x + row * columns, bias, into: y + row * columns, count: columns) { $0 + $1 }
      }
    }
  }

  /// `y[r, c] = x[r, c] · scales[c]`, IA3's rescaling and also its backward pass to the input.
  static func multiplyRow(
    _ scales: UnsafePointer<Float>, with x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, workers: Workers
  ) {
    workers.run(count: rows, grain: rowGrain(columns: columns)) { start, count in
      for row in start..<start + count {
        mapVectors(x + row * columns, scales, into: y + row * columns, count: columns) { $0 * $1 }
      }
    }
  }

  /// `sums[c] += Σ_r x[r, c]`, the gradient of a bias.
  static func addColumnSums(
    of x: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, rows: Int, columns: Int, workers: Workers
  ) {
    ColumnSums.add(to: sums, rows: rows, columns: columns, workers: workers) { row, i, n in
      Lanes(at: x + row * columns + i, count: n)
    }
  }

  /// `sums[c] += Σ_r x[r, c] · y[r, c]`, the gradient of IA3's scales.
  static func addColumnSums(
    ofProduct x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, workers: Workers
  ) {
    ColumnSums.add(to: sums, rows: rows, columns: columns, workers: workers) { row, i, n in
      Lanes(at: x + row * columns + i, count: n) * Lanes(at: y + row * columns + i, count: n)
    }
  }
}
