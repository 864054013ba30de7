import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What every method must hold on every architecture; a method that is added to the registry comes in by itself.
///
/// Exemptions stand in `MethodCase` with their reasons, and nowhere else.
@Suite("The contract of the methods") struct MethodContractTests {
  @Test("A fresh method leaves the model's output as it is, a trained one changes it", arguments: MethodCase.all)
  func identity(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let before = bench.logits
    let attachment = try bench.attach()
    switch method.start {
    case .sameBits: #expect(bench.logits == before)
    case .rounding: expectClose(bench.logits, before, relative: 1e-4, absolute: 1e-4)
    case .elsewhere: #expect(bench.logits != before)
    }
    if attachment.parameters.isEmpty { return }
    let fresh = bench.logits
    bench.train(attachment, steps: 2)
    #expect(bench.logits != fresh)
    #expect(bench.logits.allSatisfy { $0.isFinite })
  }

  @Test("Training leaves the base weights alone, and gradients go to what was attached", arguments: MethodCase.all)
  func freezing(method: MethodCase) throws {
    guard !["full", "galore"].contains(method.name) else { return }
    let bench = try MethodBench(method)
    let before = bench.baseWeights
    let attachment = try bench.attach()
    bench.backward()
    #expect(bench.context.pool.live[.gradients] == 4 * attachment.trainableCount)
    #expect(attachment.parameters.allSatisfy { $0.gradient != nil })
    bench.train(attachment, steps: 2)
    #expect(bench.baseWeights == before)
    // Zero factors have let the others' gradients through by now.
    bench.backward()
    for parameter in attachment.parameters {
      let gradient = try #require(parameter.gradient, "\(parameter.name)")
      #expect(gradient.values.contains { $0 != 0 }, "\(parameter.name)")
      #expect(gradient.values.allSatisfy { $0.isFinite }, "\(parameter.name)")
    }
  }

  @Test("As many values are trained as the closed form says", arguments: MethodCase.all)
  func count(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let expected = try #require(
      method.closedForm?(ArchitectureSizes(bench.model)), "add the closed form of \(method) to MethodCase")
    let attachment = try bench.attach()
    #expect(attachment.trainableCount == expected)
    #expect(Set(attachment.parameters.map(\.name)).count == attachment.parameters.count)
  }

  @Test("Detaching gives the base model back, bit for bit", arguments: MethodCase.all)
  func detaching(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let before = bench.logits
    let attachment = try bench.attach()
    bench.train(attachment, steps: 1)
    attachment.detach()
    try bench.model.restoreWeights()
    #expect(bench.logits == before)
  }

  @Test(
    "A saved adapter gives the same bits again, with its options and from its file alone", arguments: MethodCase.all)
  func saving(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    guard attachment.format != nil else { return }
    bench.train(attachment, steps: 2)
    let after = bench.logits
    let folder = try TemporaryFolder()
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    let file = try AdapterFile.open(folder.path)

    let again = try MethodBench(method)
    try file.load(into: again.attach(seed: 99))
    #expect(again.logits == after)

    let alone = try MethodBench(method)
    let setting = AttachmentSetting(seeds: SeedStream(99), context: alone.context)
    try file.load(into: file.method().attach(to: alone.model, with: setting))
    if method.isSavedConverted {
      expectClose(alone.logits, after, relative: 1e-4, absolute: 1e-4)
    } else {
      #expect(alone.logits == after)
    }
  }

  @Test("An adapter of another architecture is refused, with the tensor's name", arguments: MethodCase.all)
  func otherArchitecture(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    guard let format = attachment.format else { return }
    let folder = try TemporaryFolder()
    func narrowed(_ format: AdapterFormat) -> AdapterFormat {
      guard format.parts.isEmpty else {
        return AdapterFormat(
          parts: format.parts.map { ($0.folder, narrowed($0.format)) }, peftType: format.peftType)
      }
      return AdapterFormat(
        peftType: format.peftType, configuration: format.configuration.map { ($0.key, $0.value) },
        tensors: format.tensors.map { tensor in
          let shape = tensor.shape.dropLast() + [(tensor.shape.last ?? 0) + 1]
          return AdapterTensor(
            key: tensor.key, shape: Array(shape), values: { [Float](repeating: 0, count: shape.reduce(1, *)) },
            assign: nil)
        })
    }
    let narrow = narrowed(format)
    let record = AttachedMethod(
      parameters: [], inferenceCost: attachment.inferenceCost, format: narrow)
    try AdapterFile.save(record, to: folder.path, baseModel: "tiny")
    let file = try AdapterFile.open(folder.path)
    let other = try MethodBench(method)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: other.context)
    #expect(throws: CheckpointError.self) {
      try file.load(into: file.method().attach(to: other.model, with: setting))
    }
  }

  @Test("Merged weights give the attached model's output, where a method can be merged", arguments: MethodCase.all)
  func merging(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    bench.train(attachment, steps: 2)
    let attached = bench.logits
    let folder = try TemporaryFolder()
    if method.cannotBeMerged {
      #expect(throws: AttachError.self) {
        try ModelMerger.write(bench.model, from: bench.files, to: folder.path)
      }
      return
    }
    try ModelMerger.write(bench.model, from: bench.files, to: folder.path)
    let merged = try ModelFiles.open(folder.path).load(as: .auto, context: bench.context)
    expectClose(
      MethodProbe(model: merged, context: bench.context).logits(MethodBench.ids), attached, relative: 1e-4,
      absolute: 1e-4, "\(method) merged")
    #expect(attachment.inferenceCost == InferenceCost())
  }

  @Test("Folded for evaluation it gives the same output, and unfolded the same bits", arguments: MethodCase.all)
  func folding(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    bench.train(attachment, steps: 2)
    let attached = bench.logits
    let restore = bench.model.foldAdapters(context: bench.context)
    expectClose(bench.logits, attached, relative: 1e-4, absolute: 1e-4, "\(method) folded")
    #expect(bench.model.linears.allSatisfy { $0.adapters.isEmpty })
    restore()
    #expect(bench.logits == attached)
  }

  @Test("Merging keeps the checkpoint's types, or gives the one that is asked for")
  func mergedTypes() throws {
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(GoldenFixture("models/llama-bf16").folder.path)
    let model = try files.load(as: .auto, context: context)
    _ = try makeMethod("ia3", "{}").attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    for type in [nil, SafetensorsType.float32] {
      let folder = try TemporaryFolder()
      try ModelMerger.write(model, from: files, to: folder.path, as: type)
      let written = try SafetensorsCheckpoint.open(directory: folder.path).tensors
      #expect(written.allSatisfy { $0.type == type ?? .bfloat16 })
      // Ones were folded in.
      for tensor in try SafetensorsCheckpoint.open(directory: files.path).tensors {
        #expect(try tensor.floats() == written.first { $0.name == tensor.name }?.floats())
      }
    }
  }

  @Test("A target that matches nothing is an error that lists what there is", arguments: MethodCase.all)
  func noTarget(method: MethodCase) throws {
    let type = try #require(MethodRegistry.method(named: method.name))
    let options = try OptionReader.describing { _ = try type.init(reading: &$0) }
    guard options.contains(where: { $0.name == "target_modules" }), !options.contains(where: \.isRequired) else {
      return
    }
    let bench = try MethodBench(method)
    for wrong in [#"["no_such_map"]"#, #"".*no_such.*""#] {
      let aimless = try makeMethod(method.name, #"{"target_modules": \#(wrong)}"#)
      let error = #expect(throws: AttachError.self) {
        try aimless.attach(to: bench.model, with: AttachmentSetting(seeds: SeedStream(1), context: bench.context))
      }
      #expect(error?.description.contains("this model has") == true)
    }
  }

  @Test("The same seed draws the same bits, another seed others", arguments: MethodCase.all)
  func seeds(method: MethodCase) throws {
    func values(_ seed: Int) throws -> [[Float]] {
      let bench = try MethodBench(method)
      let values = try bench.attach(seed: seed).parameters.map(\.value.values)
      return withExtendedLifetime(bench) { values }
    }
    let first = try values(1)
    #expect(try values(1) == first)
    let other = try values(2)
    if !method.drawsNothing { #expect(other != first) }
    // Places may be drawn where values are not.
    if try !makeMethod(method.name, method.options).drawsStart { #expect(other == first) }
  }

  @Test("Every option says what it is for", arguments: MethodRegistry.all.map { $0.name })
  func described(name: String) throws {
    let type = try #require(MethodRegistry.method(named: name))
    for option in try OptionReader.describing({ _ = try type.init(reading: &$0) }) {
      #expect(option.about?.isEmpty == false, "\(name): \(option.name)")
    }
  }

  @Test("Parameters are counted without weights", arguments: MethodCase.all)
  func counting(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: ComputeContext(threads: 1))
    let attachment = try makeMethod(method.name, method.options).attach(to: bench.files.skeleton(), with: setting)
    #expect(attachment.trainableCount == (try bench.attach().trainableCount))
    #expect(setting.context.pool.peak.total == 0)
  }
}
