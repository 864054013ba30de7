/// Holm's step-down correction of p-values for many tests at once.
///
/// - Source: Holm 1979. Equals statsmodels' `multipletests(method="holm")`.
package enum HolmCorrection {
  /// The corrected p-values, in the order given.
  package static func adjust(_ pValues: [Double]) -> [Double] {
    let order = pValues.indices.sorted { pValues[$0] < pValues[$1] || (pValues[$0] == pValues[$1] && $0 < $1) }
    var result = pValues
    var largest = 0.0
    for (position, index) in order.enumerated() {
      largest = max(largest, min(1, Double(pValues.count - position) * pValues[index]))
      result[index] = largest
    }
    return result
  }
}
