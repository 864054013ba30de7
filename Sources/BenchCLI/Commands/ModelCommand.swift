import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// `model info`: what a model is, and what methods would cost on it.
enum ModelCommand {
  static let info = Command(
    name: "model info", summary: "Architecture, parameters and tokenizer of a model; costs of methods on it.",
    discussion: [
      "Reads headers only. A folder with nothing but config.json is enough for --methods, which prints the trainable "
        + "parameters, added inference FLOPs and memory of each method of a config."
    ],
    positionals: [PositionalSpec(name: "PATH", help: "A model's folder or GGUF file.")],
    options: [
      OptionSpec(long: "methods", valueName: "CONFIG", help: "A config whose methods are counted."), .json,
    ],
    examples: [
      .init(line: "peft-bench model info models/mini", meaning: "One model."),
      .init(line: "peft-bench model info DIR --methods configs/full.yaml", meaning: "With the cost of methods."),
    ],
    run: { arguments, console in
      let files = try ModelFiles.open(arguments.positional("PATH") ?? "")
      let model = try files.skeleton()
      let configuration = files.configuration
      let costs = try arguments.value("methods").map { try methodCosts($0, model: model) } ?? []
      let tokenizer = try? files.tokenizer()
      let template = try? files.tokenizerConfiguration().chatTemplates.first
      if arguments.flag("json") {
        var json: JSONValue = [
          "name": JSONValue(files.name), "architecture": JSONValue(configuration.family),
          "parameters": JSONValue(model.parameterCount), "layers": JSONValue(configuration.layerCount),
          "hidden_size": JSONValue(configuration.hiddenSize), "heads": JSONValue(configuration.headCount),
          "key_value_heads": JSONValue(configuration.keyValueHeadCount),
          "vocabulary_size": JSONValue(configuration.vocabularySize),
          "context_length": JSONValue(configuration.contextLength),
          "tied_embeddings": JSONValue(configuration.tiesEmbeddings), "unties_head": JSONValue(files.untiesHead),
          "tokenizer": tokenizer.map { ["vocabulary_size": JSONValue($0.vocabularySize)] } ?? .null,
          "chat_template": JSONValue(template != nil),
        ]
        json["methods"] = .array(costs.map(\.json))
        console.print(json: json)
        return .done
      }
      var table = TextTable([.init(title: files.name), .init(title: "")])
      table.add(["architecture", configuration.family])
      table.add(["parameters", Format.count(Double(model.parameterCount))])
      table.add(["layers", "\(configuration.layerCount)"])
      table.add(["hidden size", "\(configuration.hiddenSize)"])
      table.add(["heads", "\(configuration.headCount), key/value \(configuration.keyValueHeadCount)"])
      table.add(["vocabulary", Format.count(Double(configuration.vocabularySize))])
      table.add(["output projection", head(of: files)])
      table.add(["context", Format.count(Double(configuration.contextLength))])
      table.add(["tokenizer", tokenizer == nil ? "none that can be read" : "yes"])
      table.add(["chat template", template == nil ? "none" : "yes"])
      table.print(to: console)
      if !costs.isEmpty {
        console.print("")
        var table = TextTable([
          .init(title: "method"), .init(title: "trainable", isNumber: true), .init(title: "% of base", isNumber: true),
          .init(title: "added FLOP at 512", isNumber: true), .init(title: "adapter memory", isNumber: true),
        ])
        for cost in costs {
          table.add([
            cost.label, Format.count(Double(cost.trainable)),
            Format.decimal(100 * Double(cost.trainable) / Double(model.parameterCount), digits: 4),
            Format.count(Double(cost.addedFLOPs)), Format.bytes(Double(cost.bytes)),
          ])
        }
        table.print(to: console)
      }
      return .done
    })

  /// Where the projection to the vocabulary comes from.
  private static func head(of files: ModelFiles) -> String {
    if files.untiesHead { return "its own: config.json says it is the embedding, the weights hold another one" }
    return files.configuration.tiesEmbeddings ? "the embedding" : "its own"
  }

  private struct MethodCost {
    let label: String
    let trainable: Int
    let addedFLOPs: Int

    /// Parameters, gradients and two moments in float32.
    var bytes: Int { 16 * trainable }

    var json: JSONValue {
      [
        "name": JSONValue(label), "trainable_parameters": JSONValue(trainable),
        "added_inference_flops": JSONValue(addedFLOPs), "adapter_training_bytes": JSONValue(bytes),
      ]
    }
  }

  private static func methodCosts(_ path: String, model: CausalLanguageModel) throws -> [MethodCost] {
    let file = try ConfigFile.load(path: path, environment: ProcessInfo.processInfo.environment)
    let configuration = try RunConfiguration(file)
    let context = ComputeContext(threads: 1)
    let tokens = ForwardFLOPs.referenceTokens
    let base = ForwardFLOPs.count(model, tokens: tokens)
    return try configuration.methods.map { method in
      let attachment = try method.attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(0), context: context, rows: .irrelevant),
        of: configuration.file)
      defer { attachment.detach() }
      return MethodCost(
        label: method.label, trainable: attachment.trainableCount,
        addedFLOPs: ForwardFLOPs.count(model, tokens: tokens, cost: attachment.inferenceCost) - base)
    }
  }
}
