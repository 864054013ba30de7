import PEFTBench
import Reporting

/// The table that a sweep ends with: one line a run, the base model's own score beside each.
struct Leaderboard {
  let records: [RunRecord]

  func print(to console: Console) {
    // Where every run failed, a head alone would say nothing.
    guard !records.isEmpty else { return }
    var zeroShot: [String: Double] = [:]
    for record in records where record.isZeroShot {
      zeroShot[key(of: record)] = record.scores.primary.value
    }
    let suites = DataConfiguration.Suite.title(of: records.map { $0.suite })
    let models = Set(records.map { $0.model.name }).sorted().joined(separator: ", ")
    console.print("\(models) · \(suites) · scores in percent")
    // Scores on other sets, where the config asks for them.
    var sets: [String] = []
    for (name, _) in records.flatMap(\.sets.all) where !sets.contains(name) { sets.append(name) }
    let hasModels = Set(records.map { $0.model.name }).count > 1
    let hasSeeds = Set(records.filter { !$0.isZeroShot }.map(\.seed)).count > 1
    var columns: [TextTable.Column] = hasModels ? [.init(title: "model")] : []
    columns += [.init(title: "dataset"), .init(title: "method")]
    if hasSeeds { columns.append(.init(title: "seed", isNumber: true)) }
    columns += [.init(title: "metric"), .init(title: "score", isNumber: true)]
    columns += sets.map { .init(title: $0, isNumber: true) }
    columns += [
      .init(title: "majority", isNumber: true), .init(title: "zero-shot", isNumber: true),
      .init(title: "PSCP", isNumber: true),
      .init(title: "parameters", isNumber: true), .init(title: "memory", isNumber: true),
      .init(title: "invalid", isNumber: true), .init(title: "time", isNumber: true),
    ]
    var table = TextTable(columns)
    for record in records {
      var cells = hasModels ? [record.model.name] : []
      cells += [record.dataset, ShortLabel.of(record.method.label ?? record.method.name)]
      // The base model's own answers depend on no seed.
      if hasSeeds { cells.append(record.isZeroShot ? "–" : "\(record.seed)") }
      cells += [record.scores.primary.name, Format.percent(record.scores.primary.value)]
      cells += sets.map { Format.percent(record.sets[$0]?.scores.primary.value) }
      cells += [
        majority(of: record), Format.percent(zeroShot[key(of: record)]),
        Format.decimal(record.pscp?.value, digits: 1),
        Format.count(record.costs.trainableParameters),
        Format.bytes(record.costs.tensorBytes.total),
        Format.percent(record.scores.invalidRate), Format.seconds(record.seconds),
      ]
      table.add(cells)
    }
    table.print(to: console)
  }

  /// The majority's score, with a word where all answers are the same one.
  private func majority(of record: RunRecord) -> String {
    let isConstant = record.scores.summary.distinctAnswers == 1 && record.scores.count != 1
    return Format.percent(record.scores.summary.majority?.value) + (isConstant ? " one answer" : "")
  }

  private func key(of record: RunRecord) -> String { "\(record.dataset) \(record.model.sha256 ?? "")" }
}
