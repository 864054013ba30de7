import PEFTBench
import PEFTCore

/// A sample of what runs got wrong, example by example, for the report's search.
///
/// The same examples are shown of all methods, so that one sees who fails where. Which ones depends on nothing but the
/// dataset's name and the number of its rows.
struct WrongAnswers {
  /// Bytes of JSON for all datasets together, so that a report of a large sweep stays below two megabytes.
  static let byteBudget = 600_000
  private static let promptLimit = 600
  private static let answerLimit = 240

  /// The data that the page's script reads.
  private(set) var json: JSONValue = .null
  /// Examples that are shown, and those that some run got wrong.
  private(set) var shownCount = 0
  private(set) var wrongCount = 0
  /// Datasets without right and wrong rows.
  private(set) var unmarked: [String] = []

  /// Collects the sample.
  ///
  /// - Throws: `InputError` for predictions that cannot be read.
  init(_ report: Report) throws {
    var methods: [String] = []
    var datasets: [JSONValue] = []
    let places = report.suites.reduce(0) { $0 + $1.results.datasets.count }
    let share = Self.byteBudget / max(1, places)
    for suite in report.suites.map(\.results) {
      let prefix = report.suites.count > 1 ? "\(suite.suiteTitle) · " : ""
      let first = methods.count
      methods += suite.methods.indices.map { prefix + suite.title($0) }
      for dataset in suite.datasets.indices {
        let runs = suite.methods.indices.flatMap { method in
          suite.cells[method][dataset].runs.compactMap { run in
            run.folder == nil ? nil : Source(method: first + method, run: run)
          }
        }
        guard !runs.isEmpty else { continue }
        guard let examples = try sample(runs, dataset: suite.datasets[dataset], bytes: share) else {
          unmarked.append(prefix + suite.datasets[dataset])
          continue
        }
        if !examples.isEmpty {
          datasets.append(["name": JSONValue(prefix + suite.datasets[dataset]), "examples": .array(examples)])
        }
      }
    }
    json = ["methods": JSONValue(methods), "datasets": .array(datasets)]
  }

  private struct Source {
    let method: Int
    let run: ReportedRun
  }

  /// Examples of one dataset; nil where rows are neither right nor wrong.
  private mutating func sample(_ sources: [Source], dataset: String, bytes: Int) throws -> [JSONValue]? {
    // The model as it is gets most rows wrong and would bury what the methods get wrong; it is shown where it is alone.
    let trained = sources.filter { !$0.run.isZeroShot }
    let marked = (trained.isEmpty ? sources : trained).filter { $0.run.marks != nil }
    guard let count = marked.compactMap({ $0.run.marks?.count }).max() else { return nil }
    let wrong = (0..<count).filter { row in
      marked.contains { source in source.run.marks.map { row < $0.count && !$0[row] } ?? false }
    }
    wrongCount += wrong.count
    let order = SeedStream(0).child("wrong answers").child(dataset).permutation(wrong.count)
    let files = try marked.map { try PredictionLines(path: ($0.run.folder ?? "") + "/predictions.jsonl") }
    var examples: [(row: Int, json: JSONValue)] = []
    var used = 0
    for place in order {
      let row = wrong[place]
      let json = try example(row, marked, files)
      let size = json.line.count
      // One example is always shown.
      if used + size > bytes, !examples.isEmpty { break }
      used += size
      examples.append((row, json))
    }
    shownCount += examples.count
    return examples.sorted { $0.row < $1.row }.map(\.json)
  }

  /// A prompt with its gold answer and the wrong answers, equal ones together.
  private func example(_ row: Int, _ sources: [Source], _ files: [PredictionLines]) throws -> JSONValue {
    var shown: PredictionLines.Row?
    var answers: [(text: String, runs: [JSONValue])] = []
    for (source, file) in zip(sources, files) {
      guard let marks = source.run.marks, row < marks.count, row < file.count, !marks[row] else { continue }
      let line = try file.row(row)
      if shown == nil { shown = line }
      let text = VisibleText.of(VisibleText.cut(line.predict, to: Self.answerLimit), keepsLines: true)
      let run: JSONValue = [JSONValue(source.method), JSONValue(source.run.seed)]
      if let index = answers.firstIndex(where: { $0.text == text }) {
        answers[index].runs.append(run)
      } else {
        answers.append((text, [run]))
      }
    }
    return [
      "row": JSONValue(row),
      "prompt": JSONValue(
        VisibleText.of(VisibleText.cutFront(shown?.prompt ?? "", to: Self.promptLimit), keepsLines: true)),
      "label": JSONValue(VisibleText.of(VisibleText.cut(shown?.label ?? "", to: Self.answerLimit), keepsLines: true)),
      "answers": .array(answers.map { [JSONValue($0.text), .array($0.runs)] }),
    ]
  }
}
