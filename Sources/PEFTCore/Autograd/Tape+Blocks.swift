extension Tape {
  /// `x` times a block-diagonal matrix: every group of columns by a small matrix of its own.
  ///
  ///     y[t, group g] = x[t, group g] · op(blocks[g])
  ///
  /// Saves x if the blocks are tracked.
  ///
  /// - Parameters:
  ///   - x: `[T, q·b]`.
  ///   - blocks: `[q, c, b]`, each the weight of a small linear map; or `[q, b, c]` without `transposeBlocks`. With
  ///     `[1, …]` all groups share one block.
  ///   - transposeBlocks: Whether `op` transposes, as `linear` does with its weight.
  /// - Returns: `[T, q·c]`, which the caller may overwrite.
  public func blockProduct(_ x: Variable, _ blocks: Variable, transposeBlocks: Bool = true) -> Variable {
    let rows = x.value.rowCount
    precondition(blocks.shape.count == 3, "blockProduct: blocks of shape \(blocks.shape)")
    let width = blocks.shape[transposeBlocks ? 2 : 1]
    let newWidth = blocks.shape[transposeBlocks ? 1 : 2]
    let groups = x.value.columnCount / width
    let isShared = blocks.shape[0] == 1
    precondition(
      groups * width == x.value.columnCount && (isShared || blocks.shape[0] == groups),
      "blockProduct: \(x.shape) by blocks of shape \(blocks.shape)")
    // One shared block is one product over all groups of all rows, which lie one after the other.
    let layout = BlockLayout(
      rows: isShared ? rows * groups : rows, groups: isShared ? 1 : groups, width: width, newWidth: newWidth,
      isTransposed: transposeBlocks)
    let workers = context.workers
    let y = Tensor(uninitialized: [rows, groups * newWidth], in: context.pool)
    layout.forward(x.value.elements, blocks.value.elements, into: y.mutableElements, workers: workers)
    let keptX = blocks.isTracked ? x.saved : nil
    let keptBlocks = x.isTracked ? blocks.saved : nil
    return record(y, from: [x, blocks]) { [unowned self, x = x.slot, blocks = blocks.slot] dy in
      accumulate(into: x) { dx, accumulates in
        guard let keptBlocks = keptBlocks?.get() else { return }
        layout.gradientOfInput(
          dy.elements, keptBlocks.elements, into: dx, accumulate: accumulates, workers: workers)
      }
      accumulate(into: blocks) { dBlocks, accumulates in
        guard let keptX = keptX?.get() else { return }
        layout.gradientOfBlocks(dy.elements, keptX.elements, into: dBlocks, accumulate: accumulates, workers: workers)
      }
    }
  }

  /// Skew-symmetric matrices `Q - Qᵀ`, where Q has the given elements above its diagonal, row by row.
  ///
  /// - Parameters:
  ///   - elements: `[q, b·(b - 1) / 2]`.
  ///   - size: b.
  /// - Returns: `[q, b, b]`.
  public func skew(_ elements: Variable, size: Int) -> Variable {
    let (count, width) = (elements.value.rowCount, elements.value.columnCount)
    precondition(width == size * (size - 1) / 2, "skew: \(elements.shape) for matrices of size \(size)")
    let y = Tensor(zeros: [count, size, size], in: context.pool)
    for index in 0..<count {
      let (source, target) = (elements.value.elements + index * width, y.mutableElements + index * size * size)
      var next = 0
      for row in 0..<size {
        for column in row + 1..<max(size, row + 1) {
          target[row * size + column] = source[next]
          target[column * size + row] = -source[next]
          next += 1
        }
      }
    }
    return record(y, from: [elements]) { [unowned self, slot = elements.slot] dy in
      let gradient = Tensor(uninitialized: [count, width], in: context.pool)
      for index in 0..<count {
        let (source, target) = (dy.elements + index * size * size, gradient.mutableElements + index * width)
        var next = 0
        for row in 0..<size {
          for column in row + 1..<max(size, row + 1) {
            target[next] = source[row * size + column] - source[column * size + row]
            next += 1
          }
        }
      }
      pass(gradient, to: slot)
    }
  }

  /// The inverse of every matrix of a batch, computed in double precision.
  ///
  ///     dA = -A⁻ᵀ · dY · A⁻ᵀ
  ///
  /// Keeps a copy of the result. A matrix that is exactly singular has no inverse: its result is NaN, which training
  /// reports as a loss that is not finite.
  ///
  /// - Parameter x: `[q, b, b]`.
  /// - Returns: `[q, b, b]`, which the caller may overwrite.
  public func inverse(_ x: Variable) -> Variable {
    precondition(x.shape.count == 3 && x.shape[1] == x.shape[2], "inverse: \(x.shape)")
    let (count, size) = (x.shape[0], x.shape[1])
    let workers = context.workers
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    workers.run(pieces: count) { index in
      let source = UnsafeBufferPointer(start: x.value.elements + index * size * size, count: size * size)
      let target = y.mutableElements + index * size * size
      guard let inverse = LUDecomposition(DoubleMatrix(source, rows: size, columns: size))?.inverse else {
        return target.update(repeating: .nan, count: size * size)
      }
      for (position, element) in inverse.elements.enumerated() { target[position] = Float(element) }
    }
    guard x.isTracked, isRecording else { return Variable(constant: y) }
    let kept = y.copy(in: context.pool)
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      let half = Tensor(uninitialized: kept.shape, in: context.pool)
      accumulate(into: x) { dx, accumulates in
        workers.runProducts(count: count, rows: size) { index, runner in
          let offset = index * size * size
          runner.multiply(
            m: size, n: size, k: size, a: kept.elements + offset, aStride: size, transposeA: true,
            b: dy.elements + offset, bStride: size, transposeB: false, c: half.mutableElements + offset, cStride: size,
            accumulate: false)
          Elementwise.scale(
            half.elements + offset, by: -1, into: half.mutableElements + offset, count: size * size, workers: .one)
          runner.multiply(
            m: size, n: size, k: size, a: half.elements + offset, aStride: size, transposeA: false,
            b: kept.elements + offset, bStride: size, transposeB: true, c: dx + offset, cStride: size,
            accumulate: accumulates)
        }
      }
    }
  }
}
