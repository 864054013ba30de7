import PEFTBench
import PEFTCore

/// Shows what a sweep is doing on standard error.
final class RunWatcher {
  private let console: Console
  private var line: ProgressLine?
  private var position = ""

  init(console: Console) { self.console = console }

  func see(_ event: RunEvent) {
    switch event {
    case .loading(let model): console.note("Loading \(model) …")
    case .began(let run, let number, let count):
      position = "[\(number)/\(count)] \(run.title)"
      line = nil
    case .skipped(let run, let record):
      console.note("\(run.title): complete (\(record.string("id"))), skipped")
    case .step(_, let done, let steps, let loss, _):
      if done == 1 || line == nil { line = ProgressLine("\(position) train", total: steps, console: console) }
      line?.update(done, detail: "loss \(Format.decimal(loss, digits: 3))")
      if done == steps { line = nil }
    case .answered(_, let done, let count):
      if line == nil {
        line = ProgressLine("\(position) evaluate", total: count, unit: "answers", console: console)
      }
      line?.update(done)
    case .finished(_, let record):
      line = nil
      console.clearLiveLine()
      let value = record.number("scores.primary.value").map { Format.percent($0) } ?? "–"
      console.note(
        "\(position): \(record.string("scores.primary.name")) \(value), trained "
          + "\(Format.seconds(record.number("costs.training_seconds"))), evaluated "
          + Format.seconds(record.number("costs.evaluation_seconds")))
    case .failed(let run, let cause):
      line = nil
      console.clearLiveLine()
      console.error("\(run.title) failed: \(cause)")
    case .note(let text): console.note("note: \(text)")
    }
  }

  func finish() { console.clearLiveLine() }
}
