/// Gaussian noise that one forward pass adds to the embeddings of some rows of its batch.
///
/// Its deviation is a share of the deviation that the values of these rows have among themselves, so that it means the
/// same for models whose embeddings are large or small.
public struct EmbeddingNoise: Sendable {
  /// The rows, in ranges that do not overlap.
  public let rows: [Range<Int>]
  /// The noise's standard deviation as a share of the values' own.
  public let share: Float
  /// Where it is drawn from.
  public let seeds: SeedStream

  /// Creates noise.
  public init(rows: [Range<Int>], share: Float, seeds: SeedStream) {
    (self.rows, self.share, self.seeds) = (rows, share, seeds)
  }

  /// Adds the noise to embeddings `[T, hidden]`, in place.
  func add(to embeddings: Tensor) {
    let width = embeddings.shape.last ?? 0
    let ranges = rows.map { ($0.lowerBound * width)..<($0.upperBound * width) }
    let values = embeddings.mutableElements
    let count = ranges.reduce(0) { $0 + $1.count }
    guard count > 1 else { return }
    let mean = ranges.joined().reduce(0.0) { $0 + Double(values[$1]) } / Double(count)
    let squares = ranges.joined().reduce(0.0) { $0 + (Double(values[$1]) - mean) * (Double(values[$1]) - mean) }
    let deviation = share * Float((squares / Double(count - 1)).squareRoot())
    for (index, noise) in zip(ranges.joined(), seeds.normals(count, standardDeviation: deviation)) {
      values[index] += noise
    }
  }
}
