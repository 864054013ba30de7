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

  /// A text after one of the rules that find something to change in it.
  ///
  /// - Parameters:
  ///   - texts: The texts of one example, all of which are changed by the same rule as far as it finds something.
  ///   - row: The example's number.
  ///   - copy: Which of its copies, from 0; one copy after another has, from a drawn one on, the next of the rules that find
  ///     something, so that no two have the same rule before all of them had a turn.
  /// - Returns: The rule and the texts; nil where no rule finds anything.
  package func changed(_ texts: [String], row: Int, copy: Int) -> (change: TextChange, texts: [String])? {
    guard !changes.isEmpty else { return nil }
    let stream = seeds.child(row)
    let first = stream.integer(below: changes.count, at: 0)
    let found = changes.indices.compactMap { offset -> (change: TextChange, texts: [String])? in
      let change = changes[(first + offset) % changes.count]
      let draws = stream.child(copy).child(change.rawValue)
      let changed = texts.enumerated().map { change.changed($1, by: draws.child($0)) }
      return changed.contains { $0 != nil } ? (change, zip(changed, texts).map { $0 ?? $1 }) : nil
    }
    return found.isEmpty ? nil : found[copy % found.count]
  }
}
