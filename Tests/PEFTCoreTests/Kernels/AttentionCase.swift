import Foundation

@testable import PEFTCore

/// A forest of segments with random queries, keys and values, and attention over it in double precision.
struct AttentionCase {
  typealias Node = (parent: Int?, count: Int)

  let shape: AttentionShape
  let nodes: [Node]
  let q: Tensor
  let k: Tensor
  let v: Tensor
  let pool = MemoryPool()

  init(_ shape: AttentionShape, nodes: [Node], seed: Int) {
    self.shape = shape
    self.nodes = nodes
    let rows = nodes.reduce(0) { $0 + $1.count }
    let stream = SeedStream(seed)
    let queryShape = [rows, shape.heads * shape.headDimension]
    let keyShape = [rows, shape.keyValueHeads * shape.headDimension]
    q = Tensor(
      stream.child("q").normals(queryShape[0] * queryShape[1], standardDeviation: 1.5), shape: queryShape, in: pool)
    k = Tensor(stream.child("k").normals(keyShape[0] * keyShape[1], standardDeviation: 1), shape: keyShape, in: pool)
    v = Tensor(stream.child("v").normals(keyShape[0] * keyShape[1], standardDeviation: 1), shape: keyShape, in: pool)
  }

  var queryWidth: Int { shape.heads * shape.headDimension }
  var keyWidth: Int { shape.keyValueHeads * shape.headDimension }
  var rows: Int { q.rowCount }

  var firstRows: [Int] {
    var next = 0
    return nodes.map { node in
      defer { next += node.count }
      return next
    }
  }

  /// The node's ancestors, root first, and the node.
  func path(_ node: Int) -> [Int] { (nodes[node].parent.map(path) ?? []) + [node] }

  /// Rows that one query sees.
  func visibleRows(_ node: Int, _ index: Int) -> [Int] {
    let firstRows = firstRows
    let chain = path(node).flatMap { member in
      (0..<(member == node ? index + 1 : nodes[member].count)).map { firstRows[member] + $0 }
    }
    return shape.window.map { Array(chain.suffix($0)) } ?? chain
  }

  /// The formula, written out.
  func reference(q: [Double], k: [Double], v: [Double]) -> [Double] {
    var out = [Double](repeating: 0, count: q.count)
    let d = shape.headDimension
    let keyWidth = keyWidth
    // Plain loops over addresses: tests are not optimised, and this one is long.
    q.withUnsafeBufferPointer { q in
      k.withUnsafeBufferPointer { k in
        v.withUnsafeBufferPointer { v in
          out.withUnsafeMutableBufferPointer { out in
            for (node, firstRow) in firstRows.enumerated() {
              for index in 0..<nodes[node].count {
                let keys = visibleRows(node, index)
                for head in 0..<shape.heads {
                  let query = (firstRow + index) * queryWidth + head * d
                  let keyHead = head / shape.groupSize * d
                  var scores = keys.map { key -> Double in
                    var dot = 0.0
                    var c = 0
                    while c < d {
                      dot += q[query + c] * k[key * keyWidth + keyHead + c]
                      c += 1
                    }
                    let score = dot * Double(shape.scale)
                    return shape.softCap.map { Double($0) * tanh(score / Double($0)) } ?? score
                  }
                  let largest = scores.max() ?? 0
                  scores = scores.map { exp($0 - largest) }
                  let sum = scores.reduce(0, +)
                  for (key, score) in zip(keys, scores) {
                    var c = 0
                    while c < d {
                      out[query + c] += score / sum * v[key * keyWidth + keyHead + c]
                      c += 1
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return out
  }

  /// The segments, with gradients wanted where `dk` and `dv` are given.
  func segments(dk: Tensor? = nil, dv: Tensor? = nil) -> [AttentionSegment] {
    let firstRows = firstRows
    return nodes.indices.map { node in
      AttentionSegment(
        queryRow: firstRows[node], queryCount: nodes[node].count,
        blocks: path(node).map { member in
          let offset = firstRows[member] * keyWidth
          return KeyBlock(
            keys: k.elements + offset, values: v.elements + offset, count: nodes[member].count, rowStride: keyWidth,
            keyGradients: dk.map { $0.mutableElements + offset },
            valueGradients: dv.map { $0.mutableElements + offset })
        })
    }
  }

  /// Outputs and ln Σ exp of the given segments; the other rows stay NaN.
  func forward(_ segments: [AttentionSegment]? = nil, threads: Int = 1) -> (out: Tensor, lse: Tensor) {
    let out = Tensor([Float](repeating: .nan, count: q.elementCount), shape: q.shape, in: pool)
    let lse = Tensor([Float](repeating: .nan, count: rows * shape.heads), shape: [rows, shape.heads], in: pool)
    AttentionKernel(shape).forward(
      queries: q.elements, queryStride: queryWidth, into: out.mutableElements, outputStride: queryWidth,
      logSumExps: lse.mutableElements, segments: segments ?? self.segments(), workers: Workers(count: threads))
    return (out, lse)
  }

  /// Gradients of `Σ outputGradient · output`.
  func backward(_ outputGradient: [Float], threads: Int = 1) -> (dq: [Float], dk: [Float], dv: [Float]) {
    let lse = forward().lse
    let gradient = Tensor(outputGradient, shape: q.shape, in: pool)
    let dq = Tensor([Float](repeating: .nan, count: q.elementCount), shape: q.shape, in: pool)
    let dk = Tensor(zeros: k.shape, in: pool)
    let dv = Tensor(zeros: v.shape, in: pool)
    AttentionKernel(shape).backward(
      outputGradients: gradient.elements, outputStride: queryWidth, queries: q.elements,
      queryStride: queryWidth, logSumExps: lse.elements, into: dq.mutableElements, queryGradientStride: queryWidth,
      segments: segments(dk: dk, dv: dv), workers: Workers(count: threads))
    return (dq.values, dk.values, dv.values)
  }
}

extension [Float] {
  var doubles: [Double] { map { Double($0) } }
  /// Bit patterns, for comparisons that tell -0 from 0 and find NaN equal to itself.
  var bits: [UInt32] { map(\.bitPattern) }
}
