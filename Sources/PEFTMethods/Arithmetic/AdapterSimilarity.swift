import Foundation
public import PEFTCore

/// How alike adapters are: cosines between their values, or between what they gained since their origins.
///
///     flattened    ⟨x, y⟩ / (‖x‖·‖y‖) over all values of all tensors
///     token mean   the same of the mean over the rows of a prompt `[tokens, width]`
///
/// Task Prompt Vectors (Belanec et al. 2024) uses both. A control shows what chance gives: the cosine of x with the values
/// of y in random order, whose deviation over many orders is about 1/√n where nothing sets some values apart.
public struct AdapterSimilarity: Sendable {
  /// The adapters' names, in the order of rows and columns.
  public let names: [String]
  /// Cosines of all values; nil where one of the two is zero everywhere.
  public let flattened: [[Double?]]
  /// Cosines of the token means; nil as a whole where an adapter is more than one matrix.
  public let tokenMean: [[Double?]]?
  /// Mean and standard deviation of the cosine with values in random order, over all pairs and orders.
  public let control: (mean: Double, deviation: Double)

  /// Compares adapters.
  ///
  /// - Parameters:
  ///   - adapters: Names with values; all have the same keys and shapes.
  ///   - origins: What each started from, to be taken off; nil to compare the values themselves.
  ///   - permutations: Random orders for each pair.
  ///   - seed: What these are drawn by.
  /// - Throws: `CheckpointError` for adapters of different tensors.
  public init(
    _ adapters: [(name: String, values: [AdapterArray])], origins: [[AdapterArray]]?, permutations: Int, seed: Int
  ) throws(CheckpointError) {
    names = adapters.map(\.name)
    let reference = adapters.first?.values ?? []
    var vectors: [[Double]] = []
    for (index, (name, values)) in adapters.enumerated() {
      let own = try Self.flat(values, as: reference, name: name)
      guard let origins else {
        vectors.append(own)
        continue
      }
      vectors.append(zip(own, try Self.flat(origins[index], as: reference, name: name)).map { $0 - $1 })
    }
    flattened = Self.matrix(vectors)
    if reference.count == 1, reference[0].shape.count == 2 {
      let (rows, columns) = (reference[0].shape[0], reference[0].shape[1])
      tokenMean = Self.matrix(
        vectors.map { vector in
          (0..<columns).map { column in
            (0..<rows).reduce(0.0) { $0 + vector[$1 * columns + column] } / Double(max(1, rows))
          }
        })
    } else {
      tokenMean = nil
    }
    control = Self.control(vectors, permutations: permutations, stream: SeedStream(seed).child("permutations"))
  }

  private static func control(
    _ vectors: [[Double]], permutations: Int, stream: SeedStream
  ) -> (mean: Double, deviation: Double) {
    var cosines: [Double] = []
    for i in vectors.indices {
      for j in vectors.indices where j > i {
        for number in 0..<permutations {
          let order = stream.child(i).child(j).child(number).permutation(vectors[j].count)
          if let cosine = cosine(vectors[i], order.map { vectors[j][$0] }) { cosines.append(cosine) }
        }
      }
    }
    guard !cosines.isEmpty else { return (0, 0) }
    let mean = cosines.reduce(0, +) / Double(cosines.count)
    let square = cosines.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (square / Double(max(1, cosines.count - 1))).squareRoot())
  }

  private static func flat(
    _ values: [AdapterArray], as reference: [AdapterArray], name: String
  ) throws(CheckpointError) -> [Double] {
    let byKey = Dictionary(values.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    var result: [Double] = []
    for other in reference {
      guard let own = byKey[other.key], own.shape == other.shape, values.count == reference.count else {
        throw CheckpointError(
          file: name, tensor: other.key, "is not there, or not of shape \(other.shape) as in the first adapter")
      }
      result += own.values.map(Double.init)
    }
    return result
  }

  private static func matrix(_ vectors: [[Double]]) -> [[Double?]] {
    vectors.indices.map { i in vectors.indices.map { j in cosine(vectors[i], vectors[j]) } }
  }

  static func cosine(_ x: [Double], _ y: [Double]) -> Double? {
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for index in x.indices {
      xx += x[index] * x[index]
      xy += x[index] * y[index]
      yy += y[index] * y[index]
    }
    return xx > 0 && yy > 0 ? xy / (xx.squareRoot() * yy.squareRoot()) : nil
  }
}
