public import Testing

/// Expects two lists of numbers to agree.
///
/// Their counts must be equal and every element within `absolute + relative · |expected|`; the worst element
/// is reported.
public func expectClose(
  _ actual: [Float], _ expected: [Float], relative: Float = 1e-5, absolute: Float = 1e-6, _ what: String = "values",
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(what): \(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst: (index: Int, excess: Float)?
  for index in actual.indices {
    let difference = abs(actual[index] - expected[index])
    let excess = difference / (absolute + relative * abs(expected[index]))
    if !(excess <= 1), !(excess <= (worst?.excess ?? -1)) { worst = (index, excess) }
  }
  if let worst {
    Issue.record(
      """
      \(what): element \(worst.index) is \(actual[worst.index]), expected \(expected[worst.index]) \
      (relative \(relative), absolute \(absolute); \(actual.count) elements)
      """, sourceLocation: sourceLocation)
  }
}
