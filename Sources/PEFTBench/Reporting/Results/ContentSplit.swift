import PEFTBench

/// Runs of one method with one setting, put into groups none of which has a dataset and a seed twice.
///
/// Two runs of one dataset and seed are no seeds of each other: another template, another form of the weights or
/// another start makes them another experiment, and a mean of the two would be a number of neither.
struct ContentSplit {
  /// A dataset with a seed.
  private struct Place: Hashable {
    let dataset: String
    /// 0 for the base model's own answers, which depend on no seed.
    let seed: Int
  }

  /// Runs that may be averaged over their seeds.
  struct Group {
    let members: [Int]
    /// What tells them from those of the other groups, by the names of the parts; empty for a single group.
    let distinctions: [RunContents.Distinction]
  }

  /// The groups, the one with the runs that ended last first.
  let groups: [Group]
  /// Runs that nothing tells from a later one, each with that one.
  let superseded: [(run: Int, by: Int)]

  /// - Parameters:
  ///   - members: Which of the runs are of the method and the setting.
  ///   - runs: All runs.
  init(_ members: [Int], of runs: [ReportedRun]) {
    func place(_ index: Int) -> Place {
      Place(dataset: runs[index].dataset, seed: runs[index].isZeroShot ? 0 : runs[index].seed)
    }
    func isLater(_ one: Int, _ other: Int) -> Bool {
      (runs[one].finished, runs[one].id) > (runs[other].finished, runs[other].id)
    }
    let order = members.sorted(by: isLater)
    /// Runs at one place within one group, for every place that a group has more than once.
    func collisions(_ keys: [Int: [Int]]) -> [[Int]] {
      var places: [Place: [[Int]: [Int]]] = [:]
      for index in order { places[place(index), default: [:]][keys[index] ?? [], default: []].append(index) }
      return places.sorted { ($0.key.dataset, $0.key.seed) < ($1.key.dataset, $1.key.seed) }
        .flatMap { $0.value.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value) }
        .filter { $0.count > 1 }
    }

    var keys: [Int: [Int]] = [:]
    var used: [(name: String, values: [Int: RunContents.Part])] = []
    func take(_ name: String, _ parts: (ReportedRun) -> [RunContents.Part], _ clashes: [[Int]]) {
      var values: [Int: RunContents.Part] = [:]
      for index in order { values[index] = parts(runs[index]).first { $0.name == name } }
      // What a record of an earlier version does not tell is no difference.
      let differing = clashes.filter { Set($0.compactMap { values[$0]?.value }).count > 1 }
      guard !differing.isEmpty else { return }
      let numbers = Self.numbers(differing.map { $0.compactMap { values[$0]?.value } })
      for index in order { keys[index, default: []].append(values[index].flatMap { numbers[$0.value] } ?? 0) }
      used.append((name, values))
    }
    let clashes = collisions(keys)
    if !clashes.isEmpty {
      func names(_ parts: (ReportedRun) -> [RunContents.Part]) -> [String] {
        SuiteResults.unique(order.flatMap { parts(runs[$0]) }.map(\.name))
      }
      for name in names(\.ownParts) { take(name, \.ownParts, clashes) }
      for name in names(\.derivedParts) {
        take(name, \.derivedParts, collisions(keys))
      }
    }
    var superseded: [(run: Int, by: Int)] = []
    for clash in collisions(keys) { superseded += clash.dropFirst().map { (run: $0, by: clash[0]) } }
    self.superseded = superseded

    let left = Set(superseded.map(\.run))
    let sorted = Dictionary(grouping: members.filter { !left.contains($0) }) { keys[$0] ?? [] }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    groups = sorted.map { key, members in
      guard sorted.count > 1 else { return Group(members: members, distinctions: []) }
      let distinctions = used.indices.compactMap { fact -> RunContents.Distinction? in
        let (name, own) = (used[fact].name, members.compactMap { used[fact].values[$0] })
        if let first = own.first, own.allSatisfy({ $0 == first }) {
          return RunContents.Distinction(part: name, text: first.text)
        }
        let others = Set(sorted.map { $0.key[fact] }).sorted()
        guard let number = others.firstIndex(of: key[fact]) else { return nil }
        return RunContents.Distinction(part: name, text: "\(name), set \(number + 1) of \(others.count)")
      }
      return Group(members: members, distinctions: distinctions)
    }
  }

  /// A number for each value, so that the values of one place have several: those of the runs that ended last have the
  /// smallest that is free.
  private static func numbers(_ places: [[String]]) -> [String: Int] {
    var numbers: [String: Int] = [:]
    for values in places.sorted(by: { Set($0).count > Set($1).count }) {
      var taken = Set(values.compactMap { numbers[$0] })
      for value in values where numbers[value] == nil {
        let number = (0...values.count).first { !taken.contains($0) } ?? 0
        numbers[value] = number
        taken.insert(number)
      }
    }
    return numbers
  }
}
