/// NF4 (4-bit NormalFloat) with double quantization, as QLoRA has it.
///
///     w ≈ level[code] · scale,   one scale for 64 elements;   scale ≈ map[byte] · outer + mean,   one outer for 256 scales
///
/// The sixteen levels are quantiles of a normal distribution, scaled to ±1, with a zero among them; the scale is the
/// largest magnitude of the 64 elements. Scales are stored as bytes themselves: less their mean, divided by the
/// largest of 256, and rounded to one of 256 values that are dense about zero. Elements are counted along the whole
/// matrix, row after row, so that a block may go over the end of a row.
///
/// Source: Dettmers et al. 2023, arXiv 2305.14314; levels and map are those of bitsandbytes.
public enum NF4 {
  /// Elements that share a scale.
  public static let blockLength = 64
  /// Scales that share an outer scale.
  public static let outerLength = 256

  /// The values of the sixteen codes.
  public static let levels: [Float] = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
  ]

  /// The levels of both codes of a byte, so that one lookup decodes two elements.
  static let levelPairs: [SIMD2<Float>] = (0..<256).map { SIMD2(levels[$0 >> 4], levels[$0 & 15]) }

  /// Where one level begins to be nearer than the one below it.
  private static let boundaries: [Float] = zip(levels, levels.dropFirst()).map { ($0 + $1) / 2 }

  /// The 256 values to which scales are rounded, rising: seven powers of ten, each with twice as many values as the one
  /// below, of both signs, and zero and one.
  public static let scaleMap: [Float] = {
    var values: [Float] = [0, 1]
    for exponent in 0..<7 {
      let count = 1 << exponent
      let step = (1 - Float(0.1)) / Float(count)
      // The ends of equal parts of 0.1 … 1, from the nearer end, as PyTorch computes them, rounded once.
      let ends = (0...count).map { index -> Float in
        index < (count + 1) / 2
          ? Float(0.1).addingProduct(step, Float(index)) : Float(1).addingProduct(-step, Float(count - index))
      }
      let power = [Float(1e-6), 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1][exponent]
      for index in 0..<count {
        let value = power * ((ends[index] + ends[index + 1]) / 2)
        values += [value, -value]
      }
    }
    return values.sorted()
  }()

  /// A matrix in 4 bits: what a file holds.
  public struct Matrix: Sendable {
    /// Two codes a byte, the first in the high half.
    public let codes: [UInt8]
    /// A byte for the scale of each block.
    public let scales: [UInt8]
    /// What each 256 scales are multiplied by.
    public let outerScales: [Float]
    /// What is added to all scales.
    public let mean: Float

    /// Brings values into 4 bits.
    ///
    /// - Precondition: There is an even number of values, all finite.
    public init(_ values: [Float]) {
      precondition(values.count % 2 == 0, "NF4: \(values.count) values")
      let starts = stride(from: 0, to: values.count, by: blockLength)
      let largest = starts.map { start in
        values[start..<min(start + blockLength, values.count)].reduce(0) { max($0, abs($1)) }
      }
      var codes = [UInt8](repeating: 0, count: values.count / 2)
      for (block, start) in starts.enumerated() {
        let inverse = largest[block] > 0 ? 1 / largest[block] : 0
        for index in start..<min(start + blockLength, values.count) {
          codes[index / 2] |= NF4.code(of: values[index] * inverse) << (index % 2 == 0 ? 4 : 0)
        }
      }
      let mean = Float(largest.reduce(0) { $0 + Double($1) } / Double(max(1, largest.count)))
      let centred = largest.map { $0 - mean }
      var outer: [Float] = []
      var scales: [UInt8] = []
      for start in stride(from: 0, to: centred.count, by: outerLength) {
        let group = centred[start..<min(start + outerLength, centred.count)]
        let most = group.reduce(0) { max($0, abs($1)) }
        outer.append(most)
        scales += group.map { NF4.scaleByte(of: most > 0 ? $0 / most : 0) }
      }
      self.codes = codes
      self.scales = scales
      outerScales = outer
      self.mean = mean
    }

    /// The scale of each 64 elements, as it is decoded.
    var decodedScales: [Float] {
      scales.enumerated().map { NF4.scaleMap[Int($1)] * outerScales[$0 / outerLength] + mean }
    }

    /// The values that are left of those that were brought into 4 bits.
    public var values: [Float] {
      let scales = decodedScales
      return (0..<2 * codes.count).map { index in
        let code = index % 2 == 0 ? codes[index / 2] >> 4 : codes[index / 2] & 15
        return levels[Int(code)] * scales[index / blockLength]
      }
    }
  }

  /// The code of the level that is nearest to a value from -1 to 1.
  static func code(of value: Float) -> UInt8 { UInt8(boundaries.count { value > $0 }) }

  /// The place in the map of the value that is nearest.
  private static func scaleByte(of value: Float) -> UInt8 {
    let map = scaleMap
    var (low, high) = (0, map.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if map[middle] <= value { low = middle } else { high = middle }
    }
    return UInt8(abs(map[low] - value) <= abs(map[high] - value) ? low : high)
  }

  /// The blocks of a matrix as `WeightFormat.nf4` has them: for each 32 elements the scale as float32 and 16 bytes of codes.
  ///
  /// - Parameters:
  ///   - codes: Two a byte, along the whole matrix.
  ///   - scales: One for each 64 elements.
  ///   - count: Elements; a multiple of 32.
  static func blocks(codes: UnsafeRawBufferPointer, scales: [Float], count: Int) -> [UInt8] {
    let format = WeightFormat.nf4
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count / format.blockLength * format.blockBytes)
    for start in stride(from: 0, to: count, by: format.blockLength) {
      withUnsafeBytes(of: scales[start / blockLength]) { bytes += $0 }
      bytes += codes[start / 2..<(start + format.blockLength) / 2]
    }
    return bytes
  }
}
