extension Tape {
  /// Rotates the heads of `x` by their rows' positions, in place.
  ///
  /// - Parameters:
  ///   - x: `[T, heads · headDimension]`; its value is overwritten.
  ///   - positions: One a row.
  ///   - heads: Number of heads in a row.
  ///   - rotary: The angles.
  /// - Returns: The same memory as `x`.
  public func rotate(_ x: Variable, positions: [Int], heads: Int, rotary: RotaryAngles) -> Variable {
    let table = rotary.table(covering: (positions.max() ?? 0) + 1)
    let workers = context.workers
    func turn(_ tensor: Tensor, backward: Bool) {
      RotaryEmbedding.apply(
        table, to: tensor.elements, xStride: tensor.columnCount, into: tensor.mutableElements,
        yStride: tensor.columnCount, positions: positions, rows: positions.count, heads: heads,
        headDimension: tensor.columnCount / heads, backward: backward, workers: workers)
    }
    turn(x.value, backward: false)
    return record(x.value, from: [x]) { [unowned self, x = x.slot] gradient in
      turn(gradient, backward: true)
      pass(gradient, to: x)
    }
  }

  /// Causal grouped-query attention over the token forest.
  ///
  /// Saves its inputs and one number a row and head.
  ///
  /// - Parameters:
  ///   - queries: `[T, heads · headDimension]`, already rotated.
  ///   - keys: `[T, keyValueHeads · headDimension]`, already rotated.
  ///   - values: As `keys`.
  ///   - prefix: Keys and values of the forest's prefix segment for this layer.
  ///   - forest: Who sees whom.
  ///   - layer: Which layer's cached keys and values to use and to extend.
  ///   - shape: Heads, scale, window and cap.
  /// - Returns: `[T, heads · headDimension]`.
  public func attention(
    queries: Variable, keys: Variable, values: Variable, prefix: PrefixKeyValues?, forest: TokenForest, layer: Int,
    shape: AttentionShape
  ) -> Variable {
    let rows = forest.rowCount
    let workers = context.workers
    let width = shape.keyValueHeads * shape.headDimension
    for segment in forest.segments {
      guard let cache = segment.retained else { continue }
      let first = segment.rows.lowerBound * width
      cache.append(
        layer: layer, keys: keys.value.elements + first, values: values.value.elements + first,
        rows: segment.rows.count, width: width)
    }
    let output = Tensor(uninitialized: [rows, shape.heads * shape.headDimension], in: context.pool)
    let isTracked =
      isRecording && [queries, keys, values, prefix?.keys, prefix?.values].contains { $0?.isTracked == true }
    let logSumExp = isTracked ? Tensor(uninitialized: [rows, shape.heads], in: context.pool) : nil
    let chains = AttentionChains(
      forest: forest, layer: layer, width: width, keys: keys.value, values: values.value, prefix: prefix)
    let kernel = AttentionKernel(shape)
    let queryWidth = shape.heads * shape.headDimension
    kernel.forward(
      queries: queries.value.elements, queryStride: queryWidth, into: output.mutableElements,
      outputStride: queryWidth, logSumExps: logSumExp?.mutableElements, segments: chains.segments, workers: workers)
    guard let logSumExp else { return Variable(constant: output) }
    let inputs = [queries, keys, values] + (prefix.map { [$0.keys, $0.values] } ?? [])
    return record(output, from: inputs) { [unowned self] dOutput in
      let dQueries = Tensor(uninitialized: queries.shape, in: context.pool)
      let dKeys = Tensor(zeros: keys.shape, in: context.pool)
      let dValues = Tensor(zeros: values.shape, in: context.pool)
      let dPrefixKeys = prefix.map { Tensor(zeros: $0.keys.shape, in: context.pool) }
      let dPrefixValues = prefix.map { Tensor(zeros: $0.values.shape, in: context.pool) }
      let chains = AttentionChains(
        forest: forest, layer: layer, width: width, keys: keys.value, values: values.value, prefix: prefix,
        gradients: .init(keys: dKeys, values: dValues, prefixKeys: dPrefixKeys, prefixValues: dPrefixValues))
      kernel.backward(
        outputGradients: dOutput.elements, outputStride: queryWidth,
        queries: queries.value.elements, queryStride: queryWidth, logSumExps: logSumExp.elements,
        into: dQueries.mutableElements, queryGradientStride: queryWidth, segments: chains.segments, workers: workers)
      pass(dQueries, to: queries)
      pass(dKeys, to: keys)
      pass(dValues, to: values)
      if let prefix, let dPrefixKeys, let dPrefixValues {
        pass(dPrefixKeys, to: prefix.keys)
        pass(dPrefixValues, to: prefix.values)
      }
    }
  }
}

/// The keys and values that a method gives for one layer (prefix tuning), used as they are: not rotated.
public struct PrefixKeyValues {
  /// `[count, keyValueHeads · headDimension]`.
  public let keys: Variable
  /// `[count, keyValueHeads · headDimension]`.
  public let values: Variable

  /// Creates the pair.
  public init(keys: Variable, values: Variable) {
    self.keys = keys
    self.values = values
  }
}

/// The forest as the attention kernel wants it: for every segment with rows, where the keys of its chain lie.
private struct AttentionChains {
  struct Gradients {
    let keys: Tensor
    let values: Tensor
    let prefixKeys: Tensor?
    let prefixValues: Tensor?
  }

  var segments: [AttentionSegment] = []

  init(
    forest: TokenForest, layer: Int, width: Int, keys: Tensor, values: Tensor, prefix: PrefixKeyValues?,
    gradients: Gradients? = nil
  ) {
    /// Blocks from the root to each segment, the segment's own last.
    var chains: [[KeyBlock]] = []
    for segment in forest.segments {
      var chain = segment.parent.map { chains[$0] } ?? []
      switch segment.content {
      case .tokens, .softPrompt:
        let offset = segment.rows.lowerBound * width
        chain.append(
          KeyBlock(
            keys: keys.elements + offset, values: values.elements + offset, count: segment.rows.count, rowStride: width,
            keyGradients: gradients.map { $0.keys.mutableElements + offset },
            valueGradients: gradients.map { $0.values.mutableElements + offset }))
      case .prefix(let count):
        guard let prefix else { preconditionFailure("a forest with a prefix segment needs the prefix's keys") }
        chain.append(
          KeyBlock(
            keys: prefix.keys.value.elements, values: prefix.values.value.elements, count: count, rowStride: width,
            keyGradients: gradients?.prefixKeys?.mutableElements,
            valueGradients: gradients?.prefixValues?.mutableElements))
      case .cached(let last):
        var ancestors: [CachedSegment] = []
        var next: CachedSegment? = last
        while let cached = next {
          ancestors.append(cached)
          next = cached.parent
        }
        for cached in ancestors.reversed() where cached.count > 0 {
          chain.append(
            KeyBlock(
              keys: cached.keys(layer: layer).elements, values: cached.values(layer: layer).elements,
              count: cached.count, rowStride: width, keyGradients: nil, valueGradients: nil))
        }
      }
      chains.append(chain)
      if !segment.rows.isEmpty {
        segments.append(
          AttentionSegment(queryRow: segment.rows.lowerBound, queryCount: segment.rows.count, blocks: chain))
      }
    }
  }
}
