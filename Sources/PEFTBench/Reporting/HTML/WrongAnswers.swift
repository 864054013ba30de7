import PEFTBench
import PEFTCore

/// A sample of what runs got wrong, example by example, for the report's search.
///
/// The same examples are shown of all methods, so that one sees who fails where. Which ones depends on nothing but the
/// dataset's name and the number of its rows. The model as it is gets most rows wrong and would bury what methods get
/// wrong; of it the answers to the same examples are shown.
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
    var bases: [Int] = []
    var datasets: [JSONValue] = []
    let places = report.suites.reduce(0) { $0 + $1.results.datasets.count }
    let share = Self.byteBudget / max(1, places)
    for suite in report.suites.map(\.results) {
      let prefix = report.suites.count > 1 ? "\(suite.suiteTitle) · " : ""
      let first = methods.count
      methods += suite.methods.indices.map { VisibleText.of(prefix + suite.title($0)) }
      bases += suite.methods.indices.filter { suite.methods[$0].isZeroShot }.map { first + $0 }
      for dataset in suite.datasets.indices {
        let runs = suite.methods.indices.flatMap { method in
          suite.cells[method][dataset].runs.compactMap { run in
            run.folder == nil ? nil : Source(method: first + method, run: run)
          }
        }
        guard !runs.isEmpty else { continue }
        guard let sample = try sample(runs, dataset: suite.datasets[dataset], bytes: share) else {
          unmarked.append(prefix + suite.datasets[dataset])
          continue
        }
        guard !sample.examples.isEmpty else { continue }
        datasets.append([
          "name": JSONValue(VisibleText.of(prefix + suite.datasets[dataset])), "runs": .array(sample.runs),
          "examples": .array(sample.examples),
        ])
      }
    }
    json = ["methods": JSONValue(methods), "zero_shot": JSONValue(bases), "datasets": .array(datasets)]
  }

  /// A run whose rows are right or wrong.
  private struct Source {
    let method: Int
    let run: ReportedRun

    /// The run in the page's data.
    var json: JSONValue { [JSONValue(method), JSONValue(run.seed)] }

    func isWrong(_ row: Int) -> Bool { run.marks.map { row < $0.count && !$0[row] } ?? false }
  }

  /// Examples of one dataset with the runs that answered them; nil where rows are neither right nor wrong.
  private mutating func sample(
    _ sources: [Source], dataset: String, bytes: Int
  ) throws -> (runs: [JSONValue], examples: [JSONValue])? {
    let all = sources.filter { $0.run.marks != nil }
    let trained = all.filter { !$0.run.isZeroShot }
    let judged = trained.isEmpty ? all : trained
    guard let count = judged.compactMap({ $0.run.marks?.count }).max() else { return nil }
    let wrong = (0..<count).filter { row in judged.contains { $0.isWrong(row) } }
    wrongCount += wrong.count
    let order = SeedStream(0).child("wrong answers").child(dataset).permutation(wrong.count)
    let files = try all.map { try PredictionLines(path: ($0.run.folder ?? "") + "/predictions.jsonl") }
    let parser = all.lazy.map(\.run.summary.classes).first { !$0.isEmpty }
      .map { classes in AnswerParser(labels: classes.map(\.label)) }
    var examples: [(row: Int, json: JSONValue)] = []
    var used = 0
    for place in order {
      let row = wrong[place]
      let json = try example(row, all, files, parser)
      let size = json.line.count
      // One example is always shown.
      if used + size > bytes, !examples.isEmpty { break }
      used += size
      examples.append((row, json))
    }
    shownCount += examples.count
    return (all.map(\.json), examples.sorted { $0.row < $1.row }.map(\.json))
  }

  /// A prompt with its gold answer and the wrong answers, equal ones together: text, runs, and whether it is none of the
  /// labels, where there are labels.
  private func example(
    _ row: Int, _ sources: [Source], _ files: [PredictionLines], _ parser: AnswerParser?
  ) throws -> JSONValue {
    var shown: PredictionLines.Row?
    var answers: [(text: String, isInvalid: Bool?, runs: [JSONValue])] = []
    for (source, file) in zip(sources, files) where source.isWrong(row) && row < file.count {
      let line = try file.row(row)
      if shown == nil { shown = line }
      let text = VisibleText.of(VisibleText.cut(line.predict, to: Self.answerLimit), keepsLines: true)
      if let index = answers.firstIndex(where: { $0.text == text }) {
        answers[index].runs.append(source.json)
      } else {
        answers.append((text, parser.map { $0.label(line.predict) == nil }, [source.json]))
      }
    }
    return [
      "row": JSONValue(row),
      "prompt": JSONValue(
        VisibleText.of(VisibleText.cutFront(shown?.prompt ?? "", to: Self.promptLimit), keepsLines: true)),
      "label": JSONValue(VisibleText.of(VisibleText.cut(shown?.label ?? "", to: Self.answerLimit), keepsLines: true)),
      "answers": .array(
        answers.map { [JSONValue($0.text), .array($0.runs), $0.isInvalid.map { .bool($0) } ?? .null] }),
    ]
  }
}

extension WrongAnswers {
  /// The sample, or why there is none: predictions that cannot be read leave the rest of the report as it is.
  enum Outcome {
    case sample(WrongAnswers)
    case unreadable(String)

    init(_ report: Report) {
      do { self = .sample(try WrongAnswers(report)) } catch { self = .unreadable("\(error)") }
    }

    var json: JSONValue { if case .sample(let sample) = self { sample.json } else { .null } }

    /// What readers must know of it.
    var note: String {
      switch self {
      case .unreadable(let problem): "The predictions cannot be read: \(problem)"
      case .sample(let sample): sample.note
      }
    }
  }

  private var note: String {
    var note =
      wrongCount == 0
      ? "No run whose predictions are here has a wrong row."
      : "\(NumberText.count(Double(shownCount))) of \(NumberText.count(Double(wrongCount))) examples that "
        + "at least one run got wrong"
        + (shownCount < wrongCount
          ? ", the same for all methods, drawn by a fixed rule to keep this page small; all are in each run's "
            + "predictions.jsonl." : ".")
    if !unmarked.isEmpty { note += " Without right and wrong rows: \(unmarked.joined(separator: ", "))." }
    return note + " Control characters and those that turn the direction of writing are shown as symbols or codes."
  }
}
