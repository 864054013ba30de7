/// A thread's working memory for blocks of lanes.
struct LaneScratch {
  private let width: Int
  private let keys: Int
  private let dimension: Int
  /// Whether there is a second of each matrix, for gradients.
  private let isBackward: Bool

  /// Floats from row to row of `rows(_:)`, whole vectors.
  static func rowStride(dimension: Int) -> Int { (dimension + Lanes.count - 1) / Lanes.count * Lanes.count }

  /// Memory for the largest of `pieces`, or of runs of at most `queryCount` of their queries.
  init(_ pieces: [AttentionPiece], shape: AttentionShape, isBackward: Bool, queryCount: Int = .max) {
    width = LaneBlock.width(
      rows: (pieces.map { min($0.queries.count, queryCount) }.max() ?? 0) * shape.groupSize)
    keys = pieces.map { $0.keys.count }.max() ?? 0
    dimension = shape.headDimension
    self.isBackward = isBackward
  }

  private var stride: Int { Self.rowStride(dimension: dimension) }
  private var matrices: Int { isBackward ? 2 : 1 }
  private var rowFloats: Int { isBackward ? width * stride : 0 }
  private var floatCount: Int {
    matrices * (dimension * width + keys * width + rowFloats) + Lanes.count * Lanes.count + 3 * width + 2 * stride
  }
  private var tableBytes: Int { (matrices + 1) * width * MemoryLayout<UnsafePointer<Float>>.stride }

  var byteCount: Int { (tableBytes + 63) / 64 * 64 + floatCount * MemoryLayout<Float>.stride + 64 }

  /// Lays the parts out in a thread's memory.
  @inline(__always)
  func bind(_ memory: UnsafeMutableRawPointer) -> Bound {
    let tables = memory.bindMemory(to: UnsafePointer<Float>.self, capacity: matrices * width)
    let targets = (memory + matrices * width * MemoryLayout<UnsafePointer<Float>>.stride).bindMemory(
      to: UnsafeMutablePointer<Float>.self, capacity: width)
    var next = (memory + (tableBytes + 63) / 64 * 64).bindMemory(to: Float.self, capacity: floatCount)
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    let (scores, lanes) = (take(matrices * keys * width), take(matrices * dimension * width))
    let (rows, partialSums, factors) = (take(matrices * rowFloats), take(Lanes.count * Lanes.count), take(width))
    let (largest, sums) = (take(width), take(width))
    let (zeros, spare) = (take(stride), take(stride))
    zeros.update(repeating: 0, count: stride)
    return Bound(
      sources: tables, targets: targets, partialSums: partialSums, factors: factors, largest: largest,
      sums: sums, zeros: zeros, spare: spare,
      sink: UnsafeMutableRawPointer(next).assumingMemoryBound(to: UInt8.self), firstScores: scores,
      scoresStride: keys * width, firstLanes: lanes, lanesStride: dimension * width, firstRows: rows,
      rowsStride: rowFloats, width: width)
  }

  /// The parts of a thread's memory.
  struct Bound {
    fileprivate let sources: RowTable
    /// Where each lane's result goes.
    let targets: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    /// A vector for each place that a key may have in a vector of keys.
    let partialSums: UnsafeMutablePointer<Float>
    /// A number for each lane.
    let factors: UnsafeMutablePointer<Float>
    /// Each lane's largest score.
    let largest: UnsafeMutablePointer<Float>
    /// Each lane's sum of exponentials.
    let sums: UnsafeMutablePointer<Float>
    /// A row for lanes beyond the last to read.
    let zeros: UnsafeMutablePointer<Float>
    /// A row for lanes beyond the last to write.
    let spare: UnsafeMutablePointer<Float>
    let sink: UnsafeMutablePointer<UInt8>
    fileprivate let firstScores: UnsafeMutablePointer<Float>
    fileprivate let scoresStride: Int
    fileprivate let firstLanes: UnsafeMutablePointer<Float>
    fileprivate let lanesStride: Int
    fileprivate let firstRows: UnsafeMutablePointer<Float>
    fileprivate let rowsStride: Int
    fileprivate let width: Int

    /// Addresses of the rows of a matrix of lanes.
    func sources(_ matrix: Int) -> RowTable { sources + matrix * width }
    /// `[keys][width]`.
    func scores(_ matrix: Int) -> UnsafeMutablePointer<Float> { firstScores + matrix * scoresStride }
    /// `[headDimension][width]`.
    func lanes(_ matrix: Int) -> UnsafeMutablePointer<Float> { firstLanes + matrix * lanesStride }
    /// `[width]` rows of whole vectors.
    func rows(_ matrix: Int) -> UnsafeMutablePointer<Float> { firstRows + matrix * rowsStride }
  }
}
