/// Rows of one width that are kept one after the other.
///
/// What a store holds is not tensor memory: it changes no result, so it is no cost of a method.
protocol StateStore: AnyObject {
  /// Rows that are kept.
  var rowCount: Int { get }

  /// Keeps rows after those that are there.
  ///
  /// - Returns: Whether the system had room for them; if not, the store holds what it held before.
  func append(_ rows: UnsafePointer<Float>, count: Int) -> Bool

  /// Copies rows that are kept.
  ///
  /// - Returns: Whether they could be read.
  func copy(_ rows: Range<Int>, to target: UnsafeMutablePointer<Float>) -> Bool

  /// Gives up all rows after the first `count`.
  func removeRows(from count: Int)
}

/// Rows in memory, which is taken from the system piece by piece as they come.
final class StateMemory: StateStore {
  private let width: Int
  private let rowsPerPiece: Int
  /// Whether the system has so many bytes to spare.
  private let mayGrow: (_ bytes: Int) -> Bool
  private var pieces: [UnsafeMutableRawPointer] = []
  private(set) var rowCount = 0

  /// Bytes of a piece; what of it holds no row yet takes no memory.
  static let usualPieceBytes = 4 << 20

  /// Creates an empty store.
  ///
  /// - Parameters:
  ///   - width: Elements of a row, one at least.
  ///   - pieceBytes: Bytes of a piece, unless a row is longer.
  ///   - mayGrow: Asked before the store takes so many bytes more.
  init(width: Int, pieceBytes: Int = usualPieceBytes, mayGrow: @escaping (_ bytes: Int) -> Bool) {
    self.width = width
    self.mayGrow = mayGrow
    rowsPerPiece = max(1, pieceBytes / (width * MemoryLayout<Float>.stride))
  }

  deinit { removeRows(from: 0) }

  private var pieceBytes: Int { rowsPerPiece * width * MemoryLayout<Float>.stride }

  private func pieceCount(ofRows count: Int) -> Int { (count + rowsPerPiece - 1) / rowsPerPiece }

  func append(_ rows: UnsafePointer<Float>, count: Int) -> Bool {
    while pieces.count < pieceCount(ofRows: rowCount + count) {
      guard mayGrow(pieceBytes), let piece = SystemPages.map(pieceBytes) else {
        removeRows(from: rowCount)
        return false
      }
      pieces.append(piece)
    }
    var done = 0
    forEachPart(of: rowCount..<rowCount + count) { part, count in
      part.update(from: rows + done, count: count)
      done += count
    }
    rowCount += count
    return true
  }

  func copy(_ rows: Range<Int>, to target: UnsafeMutablePointer<Float>) -> Bool {
    guard rows.upperBound <= rowCount else { return false }
    var done = 0
    forEachPart(of: rows) { part, count in
      (target + done).update(from: part, count: count)
      done += count
    }
    return true
  }

  func removeRows(from count: Int) {
    rowCount = min(rowCount, count)
    while pieces.count > pieceCount(ofRows: rowCount), let last = pieces.popLast() {
      SystemPages.unmap(last, pieceBytes)
    }
  }

  /// Calls `body` with where each part of some rows lies, and its elements.
  private func forEachPart(of rows: Range<Int>, _ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let (piece, within) = row.quotientAndRemainder(dividingBy: rowsPerPiece)
      let count = min(rowsPerPiece - within, rows.upperBound - row)
      body(pieces[piece].assumingMemoryBound(to: Float.self) + within * width, count * width)
      row += count
    }
  }
}
