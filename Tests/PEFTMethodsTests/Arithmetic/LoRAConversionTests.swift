import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Conversion to LoRA") struct LoRAConversionTests {
  /// Maps of all methods that leave nothing but linear maps' weights and biases changed.
  static let cases = MethodCase.all.filter { !$0.cannotBeMerged && $0.model == "qwen2" }

  @Test("An adapter that can be merged is the LoRA of full rank that it is converted to", arguments: cases)
  func equal(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    guard attachment.format != nil else { return }
    bench.train(attachment, steps: 2)
    let logits = bench.logits
    let folder = try TemporaryFolder()
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    attachment.detach()
    try bench.model.restoreWeights()
    let before = bench.baseWeights
    let base = LoadedBase(model: bench.model, tokenizer: nil, context: bench.context)
    let converted: AdapterCombination
    do {
      converted = try LoRAConversion.convert(
        try AdapterFile.open(folder.path), on: base, keeping: .energy(1), named: "converted", workers: .one)
    } catch let error as AttachError {
      // What is trained in place, or at tables, is no update of a linear map.
      #expect(error.description.contains("no linear map's update"), "\(method): \(error)")
      return
    }
    #expect(bench.baseWeights == before)
    #expect(try #require(converted.total?.relative) < 1e-5, "\(method)")
    try converted.file.write(to: folder.path + "-lora")
    defer { try? FileManager.default.removeItem(atPath: folder.path + "-lora") }
    let file = try AdapterFile.open(folder.path + "-lora")
    try file.load(
      into: file.method().attach(
        to: bench.model, with: AttachmentSetting(seeds: SeedStream(1), context: bench.context)))
    expectClose(bench.logits, logits, relative: 1e-4, absolute: 1e-4, "\(method) converted")
  }

  @Test("A smaller rank is nearer than none, and its deviation is that of the left-out singular values")
  func truncated() throws {
    let folder = try TemporaryFolder()
    let file = try MethodBench.trainedLoRA(in: folder)
    let one = try LoRAConversion.convert(file, on: nil, keeping: .rank(1), named: "one", workers: .one)
    let relative = try #require(one.total?.relative)
    #expect(relative > 0 && relative < 1)
    for (update, deviation) in zip(try LowRankUpdate.all(of: file, for: ""), one.deviations ?? []) {
      let values = SingularValues(update.dense(workers: .one), workers: .one).values
      let rest = values.dropFirst().reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(deviation.difference - rest) <= 1e-6 * values[0] + 1e-9)
    }
    #expect(try one.file.method().options.contains { $0.name == "rank" && $0.value == 1 })
  }
}
