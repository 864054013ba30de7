import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

/// From a model to a PSCP in one page, through the libraries' interfaces: a good place to begin reading.
@Suite("A tour") struct TourTests {
  @Test("A small model learns a task with LoRA, and is scored for what it knows and what that costs") func tour() throws
  {
    // A context owns the threads and the counted memory. A model is its files and, once loaded, frozen weights; the
    // renderer turns a conversation into token ids by the model's own tokenizer and chat template.
    let context = ComputeContext(threads: 2)
    let files = try ModelFiles.open(GoldenFixture.package.appending(path: "models/mini").path)
    let model = try files.load(as: .auto, context: context)
    let renderer = try LoadedModel.renderer(of: files, template: nil)

    // A dataset is an entry of the catalogue (columns, instruction, label words, metric) and its rows.
    let boolq = try #require(DatasetCatalogue.dataset("boolq"))
    let root = GoldenFixture.package.appending(path: "datasets/mini").path
    let loader = DatasetLoader(locator: DatasetLocator(root: root, suite: .mini))
    let training = try loader.load(boolq, .training, .sample(128, seed: 0)).examples
    let held = try loader.load(boolq, .evaluation, .sample(64, seed: 0)).examples

    // The same renderer words the questions of training and of evaluation. Without training, no answer is a label.
    let evaluator = Evaluator(
      model: model, tokenizer: renderer.tokenizer, endTokens: files.endTokens + [renderer.endToken].compactMap(\.self),
      context: context)
    let prompts = try held.map { try renderer.render($0, of: boolq).promptIDs }
    let unaided = try evaluator.generate(prompts, maximumNewTokens: 8, batchSize: 8) { _ in }
    #expect(try boolq.metric.score(zip(held, unaided).map { $0.scored($1) }).invalidRate == 1)

    // A method is its options, read from a config's entry. Attaching puts trainable parameters beside frozen maps.
    let entry = DocumentValue(json: ["rank": 8, "target_modules": "all-linear"], at: 0)
    var options = try OptionReader(value: entry, text: DocumentText(name: "tour", bytes: []), what: "method lora")
    let lora = try #require(MethodRegistry.method(named: "lora")).init(reading: &options)
    try options.finish()
    let seeds = SeedStream(42)
    let attachment = try lora.attach(
      to: model, with: AttachmentSetting(seeds: seeds, context: context, tokenizer: renderer.tokenizer))
    #expect(attachment.trainableCount < model.parameterCount / 5)

    // Training sees prompt and answer as ids. Every draw is a function of the seed, so this always gives the same bits.
    var settings = TrainingConfiguration()
    settings.learningRate = 3e-3
    let examples = try training.map { try renderer.render($0, of: boolq).encoded }
    var losses: [Double] = []
    let outcome = try Trainer(
      model: model, attachment: attachment, configuration: settings, seeds: seeds, context: context
    ).train(examples, validation: []) { _, _, loss, _ in losses.append(loss) }
    #expect(losses.count == 64 && losses.suffix(8).reduce(0, +) < losses.prefix(8).reduce(0, +) / 2)

    // The answer is greedy text again, which the dataset's metric reads.
    let answers = try evaluator.generate(prompts, maximumNewTokens: 8, batchSize: 8) { _ in }
    let scores = try boolq.metric.score(zip(held, answers).map { $0.scored($1) })
    #expect(scores.primary == "accuracy" && scores.invalidRate == 0 && scores.value > 0.6)

    // PSCP lowers the score by trainable parameters, added inference FLOPs and training memory, each against a constant:
    // here the model itself, with the weights, gradients and two moments that full fine-tuning would hold.
    let tokens = ForwardFLOPs.referenceTokens
    let base = ForwardFLOPs.count(model, tokens: tokens)
    let formula = PSCP(
      preset: .relative(
        .init(
          parameters: Double(model.parameterCount), flops: Double(base), memory: Double(16 * model.parameterCount))))
    let costs = PSCP.Costs(
      parameters: Double(attachment.trainableCount),
      flops: Double(ForwardFLOPs.count(model, tokens: tokens, cost: attachment.inferenceCost) - base),
      memory: Double(outcome.peak.total))
    #expect(costs.flops == 0, "LoRA can be merged, so it costs nothing at inference")
    let pscp = formula.value(performance: 100 * scores.value, costs: costs)
    #expect(pscp > 0 && pscp < 100 * scores.value)

    // The adapter is saved as Hugging Face PEFT has it, and the model is its old self without it.
    let folder = FileManager.default.temporaryDirectory.appending(path: "tour-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AdapterFile.save(attachment, to: folder, baseModel: files.path)
    #expect(try AdapterFile.open(folder).peftType == "LORA")
    attachment.detach()
    #expect(try evaluator.generate(prompts, maximumNewTokens: 8, batchSize: 8) { _ in } == unaided)
  }
}
