/// What the tokens of examples are after the frozen first blocks, kept by example for a training that comes to the same
/// examples again: in later epochs, in further validations, in the trainings of other members.
///
/// A row depends on nothing but its own token, those before it and the frozen weights, to the bit: not on the batch, nor on
/// where the batch cuts the sequence. So what is kept stands for what would be computed in any other batch. Of a sequence
/// that is not known as a whole all tokens are computed, since the blocks need the keys and values of those before.
///
/// What comes first stays. Each epoch comes to every example once, so a cache that gave up the oldest would give up each
/// example just before it is needed.
///
/// Neither what is kept nor what computes it is counted as tensor memory, while a pass counts what it would have held had it
/// computed every row: a method's memory does not depend on whether anything is kept.
public final class FrozenStates {
  /// Where states are kept.
  public enum Place: Sendable, Equatable {
    /// In memory.
    case memory
    /// In a file of this folder, which has no name there.
    case disk(folder: String)
  }

  /// Most bytes, those of token ids and bookkeeping included.
  public let limit: Int
  /// Whether the passes that come next are worth keeping and may use what is kept.
  public var isInUse = true
  /// What was done so far.
  public private(set) var usage = FrozenUsage()

  private let width: Int
  private let store: any StateStore
  private var tree = RadixTree()
  /// The blocks and weights that all of it comes from.
  private var part: FrozenPart?
  /// Whether the system has had no room for more.
  private var isClosed = false
  /// What blocks without a tape hold at one time for a row.
  private var bytesPerRow = 0
  /// Where rows that are not known are computed.
  private let pool = MemoryPool()

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - width: Width of the residual stream.
  ///   - place: Where states are kept.
  ///   - limit: Most bytes.
  ///   - mayGrow: Asked before so many bytes of memory more are taken; once it says no, nothing more is kept.
  ///   - complain: Told why a disk takes or gives no more.
  /// - Throws: `FileError` where no file can be made.
  public convenience init(
    width: Int, in place: Place, limit: Int, mayGrow: @escaping (_ bytes: Int) -> Bool = { _ in true },
    complain: @escaping (FileError) -> Void = { _ in }
  ) throws(FileError) {
    switch place {
    case .memory:
      self.init(width: width, store: StateMemory(width: width, mayGrow: mayGrow), limit: limit)
    case .disk(let folder):
      self.init(
        width: width, store: try StateFile(folder: folder, width: width, complain: complain), limit: limit)
    }
  }

  /// Creates a cache around an empty store.
  init(width: Int, store: any StateStore, limit: Int) {
    (self.width, self.store, self.limit) = (width, store, limit)
  }

  /// Bytes that are taken now.
  public var byteCount: Int { byteCount(adding: 0) }

  private func byteCount(adding rows: Int) -> Int {
    let tree = rows == 0 ? tree.byteCount : tree.byteCount + RadixTree.mostBytes(adding: rows)
    return (store.rowCount + rows) * width * MemoryLayout<Float>.stride + tree
  }

  /// Notes a pass over so many rows.
  func count(rows: Int) { usage.rows += rows }

  /// Notes that the first blocks were run on so many of them.
  func count(computedRows: Int) { usage.computedRows += computedRows }

  /// The states of a batch.
  ///
  /// - Parameters:
  ///   - forest: The batch; of tokens alone.
  ///   - part: The blocks.
  ///   - context: Where the result and the peak are counted.
  ///   - compute: Runs the blocks over a forest.
  /// - Returns: `[rows, width]`.
  func states(
    of forest: TokenForest, after part: FrozenPart, in context: ComputeContext,
    compute: (TokenForest, ComputeContext) -> Tensor
  ) -> Tensor {
    if self.part?.isSame(as: part) != true {
      forget()
      self.part = part
      usage.blocks = part.blockCount
    }
    while true {
      if let states = assembled(forest, in: context, compute: compute) { return states }
      // A disk that gives nothing back is not asked again.
      forget()
      isClosed = true
    }
  }

  /// Computes the segments that are not known, with those before them, and reads the other ones.
  ///
  /// - Returns: Nil where something that is known cannot be read.
  private func assembled(
    _ forest: TokenForest, in context: ComputeContext, compute: (TokenForest, ComputeContext) -> Tensor
  ) -> Tensor? {
    let chains = forest.chains
    let known = chains.map { tree.rows(of: $0) }
    let isMissing = zip(chains, known).map { $0.count != $1.count }
    let (missing, origins) = forest.withAncestors(of: isMissing)
    let computed = missing.rowCount == 0 ? nil : measured(missing, in: context, compute: compute)
    if computed == nil { pool.trim() }
    context.pool.countForAMoment(bytesPerRow * forest.rowCount, as: .activations)
    let states = Tensor(uninitialized: [forest.rowCount, width], in: context.pool)
    func target(_ segment: TokenForest.Segment) -> UnsafeMutablePointer<Float> {
      states.mutableElements + segment.rows.lowerBound * width
    }
    var isRead = [Bool](repeating: true, count: chains.count)
    for (segment, origin) in zip(missing.segments, origins) {
      isRead[origin] = false
      guard let computed else { continue }
      target(forest.segments[origin]).update(
        from: computed.elements + segment.rows.lowerBound * width, count: segment.rows.count * width)
    }
    for (index, segment) in forest.segments.enumerated() where isRead[index] {
      var next = target(segment)
      for run in known[index].dropFirst(segment.position).runs {
        guard store.copy(run, to: next) else { return nil }
        next += run.count * width
      }
    }
    for index in forest.segments.indices where isMissing[index] { keep(chains[index], of: forest, index, states) }
    usage.bytes = max(usage.bytes, byteCount)
    return states
  }

  /// Computes rows in memory that nothing counts, and notes what they take for each.
  private func measured(
    _ forest: TokenForest, in context: ComputeContext, compute: (TokenForest, ComputeContext) -> Tensor
  ) -> Tensor {
    pool.resetPeak()
    let states = compute(forest, context.counting(in: pool))
    bytesPerRow = max(bytesPerRow, (pool.peak.total + forest.rowCount - 1) / forest.rowCount)
    return states
  }

  /// Keeps the tokens of a segment, and those before it that are not known by now.
  private func keep(_ chain: [Int32], of forest: TokenForest, _ index: Int, _ states: Tensor) {
    let known = tree.rows(of: chain).count
    let first = store.rowCount
    guard !isClosed, known < chain.count, byteCount(adding: chain.count - known) <= limit else { return }
    for segment in forest.path(to: index) {
      let rows = segment.rows.dropFirst(max(0, known - segment.position))
      guard !rows.isEmpty else { continue }
      guard store.append(states.elements + rows.lowerBound * width, count: rows.count) else {
        store.removeRows(from: first)
        isClosed = true
        return
      }
    }
    tree.add(chain, rowsFrom: first)
  }

  /// Gives everything up.
  private func forget() {
    store.removeRows(from: 0)
    tree = RadixTree()
    bytesPerRow = 0
  }
}

/// How much of a training's work on the frozen first blocks was left out.
public struct FrozenUsage: Equatable, Sendable {
  /// The first blocks that are frozen.
  public var blocks = 0
  /// Rows of all passes.
  public var rows = 0
  /// Rows that the frozen blocks were run on.
  public var computedRows = 0
  /// Most bytes that were kept.
  public var bytes = 0

  /// Nothing yet.
  public init() {}

  /// The share of the rows' passes through the frozen blocks that were left out.
  public var shareLeftOut: Double { rows > 0 ? 1 - Double(computedRows) / Double(rows) : 0 }

  /// What both did, of which one came after the other.
  public static func + (left: FrozenUsage, right: FrozenUsage) -> FrozenUsage {
    var sum = left
    sum.blocks = max(left.blocks, right.blocks)
    sum.rows += right.rows
    sum.computedRows += right.computedRows
    sum.bytes = max(left.bytes, right.bytes)
    return sum
  }

  /// What was done after `earlier`, where this is what was done in all.
  public func since(_ earlier: FrozenUsage) -> FrozenUsage {
    var rest = self
    rest.rows -= earlier.rows
    rest.computedRows -= earlier.computedRows
    return rest
  }
}

/// The first blocks of a model with the weights that they have.
struct FrozenPart {
  let blockCount: Int
  private let weights: [Weight]

  private struct Weight {
    weak var matrix: WeightMatrix?
  }

  /// The first `blockCount` blocks of a model.
  init(_ model: CausalLanguageModel, blockCount: Int) {
    self.blockCount = blockCount
    // A matrix is never written to, and what replaces weights (a reload, pruning) replaces these.
    let tables = [model.embedding, model.positionEmbedding].map { $0?.weight }
    let maps = model.blocks.prefix(blockCount).flatMap { $0.linears.map(\.weight) }
    weights = (tables + maps).compactMap(\.self).map { Weight(matrix: $0) }
  }

  /// Whether both are the same blocks with the same weights.
  func isSame(as other: FrozenPart) -> Bool {
    blockCount == other.blockCount && weights.count == other.weights.count
      && zip(weights, other.weights).allSatisfy { $0.matrix != nil && $0.matrix === $1.matrix }
  }
}
