import PEFTCore

/// Rows of which some belong together, such as the questions about one text.
package struct RowGroups: Sendable {
  /// How many rows there are.
  let count: Int
  /// The rows of each group in the order in which the groups begin; nil where every row is one by itself.
  private let members: [[Int]]?

  /// The groups of some examples.
  package init(of examples: [Example]) {
    count = examples.count
    guard examples.contains(where: { $0.group != nil }) else {
      members = nil
      return
    }
    var members: [[Int]] = []
    var positions: [String: Int] = [:]
    for (index, example) in examples.enumerated() {
      if let group = example.group, let position = positions[group] {
        members[position].append(index)
      } else {
        if let group = example.group { positions[group] = members.count }
        members.append([index])
      }
    }
    self.members = members
  }

  /// Chooses rows to hold back, whole groups at a time: of two rows one at least, and never all.
  ///
  /// - Parameters:
  ///   - fraction: Share of the rows.
  ///   - stream: Where the choice is drawn from.
  /// - Returns: The places of the rows held back.
  package func heldBack(_ fraction: Double, drawing stream: SeedStream) -> Set<Int> {
    let wanted = wanted(fraction)
    guard wanted > 0 else { return [] }
    var held: Set<Int> = []
    for position in stream.permutation(members?.count ?? count) where held.count < wanted {
      let group = members?[position] ?? [position]
      // A single group that is everything would leave nothing to train on.
      guard held.count + group.count < count else { continue }
      held.formUnion(group)
    }
    return held
  }

  /// How many rows that are, for which nothing need be drawn where every row is one by itself.
  func heldBackCount(_ fraction: Double, drawing stream: SeedStream) -> Int {
    guard members == nil else { return heldBack(fraction, drawing: stream).count }
    return min(wanted(fraction), max(0, count - 1))
  }

  private func wanted(_ fraction: Double) -> Int {
    precondition((0..<1).contains(fraction), "validation fraction \(fraction)")
    return fraction > 0 && count > 1 ? max(1, Int(fraction * Double(count))) : 0
  }
}
