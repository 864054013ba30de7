import PEFTBench
import PEFTCore

/// What `adapter grid` leaves beside the runs, a file a pair of tasks or a compressed adapter, in `grids`: the numbers that
/// were tried on held-out rows, and what the chosen ones are worth on evaluation rows.
struct AdapterGrids {
  /// Sums of adapters.
  private(set) var sums: [AdapterSum] = []
  /// Compressed adapters.
  private(set) var compressions: [Compression] = []

  /// One adapter with a part of its values left.
  struct Compression {
    let method: String
    let dataset: String
    /// The part of the values that is left, 0...1.
    let share: Double
    /// The score over that of the whole adapter; nil where that is not above zero.
    let retained: Double?
    /// How many times smaller than in float16; nil where that is not known.
    let ratio: Double?
  }

  /// - Parameters:
  ///   - paths: Results folders; files among them have none.
  ///   - suite: Whose runs trained the adapters; what others trained is left out.
  init(_ paths: [String], of suite: SuiteResults) {
    let runs = Set(suite.runs.map(\.id))
    for record in paths.flatMap(GridRecord.all) where record.tasks.allSatisfy({ runs.contains($0.run) }) {
      add(record, of: suite)
    }
  }

  private mutating func add(_ record: GridRecord, of suite: SuiteResults) {
    let method = (suite.modelNames.count > 1 ? record.model + " · " : "") + record.method
    switch record.kind {
    case .compression:
      guard let share = record.recipe.number("keep") else { return }
      // A control keeps as many values, but not the largest.
      let control = record.recipe["control"]?.text.map { ", \($0) values" } ?? ""
      compressions.append(
        Compression(
          method: method + control, dataset: record.tasks[0].dataset, share: share,
          retained: record.tasks[0].retained, ratio: record.ratioToFloat16))
    case .combination:
      guard let expression = record.recipe["combine"]?.text else { return }
      let told = ["convention", "type"].compactMap { record.recipe[$0]?.text }.joined(separator: " ")
      let convention = told.isEmpty ? "" : " (\(told))"
      let title = AdapterStart.text(expression) { name in
        record.tasks.first { $0.name == name }?.dataset ?? name
      }
      let candidates = record.candidates.map { Self.candidate($0, of: record.tasks) }
      let choice = AdapterSum.Candidate(
        values: candidates[record.chosen].values,
        scores: record.tasks.map { task in
          .init(
            dataset: task.dataset, value: task.chosen.value, interval: task.chosen.interval, retained: task.retained)
        })
      sums.append(
        AdapterSum(
          method: method, form: expression + convention, title: title + convention,
          tasks: record.tasks.map(\.dataset),
          // Where nothing was to choose, nothing was tried on held-out rows.
          candidates: AdapterSum.sorted(candidates.filter { !$0.scores.isEmpty }), choice: choice,
          isChosenOnOthers: true))
    }
  }

  /// What was tried, with what each task kept on held-out rows.
  private static func candidate(
    _ candidate: GridRecord.Candidate, of tasks: [GridRecord.Task]
  ) -> AdapterSum.Candidate {
    AdapterSum.Candidate(
      values: candidate.values.map { (name: $0.name, value: $0.value) },
      scores: zip(tasks, candidate.heldOut).map { task, value in
        .init(
          dataset: task.dataset, value: value, interval: nil,
          retained: task.ownHeldOut.flatMap { $0 > 0 ? value / $0 : nil })
      })
  }
}
