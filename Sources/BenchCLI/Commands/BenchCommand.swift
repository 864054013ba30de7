import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// `bench`: speed and memory of training and inference on random tokens.
enum BenchCommand {
  static let command = Command(
    name: "bench", summary: "Time training and inference of a method on random tokens.",
    discussion: [
      "Tokens are random ids, the last 4 positions of each row carry labels, dropout is off, AdamW takes the steps. "
        + "Prints the median of the timed steps."
    ],
    options: [
      OptionSpec(
        long: "model", short: "m", valueName: "PATH", isRequired: true, help: "A model's folder or GGUF file."),
      OptionSpec(long: "method", valueName: "NAME", help: "The method, with its default options; lora unless given."),
      OptionSpec(
        long: "option", valueName: "KEY=VALUE", isRepeated: true, help: "An option of the method, such as rank=16."),
      OptionSpec(long: "batch", valueName: "B", help: "Rows of a batch; 4 unless given."),
      OptionSpec(long: "tokens", valueName: "T", help: "Tokens of a row; 128 unless given."),
      OptionSpec(long: "steps", valueName: "S", help: "Timed steps; 5 unless given."),
      OptionSpec(long: "shared-prefix", valueName: "P", help: "Tokens that all rows begin with; 0 unless given."),
      OptionSpec(
        long: "recompute", valueName: "BLOCKS",
        help:
          "Blocks whose activations are computed again in their backward pass, as training.recompute of a config: true, "
          + "false, a number, auto or a size such as 400MB; false unless given."),
      OptionSpec(
        long: "profile", help: "Show where the time of the training steps goes, beside the matrix kernel's peak."),
      OptionSpec(
        long: "single-stream",
        help: "Time the generation of one sequence too, and compare it with what the memory's speed allows."),
      OptionSpec(
        long: "compare-threads", help: "Measure on one thread too, and project the speed-up to more threads."),
      .threads, .json,
    ],
    examples: [
      .init(line: "peft-bench bench --model models/x --method lora", meaning: "LoRA at 4 x 128."),
      .init(line: "peft-bench bench --model m --method ia3 --threads 1 --json", meaning: "IA3 on one core."),
    ],
    run: { arguments, console in
      let files = try TextCommands.files(arguments)
      let name = arguments.value("method") ?? "lora"
      var overrides = try arguments.all("option").map { text in
        guard text.contains("=") else { throw arguments.error("--option: expected KEY=VALUE, found \"\(text)\"") }
        return "methods.0.\(text)"
      }
      if let recompute = arguments.value("recompute") { overrides.append("training.recompute=\(recompute)") }
      // The method is read as a config would read it, so that its options mean the same.
      let text = DocumentText(
        name: "--method", bytes: Array("{\"model\": \".\", \"methods\": [{\"name\": \"\(name)\"}]}".utf8))
      let configuration = try RunConfiguration(try ConfigFile.read(text, overrides: overrides))
      let context = ComputeContext(
        threads: try arguments.integer("threads", in: 1...4096) ?? ProcessInfo.processInfo.activeProcessorCount,
        profile: arguments.flag("profile") ? KernelProfile() : nil)
      let tokens = try arguments.integer("tokens", in: 8...1_000_000) ?? 128
      let probe = SpeedProbe(
        batch: try arguments.integer("batch", in: 1...10_000) ?? 4, tokens: tokens,
        steps: try arguments.integer("steps", in: 1...10_000) ?? 5,
        sharedPrefix: try arguments.integer("shared-prefix", in: 0...(tokens - 8)) ?? 0)
      let model = try files.load(as: .auto, context: context)
      if let limit = model.positionLimit, tokens > limit {
        throw arguments.error("--tokens: \(files.name) has positions for \(limit) tokens, found \(tokens)")
      }
      let attachment = try configuration.methods[0].method.attach(
        to: model,
        with: AttachmentSetting(
          seeds: SeedStream(0), context: context, tokenizer: try? files.tokenizer(), rows: .irrelevant))
      let recompute = configuration.training.recompute
      do {
        model.recomputedBlocks = try probe.blocks(
          recompute, of: configuration.methods[0], files, weightBytes: context.pool.live[.weights])
      } catch let error as RecomputationError {
        throw arguments.error("--recompute: \(error.description)")
      }
      let recomputed = model.recomputedBlocks.count
      ProcessMemory.releaseFreed()
      let result = probe.measure(
        model, attachment: attachment, context: context, besidePeak: arguments.flag("profile"))
      let single =
        arguments.flag("compare-threads")
        ? probe.measure(
          model, attachment: attachment,
          context: ComputeContext(threads: 1, pool: context.pool, profile: KernelProfile())) : nil
      let peak = result.kernels.isEmpty ? nil : KernelPeak.operationsPerSecond(on: context.workers)
      // The copy that it measures needs memory of its own, which is not the method's.
      let resident = ProcessMemory.peakResidentBytes
      var stream: SingleStream?
      if arguments.flag("single-stream") {
        stream = try SingleStream.measure(model, context: context)
        guard stream != nil else {
          throw arguments.error(
            "--single-stream: \(files.name) has positions for \(model.positionLimit ?? 0) tokens, too few")
        }
      }
      if arguments.flag("json") {
        var document: JSONValue = [
          "method": JSONValue(name), "batch": JSONValue(probe.batch), "tokens": JSONValue(probe.tokens),
          "shared_prefix": JSONValue(probe.sharedPrefix), "threads": JSONValue(context.workers.count),
          "trainable_parameters": JSONValue(attachment.trainableCount),
          "median_step_seconds": JSONValue(result.medianStepSeconds),
          "tokens_per_second": JSONValue(result.tokensPerSecond),
          "inference_tokens_per_second": JSONValue(result.inferenceTokensPerSecond),
          "final_loss": JSONValue(result.finalLoss), "peak_tensor_bytes": JSONValue(result.peak.total),
          "peak_rss_bytes": JSONValue(resident),
          "recompute": recompute.json, "recomputed_blocks": JSONValue(recomputed),
        ]
        if let single {
          document["threads_compared"] = BenchReport.document(single, against: result, threads: context.workers.count)
        }
        if let stream { document["single_stream"] = BenchReport.document(stream) }
        if let peak { document["profile"] = BenchReport.document(result, peak: peak) }
        console.print(json: document)
        return .done
      }
      var table = TextTable([.init(title: "\(name) on \(files.name)"), .init(title: "", isNumber: true)])
      table.add(["batch", "\(probe.batch) x \(probe.tokens)"])
      table.add(["threads", "\(context.workers.count)"])
      table.add(["trainable parameters", Format.count(Double(attachment.trainableCount))])
      if recompute != .none { table.add(["blocks computed again", "\(recomputed) of \(model.blocks.count)"]) }
      table.add(["training", "\(Format.decimal(result.tokensPerSecond, digits: 0)) tokens/s"])
      table.add(["median step", "\(Format.decimal(1000 * result.medianStepSeconds, digits: 0)) ms"])
      table.add(["inference", "\(Format.decimal(result.inferenceTokensPerSecond, digits: 0)) tokens/s"])
      table.add(["peak tensor memory", Format.bytes(Double(result.peak.total))])
      table.add(["peak resident memory", Format.bytes(Double(resident))])
      if let stream { BenchReport.add(stream, to: &table) }
      table.print(to: console)
      if let peak {
        console.print("")
        BenchReport.profile(result, steps: probe.steps, peak: peak).print(to: console)
      }
      if let single {
        console.print("")
        BenchReport.threads(single, against: result, threads: context.workers.count).print(to: console)
      }
      return .done
    })
}
