import PEFTBench

/// The table that a sweep ends with: one line a run, the base model's own score beside each.
struct Leaderboard {
  let records: [RunRecord]

  func print(to console: Console) {
    var zeroShot: [String: Double] = [:]
    for record in records where record.string("method.name") == "none" {
      zeroShot[key(of: record)] = record.number("scores.primary.value")
    }
    let suites = Set(records.map { $0.string("suite") }).sorted().joined(separator: ", ")
    let models = Set(records.map { $0.string("model.name") }).sorted().joined(separator: ", ")
    console.print("\(models) · \(suites) suite · scores in percent")
    var table = TextTable([
      .init(title: "dataset"), .init(title: "method"), .init(title: "metric"), .init(title: "score", isNumber: true),
      .init(title: "zero-shot", isNumber: true), .init(title: "PSCP", isNumber: true),
      .init(title: "parameters", isNumber: true), .init(title: "memory", isNumber: true),
      .init(title: "invalid", isNumber: true), .init(title: "time", isNumber: true),
    ])
    for record in records {
      let time = (record.number("costs.training_seconds") ?? 0) + (record.number("costs.evaluation_seconds") ?? 0)
      table.add([
        record.string("dataset"), record.string("method.label"), record.string("scores.primary.name"),
        Format.percent(record.number("scores.primary.value")), Format.percent(zeroShot[key(of: record)]),
        Format.decimal(record.number("pscp.value"), digits: 1),
        Format.count(record.number("costs.trainable_parameters")),
        Format.bytes(record.number("costs.peak_tensor_bytes.total")),
        Format.percent(record.number("scores.invalid_rate")), Format.seconds(time),
      ])
    }
    table.print(to: console)
  }

  private func key(of record: RunRecord) -> String { record.string("dataset") + " " + record.string("model.sha256") }
}
