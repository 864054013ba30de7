import PEFTCore

/// A number of a recipe with the values that it goes through.
package struct GridAxis: Sendable, Equatable {
  /// The name in the recipe.
  package let name: String
  /// The values, each once.
  package let values: [Double]

  /// Most values of one number.
  static let mostValues = 10_000

  /// Creates an axis.
  package init(_ name: String, values: [Double]) { (self.name, self.values) = (name, values) }

  /// Reads `0:1:0.05` (from, to, step; both ends count), `0,0.5,1`, or one number.
  ///
  /// - Returns: nil for anything else, a step that leads nowhere or past the end, a value twice, or too many values.
  package init?(_ name: String, parsing text: String) {
    let isRange = text.contains(":")
    let numbers = text.split(separator: isRange ? ":" : ",", omittingEmptySubsequences: false)
      .map { DocumentValue(PlainScalar.content(of: String($0))).number }
    let known = numbers.compactMap { $0.flatMap { $0.isFinite ? $0 : nil } }
    guard known.count == numbers.count, !known.isEmpty else { return nil }
    if isRange {
      guard known.count == 3, let values = Self.steps(from: known[0], to: known[1], by: known[2]) else { return nil }
      self.init(name, values: values)
    } else {
      guard Set(known).count == known.count, known.count <= Self.mostValues else { return nil }
      self.init(name, values: known)
    }
  }

  /// The numbers from one to another: decimal fractions as they are written, so that three steps of 0.05 are 0.15.
  ///
  /// - Returns: nil for a step that leads nowhere, past the last number, or to too many values.
  package static func steps(from first: Double, to last: Double, by step: Double) -> [Double]? {
    let count = (last - first) / step
    guard step != 0, count.isFinite, count >= 0, count < Double(mostValues) else { return nil }
    // Both ends count, so that a last number which no step meets would be left out silently.
    guard abs(count - count.rounded()) < 1e-6 else { return nil }
    return (0...Int(count.rounded())).map { index in
      let value = first + Double(index) * step
      return (value * 1e12).rounded() / 1e12
    }
  }

  /// All combinations of the values of some axes, the last one changing fastest; one without any for no axes.
  package static func combinations(of axes: [GridAxis]) -> [[GridValue]] {
    axes.reduce([[]]) { combinations, axis in
      combinations.flatMap { known in axis.values.map { known + [GridValue(name: axis.name, value: $0)] } }
    }
  }
}

/// One number of a recipe at one of its values.
package struct GridValue: Sendable, Equatable {
  /// The name in the recipe.
  package let name: String
  /// The value.
  package let value: Double

  /// The number as people write it: 0.5, 1.
  package var text: String { Int(exactly: value).map { "\($0)" } ?? JSONValue(value).compactText }

  /// Creates a value.
  package init(name: String, value: Double) { (self.name, self.value) = (name, value) }
}
