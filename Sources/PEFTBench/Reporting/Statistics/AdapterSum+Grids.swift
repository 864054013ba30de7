import Foundation
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

  private static let schema = "peft-bench.grid/1"

  /// - Parameters:
  ///   - paths: Results folders; files among them have none.
  ///   - suite: Whose runs trained the adapters; what others trained is left out.
  init(_ paths: [String], of suite: SuiteResults) {
    let runs = Set(suite.runs.map(\.id))
    for path in paths {
      let folder = path + "/grids"
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      for name in names where name.hasSuffix(".json") {
        // What is no record of a grid says nothing here.
        guard let value = try? JSONParser.parse(file: "\(folder)/\(name)").value else { continue }
        let record = JSONValue(value)
        let tasks = record["tasks"]?.elements ?? []
        guard record["schema"]?.text == Self.schema, !tasks.isEmpty,
          tasks.allSatisfy({ runs.contains($0.string("run")) })
        else { continue }
        add(record, tasks, of: suite)
      }
    }
  }

  private mutating func add(_ record: JSONValue, _ tasks: [JSONValue], of suite: SuiteResults) {
    let method = (suite.modelNames.count > 1 ? record.string("model") + " · " : "") + record.string("method")
    let datasets = tasks.map { $0.string("dataset") }
    let names = tasks.map { $0.string("name") }
    func title(_ expression: String) -> String {
      AdapterStart.text(expression) { name in names.firstIndex(of: name).map { datasets[$0] } ?? name }
    }
    if record["kind"]?.text == "compression" {
      guard let share = record.number("recipe.keep") else { return }
      // A control keeps as many values, but not the largest.
      let control = record["recipe"]?["control"]?.text.map { ", \($0) values" } ?? ""
      compressions.append(
        Compression(
          method: method + control, dataset: datasets[0], share: share, retained: tasks[0].number("retained"),
          ratio: record.number("ratio_to_float16")))
      return
    }
    guard let expression = record["recipe"]?["combine"]?.text, let all = record["candidates"]?.elements,
      let place = record.number("chosen").flatMap({ Int(exactly: $0) }), all.indices.contains(place)
    else { return }
    let candidates = all.map { candidate in
      AdapterSum.Candidate(
        values: Self.values(candidate),
        scores: zip(tasks, candidate["held_out"]?.elements ?? []).compactMap { task, score in
          score.number.map { value in
            AdapterSum.Score(
              dataset: task.string("dataset"), value: value, interval: nil,
              retained: task.number("own_held_out").flatMap { $0 > 0 ? value / $0 : nil })
          }
        })
    }
    let choice = AdapterSum.Candidate(
      values: candidates[place].values,
      scores: tasks.compactMap { task in
        task.number("chosen.value").map { value in
          AdapterSum.Score(
            dataset: task.string("dataset"), value: value, interval: Self.interval(task),
            retained: task.number("retained"))
        }
      })
    let told = ["convention", "type"].compactMap { record["recipe"]?[$0]?.text }.joined(separator: " ")
    let convention = told.isEmpty ? "" : " (\(told))"
    sums.append(
      AdapterSum(
        method: method, form: expression + convention, title: title(expression) + convention, tasks: datasets,
        // Where nothing was to choose, nothing was tried on held-out rows.
        candidates: AdapterSum.sorted(candidates.filter { !$0.scores.isEmpty }), choice: choice, isChosenOnOthers: true)
    )
  }

  private static func values(_ candidate: JSONValue) -> [(name: String, value: Double)] {
    guard case .object(let object)? = candidate["values"] else { return [] }
    return object.members.compactMap { name, value in value.number.map { (name, $0) } }
  }

  private static func interval(_ task: JSONValue) -> ClosedRange<Double>? {
    let ends = task.value(at: "chosen.interval")?.elements?.compactMap(\.number) ?? []
    return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
  }
}
