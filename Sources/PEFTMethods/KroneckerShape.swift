/// How LoKr cuts a map's widths in two factors each, and which of its two matrices are low-rank.
///
///     outputs = l · k, inputs = i · j;   w₁: [l, i], w₂: [k, j]
struct KroneckerShape: Sendable {
  /// l and k.
  let outputs: (first: Int, second: Int)
  /// i and j.
  let inputs: (first: Int, second: Int)
  /// Whether w₁ is a product of two thin matrices.
  let firstIsLowRank: Bool
  /// Whether w₂ is a product of two thin matrices.
  let secondIsLowRank: Bool

  /// - Parameters:
  ///   - decomposesBoth: Whether w₁ may be low-rank too.
  ///   - factor: The wanted first factor of the widths; nil for the most even cut.
  init(inputs: Int, outputs: Int, rank: Int, decomposesBoth: Bool, factor: Int?) {
    self.outputs = Self.factors(of: outputs, near: factor)
    self.inputs = Self.factors(of: inputs, near: factor)
    firstIsLowRank = decomposesBoth && 2 * rank < max(self.outputs.first, self.inputs.first)
    secondIsLowRank = 2 * rank < max(self.outputs.second, self.inputs.second)
  }

  /// Two factors of a width, as LyCORIS and PEFT choose them.
  ///
  /// The given one if it divides the width; else, of the divisors up to it and up to the width's root, the largest.
  static func factors(of width: Int, near factor: Int?) -> (first: Int, second: Int) {
    if let factor, width % factor == 0 { return (factor, width / factor) }
    var pair = (first: 1, second: width)
    while pair.first < pair.second {
      guard let next = (pair.first + 1...width).first(where: { width % $0 == 0 }) else { break }
      if next + width / next > pair.first + pair.second || next > factor ?? width { break }
      pair = (next, width / next)
    }
    return pair.first <= pair.second ? pair : (pair.second, pair.first)
  }
}
