import PEFTBench

/// The table that a sweep ends with: one line a run, the base model's own score beside each.
struct Leaderboard {
  let records: [RunRecord]

  func print(to console: Console) {
    var zeroShot: [String: Double] = [:]
    for record in records where record.string("method.name") == "none" {
      zeroShot[key(of: record)] = record.number("scores.primary.value")
    }
    let suites = DataConfiguration.Suite.title(of: records.map { $0.string("suite") })
    let models = Set(records.map { $0.string("model.name") }).sorted().joined(separator: ", ")
    console.print("\(models) · \(suites) · scores in percent")
    // Scores on a third set, where the config asks for them.
    let hasTest = records.contains { $0["sets.test"] != nil }
    let hasModels = Set(records.map { $0.string("model.name") }).count > 1
    let hasSeeds = Set(records.filter { $0.string("method.name") != "none" }.map { $0.number("seed") }).count > 1
    var columns: [TextTable.Column] = hasModels ? [.init(title: "model")] : []
    columns += [.init(title: "dataset"), .init(title: "method")]
    if hasSeeds { columns.append(.init(title: "seed", isNumber: true)) }
    columns += [.init(title: "metric"), .init(title: "score", isNumber: true)]
    if hasTest { columns.append(.init(title: "test", isNumber: true)) }
    columns += [
      .init(title: "majority", isNumber: true), .init(title: "zero-shot", isNumber: true),
      .init(title: "PSCP", isNumber: true),
      .init(title: "parameters", isNumber: true), .init(title: "memory", isNumber: true),
      .init(title: "invalid", isNumber: true), .init(title: "time", isNumber: true),
    ]
    var table = TextTable(columns)
    for record in records {
      let time = (record.number("costs.training_seconds") ?? 0) + (record.number("costs.evaluation_seconds") ?? 0)
      var cells = hasModels ? [record.string("model.name")] : []
      cells += [record.string("dataset"), ShortLabel.of(record.string("method.label"))]
      // The base model's own answers depend on no seed.
      let isSeeded = record.string("method.name") != "none"
      let seed = isSeeded ? record.number("seed").flatMap { Int(exactly: $0) }.map(String.init) ?? "–" : "–"
      if hasSeeds { cells.append(seed) }
      cells += [record.string("scores.primary.name"), Format.percent(record.number("scores.primary.value"))]
      if hasTest { cells.append(Format.percent(record.number("sets.test.scores.primary.value"))) }
      cells += [
        majority(of: record), Format.percent(zeroShot[key(of: record)]),
        Format.decimal(record.number("pscp.value"), digits: 1),
        Format.count(record.number("costs.trainable_parameters")),
        Format.bytes(record.number("costs.peak_tensor_bytes.total")),
        Format.percent(record.number("scores.invalid_rate")), Format.seconds(time),
      ]
      table.add(cells)
    }
    table.print(to: console)
  }

  /// The majority's score, with a word where all answers are the same one.
  private func majority(of record: RunRecord) -> String {
    let isConstant = record.number("scores.distinct_answers") == 1 && record.number("scores.count") != 1
    return Format.percent(record.number("scores.majority.value")) + (isConstant ? " one answer" : "")
  }

  private func key(of record: RunRecord) -> String { record.string("dataset") + " " + record.string("model.sha256") }
}
