import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("QLoRA") struct QLoRATests {
  /// The mini model with its maps in NF4.
  private static func converted() throws -> (folder: TemporaryFolder, summary: ModelQuantizer.Summary) {
    let folder = try TemporaryFolder()
    let source = try ModelFiles.open(GoldenFixture.package.path + "/models/mini")
    return (folder, try ModelQuantizer.writeNF4(source, to: folder.path))
  }

  private static func makeQLoRA() throws -> any PEFTMethod { try makeMethod("qlora", #"{"rank": 4}"#) }

  @Test("A converted model has its maps in 4 bits and computes about the same")
  func conversion() throws {
    let (folder, summary) = try Self.converted()
    let context = ComputeContext(threads: 1)
    let source = try ModelFiles.open(GoldenFixture.package.path + "/models/mini")
    let plain = try source.load(as: .float32, context: context)
    let files = try ModelFiles.open(folder.path)
    let model = try files.load(as: .auto, context: context)
    #expect(summary.quantized == model.linears.count && summary.kept.isEmpty)
    #expect(model.linears.allSatisfy { $0.weight?.format == .nf4 } && model.embedding.weight?.format != .nf4)
    for (one, other) in zip(model.linears, plain.linears) {
      let (rounded, exact) = (one.weight?.values ?? [], other.weight?.values ?? [])
      let error = zip(rounded, exact).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let size = exact.reduce(0) { $0 + Double($1 * $1) }
      #expect((error / size).squareRoot() < 0.12, "\(one.site)")
    }
    #expect(try files.weightBytes(as: .auto) < source.weightBytes(as: .float32) / 2)
    // As float32 it is what it is in 4 bits.
    let again = try files.load(as: .float32, context: context)
    let ids: [Int32] = [5, 17, 80, 3, 41]
    let probe = MethodProbe(model: model, context: context)
    expectClose(
      probe.logits(ids), MethodProbe(model: again, context: context).logits(ids), relative: 1e-4, absolute: 1e-4)
    #expect(throws: CheckpointError.self) { try ModelQuantizer.writeNF4(files, to: folder.path + "-again") }
    #expect(throws: FileError.self) {
      try ModelQuantizer.writeNF4(
        ModelFiles.open(GoldenFixture("gguf_models").folder.path + "/llama-q8_0.gguf"), to: "x")
    }
  }

  @Test("It begins as the base, learns, is saved as LoRA and gives the same bits again; a plain base is refused")
  func training() throws {
    let (folder, _) = try Self.converted()
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(folder.path)
    let model = try files.load(as: .auto, context: context)
    let probe = MethodProbe(model: model, context: context)
    let ids: [Int32] = [5, 17, 80, 3, 41]
    let before = probe.logits(ids)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    let attached = try Self.makeQLoRA().attach(to: model, with: setting)
    #expect(probe.logits(ids) == before)
    let optimizer = Optimizer(
      .adamW(), parameters: attached.parameters, weightDecay: 0, maximumGradientNorm: nil, context: context)
    var losses: [Double] = []
    for _ in 0..<4 {
      losses.append(probe.loss([(ids: ids, labels: [-1, -1, -1, 9, 62])]))
      optimizer.step(learningRate: 1e-2, gradientNorm: optimizer.gradientNorm())
    }
    #expect(losses[3] < losses[0])
    let after = probe.logits(ids)
    let saved = try TemporaryFolder()
    try AdapterFile.save(attached, to: saved.path, baseModel: folder.path)
    let file = try AdapterFile.open(saved.path)
    #expect(try file.peftType == "LORA" && file.method(as: QLoRA.self) != nil)
    attached.detach()
    #expect(probe.logits(ids) == before)
    try file.load(into: file.method().attach(to: model, with: setting))
    #expect(probe.logits(ids) == after)
    #expect(throws: (any Error).self) { try ModelMerger.write(model, from: files, to: saved.path + "-merged") }

    let plain = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
    let error = #expect(throws: AttachError.self) { try Self.makeQLoRA().attach(to: plain, with: setting) }
    #expect(error?.description.contains("model convert") == true)
    #expect(try Self.makeQLoRA().attach(to: files.skeleton(), with: setting).trainableCount == attached.trainableCount)
    // That a weight is in 4 bits is known without it.
    let twice = #expect(throws: AttachError.self) {
      try makeMethod("lora", #"{"rank": 4, "init": "loftq"}"#).attach(to: files.skeleton(), with: setting)
    }
    #expect(twice?.description.contains("but it is quantized already") == true, "\(twice?.description ?? "")")
  }

  @Test("Around maps in NF4, into which nothing can be merged, each method costs its own multiply-adds")
  func addedOperations() throws {
    let (folder, _) = try Self.converted()
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(folder.path)
    let plain = try ModelFiles.open(GoldenFixture.package.path + "/models/mini").skeleton()
    // Of W: [m, n], what a token costs beside m · n.
    let costs: [(name: String, options: String, count: (_ m: Int, _ n: Int) -> Int)] = [
      ("lora", #""rank": 4"#, { 4 * ($0 + $1) }), ("qlora", #""rank": 4"#, { 4 * ($0 + $1) }),
      ("lora", #""rank": 4, "rule": "lora-fa""#, { 4 * ($0 + $1) }),
      ("dora", #""rank": 4"#, { 4 * ($0 + $1) + $0 }), ("pissa", #""rank": 4"#, { 8 * ($0 + $1) }),
      ("hira", #""rank": 4"#, { $0 * $1 }), ("loha", #""rank": 4"#, { $0 * $1 }), ("glora", #""rank": 4"#, { $0 * $1 }),
      ("vera", #""rank": 8"#, { 8 * ($0 + $1) + 8 + $0 }), ("road", #""group_size": 2"#, { m, _ in 2 * m }),
      ("oft", #""block_size": 4"#, { _, n in 4 * n }), ("hra", #""rank": 2"#, { _, n in 4 * n }),
      ("miss", #""rank": 4"#, { 4 * $0 + $1 }), ("miss", #""rank": 4, "mode": "bat""#, { $0 * $1 }),
      ("svft", #""rank": 4, "off_diag": 0"#, { 4 * ($0 + $1) + 4 }),
      ("delora", #""rank": 4"#, { 4 * ($0 + $1) + $1 }), ("deft", #""rank": 4, "para": true"#, { 4 * ($0 + $1) }),
      ("shira", #""rank": 2"#, { 2 * ($0 + $1) }), ("ia3", #""feedforward": "output""#, { m, _ in m }),
      ("bitfit", #""init": "zero""#, { m, _ in m }),
    ]
    for model in [try files.skeleton(), try files.load(as: .float32, context: context)] {
      let targets = model.linears.filter { $0.shortName == "q_proj" }
      for (name, options, count) in costs where name != "qlora" || targets.contains(where: { $0.weight == nil }) {
        let method = try makeMethod(name, "{\"target_modules\": [\"q_proj\"], \(options)}")
        let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
        let attached = try method.attach(to: model, with: setting)
        let expected = 2 * targets.reduce(0) { $0 + count($1.outputs, $1.inputs) }
        #expect(attached.inferenceCost == InferenceCost(operationsPerToken: expected), "\(name) \(options)")
        attached.detach()
        let merged = try method.attach(to: plain, with: setting)
        #expect(merged.inferenceCost == InferenceCost(), "\(name) \(options)")
        merged.detach()
      }
    }
    let part = #"{"name": "lora", "rank": 4, "target_modules": ["q_proj"]}"#
    let skeleton = try files.skeleton()
    let both = try makeMethod("combined", "{\"parts\": [\(part), \(part)]}").attach(
      to: skeleton, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    let sizes = skeleton.linears.filter { $0.shortName == "q_proj" }.map { $0.inputs + $0.outputs }
    #expect(both.inferenceCost.operationsPerToken == 2 * 2 * 4 * sizes.reduce(0, +))
  }
}
