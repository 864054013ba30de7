import PEFTCore

/// Makes further examples of given ones: the same task and the same right answer in other words.
package struct Augmenter: Sendable {
  private let changes: [TextChange]
  private let seeds: SeedStream

  /// Creates an augmenter.
  ///
  /// - Parameters:
  ///   - changes: The rules, of which each further example has one.
  ///   - seeds: Where it draws from.
  package init(_ changes: [TextChange], seeds: SeedStream) {
    self.changes = changes
    self.seeds = seeds.child("augmentation")
  }

  /// A text after the first rule, from a drawn one on, that finds something to change in it.
  ///
  /// - Parameters:
  ///   - texts: The texts of one example, all of which are changed by the same rule as far as it finds something.
  ///   - row: The example's number.
  ///   - copy: Which of its copies, from 0; one copy after another has the rules in their order.
  /// - Returns: The rule and the texts; nil where no rule finds anything.
  package func changed(_ texts: [String], row: Int, copy: Int) -> (change: TextChange, texts: [String])? {
    guard !changes.isEmpty else { return nil }
    let stream = seeds.child(row)
    let first = stream.integer(below: changes.count, at: 0) + copy
    for offset in changes.indices {
      let change = changes[(first + offset) % changes.count]
      let draws = stream.child(copy).child(change.rawValue)
      let changed = texts.enumerated().map { change.changed($1, by: draws.child($0)) }
      if changed.contains(where: { $0 != nil }) { return (change, zip(changed, texts).map { $0 ?? $1 }) }
    }
    return nil
  }
}
