import PEFTBench
import PEFTCore

/// Which runs of a suite used the same rows, dataset by dataset.
///
/// A limit, another revision or an edited file gives a dataset other rows. Runs on other rows are not seeds of each
/// other, so each is put into a group in which every dataset has one set of rows; groups are named by what differs.
/// Scored rows are of one set if they are scored alike: no method is better than another by another score, or under
/// another protocol.
struct RowSets {
  /// Which rows of a run are looked at.
  enum Use {
    case training, evaluation
  }

  /// The names of the groups, that of the largest sets first; a single group has none.
  let names: [String]
  /// By run.
  let assignment: [Int]

  /// One set of rows of a dataset; where it came from names it and does not tell it from another.
  private struct Rows: Hashable {
    let dataset: String
    let count: Int
    let revision: String
    let sample: String
    /// A hash of the rows' content, or the number of a hash that depends on the model too.
    let content: String
    /// The headline score and the protocol of scored rows; nil for training rows.
    let scoring: Scoring?

    static func == (one: Rows, other: Rows) -> Bool {
      one.dataset == other.dataset && one.count == other.count && one.content == other.content
        && one.scoring == other.scoring
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(dataset)
      hasher.combine(count)
      hasher.combine(content)
      hasher.combine(scoring)
    }
  }

  /// How scored rows are scored.
  private struct Scoring: Hashable, Comparable {
    let isStrict: Bool
    let metric: String
    let scoringProtocol: String

    init(_ run: ReportedRun) {
      (metric, scoringProtocol) = (run.metric, run.scoringProtocol)
      isStrict = run.scoringProtocol == ScoringProtocol.strict.rawValue
    }

    var text: String { isStrict ? metric : "\(metric), protocol \(scoringProtocol)" }

    static func < (one: Scoring, other: Scoring) -> Bool {
      (one.isStrict ? 0 : 1, one.scoringProtocol, one.metric)
        < (other.isStrict ? 0 : 1, other.scoringProtocol, other.metric)
    }
  }

  /// What a record says of the rows that are looked at.
  private struct Facts {
    let count: Int
    let hash: String?
    let content: String?
    let revision: String
    let sample: String

    init(_ data: RunRecord.Data, _ use: Use) {
      switch use {
      case .training: (count, hash, content) = (data.trainingRows ?? 0, data.trainingHash, data.trainingContent)
      case .evaluation: (count, hash, content) = (data.evaluationRows ?? 0, data.evaluationHash, data.evaluationContent)
      }
      (revision, sample) = (data.revision ?? "", data.sample ?? "")
    }

    /// Training rows that are drawn by a seed of their own are one set whatever the seed.
    static func training(of run: ReportedRun, _ data: RunRecord.Data) -> RunRecord.Data {
      guard run.seeds?["sample"] != nil else { return data }
      var data = data
      (data.trainingHash, data.trainingContent) = ("by seed", "by seed")
      return data
    }
  }

  /// Groups `runs`; those whose records tell nothing about their rows are all alike.
  init(_ runs: [ReportedRun], _ use: Use) {
    let facts = runs.map { Facts(Facts.training(of: $0, $0.data ?? .init()), use) }
    // Records of earlier versions have the hash of the tokenized rows alone; those of one model tell rows apart by it.
    var contents: [[String]: String] = [:]
    for (run, facts) in zip(runs, facts) {
      if let content = facts.content { contents[[run.dataset, run.modelHash, facts.hash ?? ""]] = content }
    }
    var numbers: [[String]: Int] = [:]
    var counts: [[String]: Int] = [:]
    let rows = zip(runs, facts).map { run, facts -> Rows? in
      // What is not trained has no training rows.
      if use == .training, !run.isTrained { return nil }
      let hash = facts.hash ?? "\(facts.revision) \(facts.sample)"
      let place = [run.dataset, run.modelHash, "\(facts.count)"]
      var content = contents[[run.dataset, run.modelHash, hash]]
      if content == nil {
        let number = numbers[place + [hash]] ?? counts[place, default: 0]
        if numbers.updateValue(number, forKey: place + [hash]) == nil {
          counts[place, default: 0] += 1
        }
        content = "\(number)"
      }
      return Rows(
        dataset: run.dataset, count: facts.count, revision: facts.revision, sample: facts.sample,
        content: content ?? "", scoring: use == .evaluation ? Scoring(run) : nil)
    }
    func isOfOneProtocol(_ one: Rows, _ other: Rows) -> Bool {
      one.scoring?.scoringProtocol == other.scoring?.scoringProtocol
    }
    var groups: [[String: Rows]] = []
    var places: [Rows: Int] = [:]
    // Larger sets first; sets of one size that several datasets have come from one limit.
    let all = rows.reduce(into: [Rows]()) {
      if let next = $1, !$0.contains(next) { $0.append(next) }
    }
    for next in all.sorted(by: Self.isBefore) {
      // They stay together, so they go where there is room for all of them.
      let shared = Set(all.filter { $0.count == next.count && isOfOneProtocol($0, next) }.map(\.dataset))
      let isLimit = shared.count > 1
      let free = groups.indices.filter { group in
        groups[group][next.dataset] == nil && groups[group].values.allSatisfy { isOfOneProtocol($0, next) }
      }
      let alike = free.first { groups[$0].values.contains { $0.count == next.count } }
      let roomy = free.first { group in !isLimit || shared.allSatisfy { groups[group][$0] == nil } }
      let index = alike ?? roomy ?? groups.count
      if index == groups.count { groups.append([:]) }
      groups[index][next.dataset] = next
      places[next] = index
    }
    assignment = rows.map { $0.flatMap { places[$0] } ?? 0 }
    names = Self.names(of: groups.map { Array($0.values) }, use)
  }

  /// Larger sets first, and of equal ones the rows that are scored strictly.
  private static func isBefore(_ one: Rows, _ other: Rows) -> Bool {
    if one.count != other.count { return one.count > other.count }
    if let own = one.scoring, let its = other.scoring, own.isStrict != its.isStrict { return own < its }
    if one.dataset != other.dataset { return one.dataset < other.dataset }
    if let own = one.scoring, let its = other.scoring, own != its { return own < its }
    return one.content < other.content
  }

  private static func names(of groups: [[Rows]], _ use: Use) -> [String] {
    guard groups.count > 1 else { return [""] }
    let word = use == .training ? "training rows" : "rows"
    func text(_ rows: [Rows], _ value: (Rows) -> String) -> String {
      Set(rows.map(value)).sorted().joined(separator: ", ")
    }
    let counts = groups.map { rows -> String in
      let counts = Set(rows.map(\.count)).sorted()
      return counts.count == 1 ? "\(counts[0]) \(word)" : "up to \(counts.last ?? 0) \(word)"
    }
    var names = counts
    for (index, name) in counts.enumerated() where counts.count(where: { $0 == name }) > 1 {
      let alike = groups.indices.filter { counts[$0] == name }
      func isOwn(_ value: (Rows) -> String) -> Bool {
        alike.allSatisfy { $0 == index || text(groups[$0], value) != text(groups[index], value) }
      }
      // A dataset that one group alone has tells nothing.
      func scoring(_ group: Int) -> String {
        text(
          groups[group].filter { rows in
            alike.contains { $0 != group && groups[$0].contains { $0.dataset == rows.dataset } }
          }
        ) { $0.scoring?.text ?? "" }
      }
      let revision = text(groups[index], \.revision)
      let ownScoring = scoring(index)
      if !ownScoring.isEmpty, alike.allSatisfy({ $0 == index || scoring($0) != ownScoring }) {
        names[index] = "\(name), \(ownScoring)"
      } else if isOwn(\.revision) {
        names[index] = revision.isEmpty ? "no revision" : "revision \(revision)"
      } else if isOwn(\.sample) {
        names[index] =
          text(groups[index], \.sample) == "first" ? "first \(name)" : "sample of \(name)"
      } else {
        let number = (alike.firstIndex(of: index) ?? 0) + 1
        names[index] = "other \(word) (\(number) of \(alike.count) sets of \(name))"
      }
    }
    return names
  }
}
