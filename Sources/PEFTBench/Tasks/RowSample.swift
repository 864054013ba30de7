import PEFTCore

/// Which rows of a split are used.
package enum RowChoice: Sendable, Equatable {
  /// Every row.
  case all
  /// The rows that come first. A file that is sorted by its labels may give one class only.
  case first(Int)
  /// As many rows, drawn from the whole split in the proportion of its classes (see `RowSample`).
  case sample(Int, seed: Int)
  /// As many rows of each class, drawn like a sample; without a seed the first ones of each class.
  case perClass(ClassLimit, seed: Int?)
}

/// Draws examples from a split while it is read, once and in its order.
///
/// Every example has a random key that depends on the seed and its place alone; of each class, those with the smallest
/// keys are taken. So a smaller sample lies within a larger one, as far as the rounding of the classes' shares lets it,
/// and a row that is added at the end of a file moves few others. Classes have their shares of the whole split by
/// largest remainders, and one example at least where the limit allows. Examples without a class are drawn alike.
///
/// Examples that are tied together (`Example.group`) are taken or left together: a group is drawn as one, and taken if
/// none of its classes would have more than its share. Groups that would have are taken after them where they fit.
///
/// About twice the limit is held for each class at most, and eight times the limit for groups.
struct RowSample {
  private struct Candidate {
    let key: UInt64
    let index: Int
    let example: Example
  }

  /// The candidates of one class, or of all groups.
  private struct Class {
    /// Examples of the split.
    var count = 0
    var candidates: [Candidate] = []
    /// Larger keys are out.
    var bound = UInt64.max

    mutating func offer(_ candidate: Candidate, limit: Int) {
      count += 1
      guard candidate.key <= bound else { return }
      candidates.append(candidate)
      guard candidates.count - limit >= max(limit, 64) else { return }
      candidates.sort { ($0.key, $0.index) < ($1.key, $1.index) }
      candidates.removeLast(candidates.count - limit)
      bound = candidates[limit - 1].key
    }
  }

  private struct Group {
    let key: UInt64
    var members: [Candidate] = []
  }

  private let limit: Int
  /// Whether the limit is that of each class.
  private let isPerClass: Bool
  /// Nil where the first rows are taken.
  private let stream: SeedStream?
  private var count = 0
  private var classes: [Int: Class] = [:]
  private var groups: [String: Group] = [:]
  private var groupedCount = 0
  private var groupBound = UInt64.max

  /// Creates a sample of `limit` examples, at least one.
  init(limit: Int, seed: Int) {
    precondition(limit > 0, "a sample of \(limit)")
    self.limit = limit
    isPerClass = false
    stream = SeedStream(seed).child("sample")
  }

  /// Creates a sample of `count` examples of each class; without a seed the first ones.
  init(perClass count: Int, seed: Int?) {
    precondition(count > 0, "a sample of \(count) of each class")
    limit = count
    isPerClass = true
    stream = seed.map { SeedStream($0).child("sample") }
  }

  private func key(of index: Int) -> UInt64 { stream?.bits(at: index) ?? UInt64(index) }

  /// Offers the next example of the split.
  ///
  /// - Parameter isTied: Whether its group ties it to others.
  mutating func offer(_ example: Example, isTied: Bool) {
    let index = count
    count += 1
    let label = Self.label(of: example)
    if isTied {
      classes[label, default: Class()].count += 1
      let group = example.group ?? "\(index)"
      let key = stream?.child(group).bits(at: 0) ?? UInt64(index)
      guard key < groupBound else { return }
      // A group that is larger than the limit is never taken whole.
      guard groups[group]?.members.count ?? 0 <= limit else { return }
      groups[group, default: Group(key: key)].members.append(Candidate(key: key, index: index, example: example))
      groupedCount += 1
      if groupedCount / 8 >= limit { dropGroups() }
    } else {
      classes[label, default: Class()].offer(
        Candidate(key: key(of: index), index: index, example: example), limit: limit)
    }
  }

  /// The chosen examples, in the order of the split.
  func examples() -> [Example] {
    let chosen = groups.isEmpty ? ungrouped() : grouped()
    return chosen.sorted { $0.index < $1.index }.map(\.example)
  }

  private static func label(of example: Example) -> Int { example.labelIndex ?? -1 }

  // MARK: - Classes

  private func ungrouped() -> [Candidate] {
    let shares = shares()
    return classes.flatMap { label, found in
      found.candidates.sorted { ($0.key, $0.index) < ($1.key, $1.index) }.prefix(shares[label] ?? 0)
    }
  }

  /// How many examples of each class the sample has.
  private func shares() -> [Int: Int] {
    let labels = classes.keys.sorted()
    if isPerClass { return Dictionary(uniqueKeysWithValues: labels.map { ($0, limit) }) }
    let shares = Self.shares(of: limit, among: labels.map { classes[$0]?.count ?? 0 })
    return Dictionary(uniqueKeysWithValues: zip(labels, shares))
  }

  /// Shares of `limit` in proportion to `counts`, by largest remainders; among equal ones the first counts.
  ///
  /// Nothing has more than its count. Where `limit` allows, nothing that counts has less than one: it takes one of what
  /// has the most.
  static func shares(of limit: Int, among counts: [Int]) -> [Int] {
    let total = counts.reduce(0, +)
    guard total > limit else { return counts }
    let products = counts.map { limit.multipliedFullWidth(by: $0) }
    let parts = products.map { total.dividingFullWidth($0) }
    var shares = parts.map(\.quotient)
    let left = limit - shares.reduce(0, +)
    let order = counts.indices.sorted { (-parts[$0].remainder, $0) < (-parts[$1].remainder, $1) }
    for index in order.prefix(left) { shares[index] += 1 }
    guard limit >= counts.count(where: { $0 > 0 }) else { return shares }
    for index in counts.indices where counts[index] > 0 && shares[index] == 0 {
      guard let largest = shares.indices.max(by: { (shares[$0], -$0) < (shares[$1], -$1) }) else { break }
      shares[largest] -= 1
      shares[index] = 1
    }
    return shares
  }

  // MARK: - Groups

  /// Forgets groups that will not be taken, so that a long file does not fill the memory.
  private mutating func dropGroups() {
    var kept = 0
    for (name, group) in ordered() {
      if kept / 4 >= limit {
        groupBound = min(groupBound, group.key)
        groupedCount -= group.members.count
        groups[name] = nil
      } else {
        kept += group.members.count
      }
    }
  }

  private func ordered() -> [(name: String, group: Group)] {
    groups.map { ($0.key, $0.value) }.sorted { ($0.1.key, $0.0) < ($1.1.key, $1.0) }
  }

  private func grouped() -> [Candidate] {
    var left = shares()
    var chosen: [Candidate] = []
    var others: [Group] = []
    let groups = ordered().map(\.group)
    for group in groups {
      var rest = left
      for member in group.members { rest[Self.label(of: member.example), default: 0] -= 1 }
      if rest.values.allSatisfy({ $0 >= 0 }) {
        left = rest
        chosen += group.members
      } else {
        others.append(group)
      }
    }
    for group in others where group.members.count <= limit - chosen.count { chosen += group.members }
    // A group that is larger than the limit is all that there may be.
    return chosen.isEmpty ? Array(groups.first?.members.prefix(limit) ?? []) : chosen
  }
}
