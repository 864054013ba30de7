import Foundation
import PEFTBench
import PEFTCore
import SmallWorld

/// `model pretrain`: a small language model from nothing, or from an earlier one.
enum PretrainCommand {
  static let command = Command(
    name: "model pretrain", summary: "Learn a vocabulary and pretrain a small model from scratch, or go on from one.",
    discussion: [
      "Learns byte-level BPE, trains every weight of a Llama-style model on generated text or on files, and writes a "
        + "folder in Hugging Face's layout with a model card. The same config gives the same bytes with any number of "
        + "threads. An interrupted training resumes from its last checkpoint with the same command. With from: DIR in the "
        + "config, a model that this command made is trained on, with its vocabulary and sizes."
    ],
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: [
      OptionSpec(
        long: "set", valueName: "KEY=VALUE", isRepeated: true,
        help: "Override a key of the config, such as training.tokens=1000000."),
      OptionSpec(long: "output", short: "o", valueName: "DIR", help: "The folder of the model."), .threads,
      OptionSpec(long: "fresh", help: "Begin again where there is a checkpoint or a model."),
      OptionSpec(long: "dry-run", short: "n", help: "Print sizes and the expected time, but train nothing."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench model pretrain configs/pretrain-mini.yaml", meaning: "The model of the mini suite."),
      .init(
        line: "peft-bench model pretrain c.yaml --set training.tokens=1000000 -o /tmp/model", meaning: "A shorter try."),
    ],
    run: { arguments, console in
      let file = try ConfigFile.load(
        path: arguments.positional("CONFIG") ?? "", overrides: arguments.all("set"),
        environment: ProcessInfo.processInfo.environment)
      var configuration = try PretrainingConfiguration(file)
      if let output = arguments.value("output") { configuration.output = output }
      let threads = try arguments.integer("threads", in: 1...4096) ?? configuration.threads
      let context = ComputeContext(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
      let pretrainer = try Pretrainer(configuration, context: context)
      if arguments.flag("dry-run") {
        let estimate = try pretrainer.estimate()
        arguments.flag("json") ? console.print(json: json(estimate)) : print(estimate, to: console)
        return .done
      }
      let watcher = PretrainingWatcher(console: console)
      do {
        let outcome = try pretrainer.run(
          fresh: arguments.flag("fresh"), cancellation: Interrupts.flag(console: console), watch: watcher.see)
        watcher.finish()
        show(outcome, of: configuration, asJSON: arguments.flag("json"), on: console)
        return .done
      } catch let failure as TrainingFailure {
        watcher.finish()
        console.error(failure.description)
        return .failed
      } catch let interruption as Interruption {
        watcher.finish()
        console.diagnostic("Interrupted; a checkpoint is saved. The same command resumes where this one stopped.")
        throw interruption
      }
    })

  private static func show(
    _ outcome: Pretrainer.Outcome, of configuration: PretrainingConfiguration, asJSON: Bool, on console: Console
  ) {
    let summary: PretrainingSummary
    switch outcome {
    case .wasComplete(let complete):
      console.note("The model is complete; --fresh pretrains it again.")
      summary = complete
    case .trained(let trained): summary = trained
    }
    if asJSON { return console.print(json: summary.json) }
    func number(_ key: String) -> Double? {
      switch summary.json[key] {
      case .integer(let value): Double(value)
      case .number(let value): value
      default: nil
      }
    }
    var table = TextTable([.init(title: configuration.name), .init(title: "")])
    table.add(["parameters", Format.count(number("parameters"))])
    table.add(["vocabulary", Format.count(number("vocabulary_size"))])
    table.add(["tokens", Format.count(number("tokens"))])
    table.add(["training loss", Format.decimal(number("training_loss"), digits: 4)])
    table.add(["validation loss", Format.decimal(number("validation_loss"), digits: 4)])
    table.print(to: console)
    console.note("\nThe model is in \(configuration.output).")
  }

  private static func print(_ estimate: Pretrainer.Estimate, to console: Console) {
    var table = TextTable([.init(title: "pretraining"), .init(title: "")])
    table.add(["parameters", Format.count(Double(estimate.parameterCount))])
    table.add(["weights' file", Format.bytes(Double(estimate.fileBytes))])
    table.add(["tokens", Format.count(Double(estimate.tokens))])
    table.add(["steps", Format.count(Double(estimate.steps))])
    table.add(["measured speed", "\(Format.count(estimate.tokensPerSecond.rounded())) tokens/s"])
    table.add(["expected time", ProgressLine.duration(estimate.seconds)])
    table.print(to: console)
  }

  private static func json(_ estimate: Pretrainer.Estimate) -> JSONValue {
    [
      "parameters": JSONValue(estimate.parameterCount), "file_bytes": JSONValue(estimate.fileBytes),
      "tokens": JSONValue(estimate.tokens), "steps": JSONValue(estimate.steps),
      "tokens_per_second": JSONValue(estimate.tokensPerSecond), "seconds": JSONValue(estimate.seconds),
    ]
  }
}

/// Shows the progress of a pretraining on standard error.
private final class PretrainingWatcher {
  private let console: Console
  private var start = ProcessInfo.processInfo.systemUptime
  private var firstStep = 0
  private var shown = -Double.infinity
  /// Least seconds between two live lines, and between two plain ones.
  private static let liveInterval = 0.1
  private static let plainInterval = 10.0

  init(console: Console) { self.console = console }

  func see(_ event: Pretrainer.Event) {
    switch event {
    case .vocabulary(let tokens, let wanted):
      let less = tokens < wanted ? " (the text has too few pairs for \(wanted))" : ""
      console.note("vocabulary: \(tokens) tokens\(less)")
      start = ProcessInfo.processInfo.systemUptime
    case .resumed(let step, let steps):
      console.note("resumes after step \(step) of \(steps)")
      firstStep = step
    case .step(let step, let steps, let loss, let tokens):
      show(step, of: steps, loss: loss, tokens: tokens)
    case .validation(let step, let loss):
      console.note("step \(step): validation loss \(Format.decimal(loss, digits: 4))")
    case .note(let text): console.note(text)
    }
  }

  private func show(_ step: Int, of steps: Int, loss: Double, tokens: Int) {
    let now = ProcessInfo.processInfo.systemUptime
    let isTerminal = console.diagnosticTraits.isTerminal
    // The first plain line comes after an interval: short work says nothing.
    if shown == -.infinity, !isTerminal { shown = start }
    guard !console.isQuiet, now - shown >= (isTerminal ? Self.liveInterval : Self.plainInterval) else { return }
    shown = now
    let elapsed = max(now - start, 1e-9)
    let line = ProgressLine.line(
      "pretrain", done: step, total: steps, rate: "\(Int(Double(tokens) / elapsed)) tokens/s",
      left: elapsed * Double(steps - step) / Double(max(1, step - firstStep)),
      detail: "loss \(Format.decimal(loss, digits: 3))", width: isTerminal ? console.diagnosticTraits.width - 1 : nil)
    if isTerminal { console.setLiveLine(line) } else { console.diagnostic("\(Date().formatted(.iso8601)) \(line)") }
  }

  func finish() { console.clearLive() }
}
