import PEFTBench
import PEFTCore
import PEFTMethods

/// What a run's adapter started from, as its record says it: another adapter, a part of one, or a sum of several.
struct AdapterStart: Sendable, Equatable {
  /// An adapter of a sum: the name in its expression, and its folder.
  struct Member: Sendable, Equatable {
    let name: String
    let path: String
  }

  /// The sum; nil for one saved adapter.
  let expression: String?
  /// The adapters; one without a name for a saved adapter.
  let members: [Member]
  /// The numbers of the expression, and the part of the whole strength.
  let values: [(name: String, value: Double)]
  /// What adding means, where it is not the usual.
  let convention: String?

  /// The name under which a part of an adapter's strength stands beside the numbers of an expression.
  private static let strength = "strength"

  /// - Returns: nil for a run that started afresh.
  init?(_ run: ReportedRun) {
    guard let source = run.settings.value(at: "options.init_from") else { return nil }
    // Records leave the whole strength out.
    let strength = [(name: Self.strength, value: source.number(Self.strength) ?? 1)]
    if let path = source.text ?? source["path"]?.text {
      (expression, members, convention, values) = (nil, [Member(name: "", path: path)], nil, strength)
      return
    }
    guard let text = source["combine"]?.text else { return nil }
    expression = text
    func object(_ key: String) -> [(key: String, value: JSONValue)] {
      if case .object(let object)? = source[key] { object.members } else { [] }
    }
    members = object("adapters").compactMap { name, path in path.text.map { Member(name: name, path: $0) } }
    let chosen = run.choice?.best?.values
    values =
      object("values").compactMap { name, value in
        (chosen?[name]?.number ?? value.number).map { (name, $0) }
      } + strength
    let told = ["convention", "type"].compactMap { source[$0]?.text }
    convention = told.isEmpty ? nil : told.joined(separator: " ")
  }

  /// The numbers of another candidate that the run judged.
  func values(of candidate: RunRecord.Choice.Candidate) -> [(name: String, value: Double)] {
    values.map { ($0.name, candidate.values[$0.name]?.number ?? $0.value) }
  }

  static func == (one: AdapterStart, other: AdapterStart) -> Bool {
    one.expression == other.expression && one.members == other.members && one.convention == other.convention
      && one.values.count == other.values.count
      && zip(one.values, other.values).allSatisfy { $0.name == $1.name && $0.value == $1.value }
  }

  /// The expression with other names for its adapters.
  static func text(_ expression: String, naming name: (String) -> String) -> String {
    AdapterExpression.pieces(of: expression).map { $0.isName ? name($0.text) : $0.text }.joined()
  }
}

/// Whose adapters the folders are that runs started from: the run that saved each, with its dataset and score.
final class AdapterOwners {
  /// A run that saved an adapter.
  struct Owner {
    let dataset: String
    let score: Double
  }

  private let runs: [String: ReportedRun]
  private var known: [String: Owner?] = [:]

  /// - Parameter runs: The runs of the report, which are asked before any file.
  init(_ runs: [ReportedRun]) {
    self.runs = Dictionary(runs.map { ($0.id, $0) }) { first, _ in first }
  }

  /// The owner of an adapter's folder; nil where neither the report nor a record beside the folder tells it.
  func owner(of path: String) -> Owner? {
    if let owner = known[path] { return owner }
    let owner = found(path)
    known[path] = owner
    return owner
  }

  private func found(_ path: String) -> Owner? {
    // A run's folder has its id, and the adapter within is called so.
    let parts = path.split(separator: "/")
    for part in parts.suffix(3) {
      if let run = runs[String(part)] { return Owner(dataset: run.dataset, score: run.value) }
    }
    guard let record = try? RunRecord.read(path + "/../" + ResultsFolder.recordName) else { return nil }
    return Owner(dataset: record.dataset, score: record.scores.primary.value)
  }
}
