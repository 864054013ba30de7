extension LaneBlock {
  /// Turns a vector's scores into unnormalized probabilities, zero where hidden; returns each lane's largest score and sum.
  ///
  /// - Parameters:
  ///   - scores: `[keyCount][width]`.
  ///   - partialSums: Room for a vector of vectors.
  @inline(never)
  func softmax(
    _ scores: UnsafeMutablePointer<Float>, vector: Int, cap: Float?, partialSums: UnsafeMutablePointer<Float>
  ) -> (largest: Lanes, sum: Lanes) {
    let scores = scores + vector * Lanes.count
    let keys = hide(scores, vector: vector, cap: cap)
    var largest = Lanes(repeating: -.infinity)
    for key in keys { largest = largest.larger(Lanes(at: scores + key * width)) }
    partialSums.update(repeating: 0, count: Lanes.count * Lanes.count)
    for key in keys {
      let probability = VectorMath.expBelow88(Lanes(at: scores + key * width) - largest)
      probability.store(to: scores + key * width)
      let partial = partialSums + partialSum(of: key)
      (Lanes(at: partial) + probability).store(to: partial)
    }
    return (largest, total(partialSums))
  }

  /// Turns a vector's raw scores into probabilities and gradients of probabilities into gradients of raw scores; both
  /// are zero where hidden.
  ///
  /// - Parameters:
  ///   - scores: `[keyCount][width]`.
  ///   - gradients: The same.
  ///   - logSumExps: `[width]`.
  ///   - partialSums: Room for a vector of vectors.
  @inline(never)
  func softmaxGradient(
    _ scores: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>, vector: Int, cap: Float?,
    logSumExps: UnsafePointer<Float>, partialSums: UnsafeMutablePointer<Float>
  ) {
    let scores = scores + vector * Lanes.count
    let gradients = gradients + vector * Lanes.count
    let logSumExp = Lanes(at: logSumExps + vector * Lanes.count)
    let keys = hide(scores, vector: vector, cap: cap)
    partialSums.update(repeating: 0, count: Lanes.count * Lanes.count)
    for key in keys {
      let probability = VectorMath.expBelow88(Lanes(at: scores + key * width) - logSumExp)
      let partial = partialSums + partialSum(of: key)
      Lanes(at: partial).adding(probability, times: Lanes(at: gradients + key * width)).store(to: partial)
      // With a cap, the score is needed once more for its slope.
      if cap == nil { probability.store(to: scores + key * width) }
    }
    let mean = total(partialSums)
    for key in keys {
      let value = Lanes(at: scores + key * width)
      let deviation = Lanes(at: gradients + key * width) - mean
      if let cap {
        let probability = VectorMath.expBelow88(value - logSumExp)
        // A hidden score is -∞; its probability is zero whatever the slope.
        let squashed = (value / cap).replacing(with: 0, where: probability .== 0)
        (probability * deviation * (1 - squashed * squashed)).store(to: gradients + key * width)
        probability.store(to: scores + key * width)
      } else {
        (value * deviation).store(to: gradients + key * width)
      }
    }
    clear(gradients, outside: keys)
  }

  /// Caps the scores that any lane of a vector sees, makes those hidden from a lane -∞, and zero where all lanes see
  /// nothing; returns the keys that any lane sees.
  @inline(__always)
  private func hide(_ scores: UnsafeMutablePointer<Float>, vector: Int, cap: Float?) -> Range<Int> {
    let keys = keys(ofVector: vector)
    if let cap {
      for key in keys {
        let score = scores + key * width
        (VectorMath.tanh(Lanes(at: score) / cap) * cap).store(to: score)
      }
    }
    let first = vector * Lanes.count
    // Keys from the last lane's first one to the first lane's last one are seen by all.
    let seenByAll =
      visible(first + Lanes.count - 1)
      .lowerBound..<max(
        visible(first + Lanes.count - 1).lowerBound, visible(first).upperBound)
    if seenByAll != keys {
      var starts = IntegerLanes()
      var ends = IntegerLanes()
      for lane in 0..<Lanes.count {
        let visible = visible(first + lane)
        starts[lane] = Int32(truncatingIfNeeded: visible.lowerBound)
        ends[lane] = Int32(truncatingIfNeeded: visible.upperBound)
      }
      for key in keys where !seenByAll.contains(key) {
        let position = IntegerLanes(repeating: Int32(truncatingIfNeeded: key))
        let score = scores + key * width
        Lanes(at: score).replacing(with: -.infinity, where: (starts .> position) .| (ends .<= position))
          .store(to: score)
      }
    }
    clear(scores, outside: keys)
    return keys
  }

  /// Makes a vector zero for the keys that none of its lanes sees.
  @inline(__always)
  private func clear(_ vectors: UnsafeMutablePointer<Float>, outside keys: Range<Int>) {
    for key in 0..<keys.lowerBound { Lanes().store(to: vectors + key * width) }
    for key in keys.upperBound..<keyCount { Lanes().store(to: vectors + key * width) }
  }

  /// Where a key's term is added: sums run over every n-th chain position, as in the lanes of a vector of keys.
  @inline(__always)
  private func partialSum(of key: Int) -> Int { ((key + firstKey) & (Lanes.count - 1)) * Lanes.count }

  /// The sum of the partial sums, halves added to halves as in `Lanes.total`.
  @inline(__always)
  private func total(_ partialSums: UnsafeMutablePointer<Float>) -> Lanes {
    var count = Lanes.count / 2
    while count > 0 {
      for index in 0..<count {
        let partial = partialSums + index * Lanes.count
        (Lanes(at: partial) + Lanes(at: partial + count * Lanes.count)).store(to: partial)
      }
      count /= 2
    }
    return Lanes(at: partialSums)
  }
}
