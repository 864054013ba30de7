extension Tape {
  /// What every query finds among a few keys and values that all of them see, times a gate.
  ///
  ///     y[t, h] = g · Σ_l softmax_l(q[t, h] · k[l, h'] / √d) · v[l, h'],   h' the keys' head of the query's head h
  ///
  /// Source: Zhang et al. 2023, arXiv 2303.16199. Saves its inputs and the weights, `[T, heads, L]`.
  ///
  /// - Parameters:
  ///   - queries: `[T, heads · d]`; must not be overwritten.
  ///   - keys: `[L, keyValueHeads · d]`.
  ///   - values: As `keys`.
  ///   - gate: `[1]`.
  ///   - shape: Heads and their width.
  /// - Returns: `[T, heads · d]`, in memory of its own.
  public func promptAttention(
    queries: Variable, keys: Variable, values: Variable, gate: Variable, shape: AttentionShape
  ) -> Variable {
    let (rows, count, d) = (queries.value.rowCount, keys.value.rowCount, shape.headDimension)
    let (heads, shared) = (shape.heads, shape.heads / shape.keyValueHeads)
    let (width, keyWidth) = (heads * d, shape.keyValueHeads * d)
    precondition(
      queries.value.columnCount == width && keys.value.columnCount == keyWidth && values.shape == keys.shape,
      "promptAttention: \(queries.shape) to \(keys.shape), \(values.shape)")
    let workers = context.workers
    let scale = 1 / Float(d).squareRoot()
    let output = Tensor(uninitialized: [rows, width], in: context.pool)
    let weights = Tensor(uninitialized: [rows, heads * count], in: context.pool)
    let factor = gate.value.elements[0]
    workers.run(pieces: rows) { row in
      for head in 0..<heads {
        let query = queries.value.elements + row * width + head * d
        let chosen = weights.mutableElements + (row * heads + head) * count
        let target = output.mutableElements + row * width + head * d
        let column = head / shared * d
        var largest = -Float.infinity
        for index in 0..<count {
          chosen[index] = scale * Self.dot(query, keys.value.elements + index * keyWidth + column, count: d)
          largest = max(largest, chosen[index])
        }
        var sum: Float = 0
        for index in 0..<count {
          chosen[index] = VectorMath.exp(Lanes(repeating: chosen[index] - largest))[0]
          sum += chosen[index]
        }
        target.update(repeating: 0, count: d)
        for index in 0..<count {
          chosen[index] /= sum
          let value = values.value.elements + index * keyWidth + column
          for place in 0..<d { target[place] += factor * chosen[index] * value[place] }
        }
      }
    }
    return record(output, from: [queries, keys, values, gate]) {
      [unowned self, savedQueries = queries.saved, savedKeys = keys.saved, savedValues = values.saved] dy in
      let (query, key, value) = (savedQueries.get(), savedKeys.get(), savedValues.get())
      // Gradients of the scores, and what each row and head adds to the gate's.
      let slopes = Tensor(uninitialized: [rows, heads * count], in: context.pool)
      let shares = Tensor(uninitialized: [rows, heads], in: context.pool)
      workers.run(pieces: rows) { row in
        for head in 0..<heads {
          let place = (row * heads + head) * count
          let (chosen, slope) = (weights.elements + place, slopes.mutableElements + place)
          let gradient = dy.elements + row * width + head * d
          var sum: Float = 0
          for index in 0..<count {
            slope[index] = Self.dot(gradient, value.elements + index * keyWidth + head / shared * d, count: d)
            sum += chosen[index] * slope[index]
          }
          shares.mutableElements[row * heads + head] = sum
          for index in 0..<count { slope[index] = factor * chosen[index] * (slope[index] - sum) }
        }
      }
      accumulate(into: gate) { target, accumulates in
        let sum = Float((0..<rows * heads).reduce(0.0) { $0 + Double(shares.elements[$1]) })
        target[0] = accumulates ? target[0] + sum : sum
      }
      accumulate(into: queries) { target, accumulates in
        workers.run(pieces: rows) { row in
          let target = target + row * width
          if !accumulates { target.update(repeating: 0, count: width) }
          for head in 0..<heads {
            for index in 0..<count {
              let slope = scale * slopes.elements[(row * heads + head) * count + index]
              let source = key.elements + index * keyWidth + head / shared * d
              for place in 0..<d { target[head * d + place] += slope * source[place] }
            }
          }
        }
      }
      /// Sums over rows and the queries' heads into the rows of the prompt, one row of it the work of one thread.
      func sum(
        _ factors: Tensor, times scale: Float, _ source: Tensor, into target: UnsafeMutablePointer<Float>,
        _ accumulates: Bool
      ) {
        workers.run(pieces: count) { index in
          let target = target + index * keyWidth
          if !accumulates { target.update(repeating: 0, count: keyWidth) }
          for row in 0..<rows {
            for head in 0..<heads {
              let factor = scale * factors.elements[(row * heads + head) * count + index]
              let source = source.elements + row * width + head * d
              for place in 0..<d { target[head / shared * d + place] += factor * source[place] }
            }
          }
        }
      }
      accumulate(into: keys) { sum(slopes, times: scale, query, into: $0, $1) }
      accumulate(into: values) { sum(weights, times: factor, dy, into: $0, $1) }
    }
  }

  private static func dot(_ one: UnsafePointer<Float>, _ other: UnsafePointer<Float>, count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += one[index] * other[index] }
    return sum
  }
}
