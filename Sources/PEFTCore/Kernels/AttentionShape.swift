/// Keys and values of consecutive chain positions, laid out `[row][kvHead][headDimension]`.
struct KeyBlock {
  var keys: UnsafePointer<Float>
  var values: UnsafePointer<Float>
  /// Rows, one for each position.
  var count: Int
  /// Floats from row to row; more than the heads fill where keys lie in a fused buffer.
  var rowStride: Int
  /// Where the backward pass adds the keys' gradients, nil where none is wanted.
  var keyGradients: UnsafeMutablePointer<Float>?
  /// Where the backward pass adds the values' gradients, nil where none is wanted.
  var valueGradients: UnsafeMutablePointer<Float>?
  /// Floats from row to row of both gradients.
  var gradientRowStride: Int

  /// A block; gradients have the rows' stride unless told otherwise.
  init(
    keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int, rowStride: Int,
    keyGradients: UnsafeMutablePointer<Float>? = nil, valueGradients: UnsafeMutablePointer<Float>? = nil,
    gradientRowStride: Int? = nil
  ) {
    self.keys = keys
    self.values = values
    self.count = count
    self.rowStride = rowStride
    self.keyGradients = keyGradients
    self.valueGradients = valueGradients
    self.gradientRowStride = gradientRowStride ?? rowStride
  }
}

/// One segment of a token forest: rows of queries and the chain of keys that they see.
struct AttentionSegment {
  /// Row of the first query in queries and outputs.
  var queryRow: Int
  /// Queries, as many as the last block has keys.
  var queryCount: Int
  /// The ancestors' blocks, root first, and last the segment's own, of which query i sees keys 0...i.
  var blocks: [KeyBlock]

  /// Keys of the ancestors.
  var ancestorCount: Int { blocks.dropLast().reduce(0) { $0 + $1.count } }
}

/// What is the same for all segments of one attention layer.
public struct AttentionShape: Sendable {
  /// Query heads, a multiple of `keyValueHeads`; query head h reads key/value head h / (heads / keyValueHeads).
  public var heads: Int
  /// Heads of keys and values.
  public var keyValueHeads: Int
  /// Width of a head.
  public var headDimension: Int
  /// Multiplies the products of queries and keys, usually 1 / sqrt(headDimension).
  public var scale: Float
  /// The query at chain position p sees keys at positions above `p - window`; nil sees all.
  public var window: Int?
  /// Scores become `softCap · tanh(score / softCap)`, as in Gemma 2.
  public var softCap: Float?

  /// Query heads that share a key/value head.
  var groupSize: Int { heads / keyValueHeads }

  /// Chain positions that the query at chain position `position` sees.
  @inline(__always)
  func visibleKeys(from position: Int) -> Range<Int> {
    guard let window else { return 0..<position + 1 }
    return max(0, position + 1 - window)..<position + 1
  }
}

/// Query rows of one segment that are worked on together, for all query heads of one key/value head.
struct AttentionPiece {
  let segment: Int
  let keyValueHead: Int
  /// Queries of the segment.
  let queries: Range<Int>
  /// Chain position of the segment's first query.
  let ancestorCount: Int
  /// Chain positions that any of the queries sees.
  let keys: Range<Int>

  /// Cuts the segments' queries into runs of at most `queryCount(segment)`.
  static func cut(
    _ segments: [AttentionSegment], shape: AttentionShape, queryCount: (AttentionSegment) -> Int
  ) -> [AttentionPiece] {
    var pieces: [AttentionPiece] = []
    for (index, segment) in segments.enumerated() {
      precondition(
        segment.blocks.last?.count == segment.queryCount,
        "attention: \(segment.queryCount) queries for \(segment.blocks.last?.count ?? 0) own keys")
      let ancestors = segment.ancestorCount
      let step = queryCount(segment)
      for head in 0..<shape.keyValueHeads {
        for first in stride(from: 0, to: segment.queryCount, by: step) {
          let queries = first..<min(segment.queryCount, first + step)
          pieces.append(
            AttentionPiece(
              segment: index, keyValueHead: head, queries: queries, ancestorCount: ancestors,
              keys: shape.visibleKeys(from: ancestors + queries.lowerBound).lowerBound..<ancestors
                + queries.upperBound))
        }
      }
    }
    return pieces
  }
}
