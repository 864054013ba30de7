/// AdamW in a low-rank space of a matrix's gradient (GaLore).
///
///     every `updateInterval` steps, from the first on:  P ← the leading singular vectors of G, as rows
///     right: L = G·Pᵀ   left: L = P·G   both: L = P·G·P'ᵀ
///     M, V ← AdamW's moments of L;   W ← W - lr · scale · back(M̂ / (√V̂ + ε)),   W ← W·(1 - lr·decay)
///
/// Moments stay as they are when P changes, so that the signs of singular vectors matter: they are those of `SingularValues`,
/// where LAPACK has others. Moments take rank · (the longer side) values each in place of the whole matrix, and P
/// rank · (the shorter side).
///
/// - Source: Zhao et al. 2024, arXiv 2403.03507, and its package galore_torch, which adds ε before it corrects the bias.
public struct GaLore: Sendable, Equatable {
  /// Which side of the gradient is projected.
  public enum Projection: String, CaseIterable, Sendable {
    /// The shorter one; of a square matrix the right one.
    case std
    /// The longer one.
    case reverse = "reverse_std"
    case right
    case left
    /// Both.
    case full
  }

  /// Singular vectors.
  public var rank: Int
  /// Steps between two projections.
  public var updateInterval: Int
  /// Multiplies the step.
  public var scale: Double
  /// Which side is projected.
  public var projection: Projection
  /// Whether sides are meant of the transpose, as checkpoints of some families store it.
  public var isTurned: Bool

  /// Creates the settings.
  public init(rank: Int, updateInterval: Int, scale: Double, projection: Projection, isTurned: Bool = false) {
    (self.rank, self.updateInterval, self.scale) = (rank, updateInterval, scale)
    (self.projection, self.isTurned) = (projection, isTurned)
  }

  /// Which sides of a `[rows, columns]` matrix are projected.
  func sides(rows: Int, columns: Int) -> (left: Bool, right: Bool) {
    let isTall = isTurned ? columns >= rows : rows >= columns
    let isRight =
      switch projection {
      case .full: (true, true)
      case .std: (!isTall, isTall)
      case .reverse: (isTall, !isTall)
      case .right: (false, true)
      case .left: (true, false)
      }
    return projection == .full || !isTurned ? isRight : (isRight.1, isRight.0)
  }

  /// Bytes that are kept for a `[rows, columns]` matrix: of the moments, both together, and of the projection, which is
  /// float32 in any form of the moments.
  public func stateBytes(rows: Int, columns: Int, as format: OptimizerStateFormat) -> Int {
    let (sides, rank) = (sides(rows: rows, columns: columns), min(rank, rows, columns))
    let low = (sides.left ? rank : rows) * (sides.right ? rank : columns)
    return 2 * format.byteCount(of: low) + 4 * ((sides.left ? rank * rows : 0) + (sides.right ? rank * columns : 0))
  }
}

/// What GaLore keeps of one matrix.
struct ProjectedMoments {
  /// AdamW's means of the projected gradient.
  let first: Moment
  /// AdamW's mean squares of it.
  let second: Moment
  /// Left singular vectors as rows `[rank, rows]`; nil if that side is not projected.
  let left: Tensor?
  /// Right singular vectors as rows `[rank, columns]`; nil if that side is not projected.
  let right: Tensor?

  private let galore: GaLore
  private let rows: Int
  private let columns: Int

  /// - Precondition: The parameter is a matrix.
  init(_ galore: GaLore, of parameter: Parameter, as format: OptimizerStateFormat, pool: MemoryPool) {
    precondition(parameter.shape.count == 2, "GaLore of \(parameter.name), which is no matrix: \(parameter.shape)")
    (rows, columns) = (parameter.shape[0], parameter.shape[1])
    self.galore = galore
    let (sides, rank) = (galore.sides(rows: rows, columns: columns), min(galore.rank, rows, columns))
    func zeros(_ shape: [Int]) -> Tensor { Tensor(zeros: shape, in: pool, as: .optimizer) }
    let low = [sides.left ? rank : rows, sides.right ? rank : columns]
    first = Moment(.first, shape: low, as: format, in: pool)
    second = Moment(.second, shape: low, as: format, in: pool)
    left = sides.left ? zeros([rank, rows]) : nil
    right = sides.right ? zeros([rank, columns]) : nil
  }

  /// All of it, to be saved.
  var stored: [StoredTensor] {
    first.stored + second.stored + [left, right].compactMap { $0.map { StoredTensor($0) } }
  }

  /// Updates a matrix by its gradient.
  ///
  /// - Parameters:
  ///   - value: The matrix.
  ///   - gradient: Its gradient.
  ///   - gradientScale: Multiplies the gradient, for clipping.
  ///   - adam: The rule in the projected space, with the learning rate and decay of the matrix.
  ///   - stream: Where roundings of the moments draw from.
  func update(
    _ value: Tensor, gradient: Tensor, gradientScale: Float, _ adam: AdamWStep, rounding stream: SeedStream,
    context: ComputeContext
  ) {
    if (adam.step - 1) % galore.updateInterval == 0 { project(gradient, context.workers) }
    let low = lowered(gradient, context)
    let step = Tensor(zeros: low.shape, in: context.pool, as: .optimizer)
    var unit = adam
    (unit.learningRate, unit.weightDecay) = (1, 0)
    unit.update(
      step, gradient: low, gradientScale: gradientScale, moments: (first, second), rounding: stream,
      workers: context.workers)
    // The step stands in place of what it is subtracted from.
    Self.multiply(step, by: Float(adam.learningRate * galore.scale), context.workers)
    raise(step, onto: value, context)
    let decay = Float(1 - adam.learningRate * adam.weightDecay)
    if decay != 1 { Self.multiply(value, by: decay, context.workers) }
  }

  private static func multiply(_ tensor: Tensor, by factor: Float, _ workers: Workers) {
    Elementwise.scale(
      tensor.elements, by: factor, into: tensor.mutableElements, count: tensor.elementCount, workers: workers)
  }

  /// Takes the gradient's leading singular vectors.
  private func project(_ gradient: Tensor, _ workers: Workers) {
    let found = SingularValues(
      leading: min(galore.rank, rows, columns), of: DoubleMatrix(gradient.values, rows: rows, columns: columns),
      workers: workers)
    for (target, vectors) in [(left, found.left), (right, found.right)] {
      guard let target else { continue }
      for (index, value) in vectors.elements.enumerated() { target.mutableElements[index] = Float(value) }
    }
  }

  /// The gradient in the projected space.
  private func lowered(_ gradient: Tensor, _ context: ComputeContext) -> Tensor {
    var low = gradient
    if let right {
      let rank = right.shape[0]
      let next = Tensor(uninitialized: [rows, rank], in: context.pool, as: .optimizer)
      MatrixMultiply.multiply(
        m: rows, n: rank, k: columns, a: low.elements, aStride: columns, b: right.elements, bStride: columns,
        transposeB: true, c: next.mutableElements, cStride: rank, workers: context.workers)
      low = next
    }
    if let left {
      let (rank, width) = (left.shape[0], low.shape[1])
      let next = Tensor(uninitialized: [rank, width], in: context.pool, as: .optimizer)
      MatrixMultiply.multiply(
        m: rank, n: width, k: rows, a: left.elements, aStride: rows, b: low.elements, bStride: width,
        c: next.mutableElements, cStride: width, workers: context.workers)
      low = next
    }
    return low
  }

  /// Adds what stands in the projected space to a matrix.
  private func raise(_ low: Tensor, onto value: Tensor, _ context: ComputeContext) {
    var high = low
    if let left {
      let (rank, width) = (left.shape[0], low.shape[1])
      let isLast = right == nil
      let next = isLast ? value : Tensor(uninitialized: [rows, width], in: context.pool, as: .optimizer)
      MatrixMultiply.multiply(
        m: rows, n: width, k: rank, a: left.elements, aStride: rows, transposeA: true, b: high.elements, bStride: width,
        c: next.mutableElements, cStride: width, accumulate: isLast, workers: context.workers)
      high = next
    }
    guard let right else { return }
    let rank = right.shape[0]
    MatrixMultiply.multiply(
      m: rows, n: columns, k: rank, a: high.elements, aStride: rank, b: right.elements, bStride: columns,
      c: value.mutableElements, cStride: columns, accumulate: true, workers: context.workers)
  }
}
