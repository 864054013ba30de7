import PEFTBench
import PEFTCore
import PEFTMethods

/// The tables of `adapter grid`: what was chosen, what it is worth on every task, and what that is of the own adapters.
struct GridTables {
  private let records: [GridRecord]

  init(_ records: [GridRecord]) { self.records = records }

  func print(to console: Console) {
    if records.contains(where: { $0.kind == .combination }) { combinations(to: console) }
    if records.contains(where: { $0.kind == .compression }) { compressions(to: console) }
  }

  private func combinations(to console: Console) {
    let records = records.filter { $0.kind == .combination }
    let count = records.map(\.tasks.count).max() ?? 0
    var columns: [TextTable.Column] = [.init(title: "tasks"), .init(title: "method"), .init(title: "chosen")]
    columns.append(.init(title: "held out", isNumber: true))
    for name in CombinationGrid.taskNames.prefix(count) {
      columns += [.init(title: "\(name): score", isNumber: true), .init(title: "own", isNumber: true)]
      columns.append(.init(title: "kept %", isNumber: true))
    }
    columns.append(.init(title: "kept % in all", isNumber: true))
    var table = TextTable(columns)
    for record in records {
      var cells = [
        record.tasks.map(\.dataset).joined(separator: " + "), record.method, chosen(record),
        Format.percent(record.candidates[record.chosen].mean),
      ]
      for task in record.tasks {
        cells += [task.chosen.shown, Format.percent(task.own.value), Format.percent(task.retained)]
      }
      table.add(cells + [Format.percent(record.meanRetained)])
    }
    table.print(to: console)
    let shares = records.compactMap(\.meanRetained)
    guard !shares.isEmpty else { return }
    let all = records.flatMap(\.tasks).compactMap(\.retained)
    console.print(
      "kept: the combination's score over the task's own adapter's, on evaluation rows; on average "
        + "\(Format.percent(shares.reduce(0, +) / Double(shares.count))) %, at least 95 % in "
        + "\(all.count(where: { $0 >= 0.95 })) of \(all.count)")
  }

  private func compressions(to console: Console) {
    var table = TextTable([
      .init(title: "dataset"), .init(title: "method"), .init(title: "values kept"), .init(title: "chosen"),
      .init(title: "smaller than float16", isNumber: true), .init(title: "than float32", isNumber: true),
      .init(title: "bits a value", isNumber: true), .init(title: "least", isNumber: true),
      .init(title: "held out", isNumber: true),
      .init(title: "score", isNumber: true), .init(title: "own", isNumber: true),
      .init(title: "kept %", isNumber: true),
    ])
    for record in records where record.kind == .compression {
      guard let task = record.tasks.first else { continue }
      let (keep, ratio) = (record.recipe.number("keep"), record.ratioToFloat16)
      table.add([
        task.dataset, record.method, "\(Format.percent(keep)) %", chosen(record),
        ratio.map { "\(Format.decimal($0, digits: 1)) times" } ?? "",
        ratio.map { "\(Format.decimal(2 * $0, digits: 1)) times" } ?? "",
        ratio.map { Format.decimal(16 / $0, digits: 3) } ?? "",
        keep.map { Format.decimal(SparseEntropy.bitsPerValue(keeping: $0), digits: 3) } ?? "",
        Format.percent(record.candidates[record.chosen].mean), task.chosen.shown, Format.percent(task.own.value),
        Format.percent(task.retained),
      ])
    }
    table.print(to: console)
    console.print(
      "smaller: the whole file of the trained values, names and checksum included; what no training changes lies beside it as it "
        + "was. Least: bits a value that no code for places and signs could do without")
  }

  private func chosen(_ record: GridRecord) -> String {
    record.candidates[record.chosen].values.map { "\($0.name) = \($0.text)" }
      .joined(separator: ", ")
  }
}
