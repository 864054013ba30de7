/// The residual stream after the last block, before the final norm: for all rows of a forest, or for some.
public struct HiddenStates {
  /// `[rows, hidden]`.
  public let states: Variable
  /// Which row of `states` belongs to a row of the forest; nil if they are the same.
  private let indices: [Int: Int]?

  /// - Parameter rows: The rows of the forest that `states` holds, in order; nil for all.
  init(_ states: Variable, rows: [Int]?) {
    self.states = states
    indices = rows.map { rows in Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) }) }
  }

  /// The rows of `states` for rows of the forest.
  ///
  /// - Precondition: They are among those that were asked for.
  func indices(of rows: [Int]) -> [Int] {
    guard let indices else { return rows }
    return rows.map { row in
      guard let index = indices[row] else { preconditionFailure("HiddenStates: row \(row) was not asked for") }
      return index
    }
  }
}
