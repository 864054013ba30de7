import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Writes trained adapters, merged models and their logits for a check in Python.
///
/// `scripts/golden/check_adapters.py` loads them into Hugging Face PEFT. Runs only where `PEFT_BENCH_EXPORT` names a
/// folder to write to.
@Suite("Adapters for PEFT", .enabled(if: ProcessInfo.processInfo.environment["PEFT_BENCH_EXPORT"] != nil))
struct AdapterExportTests {
  @Test("Every method's adapter and merged model is written", arguments: MethodCase.all.indices)
  func export(index: Int) throws {
    let method = MethodCase.all[index]
    let root = try #require(ProcessInfo.processInfo.environment["PEFT_BENCH_EXPORT"])
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    guard attachment.format != nil else { return }
    bench.train(attachment, steps: 5)
    let folder = "\(root)/\(index)-\(method.name)-\(method.model)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try AdapterFile.save(attachment, to: folder + "/adapter", baseModel: "tiny-random-\(method.model)")
    if !method.cannotBeMerged { try ModelMerger.write(bench.model, from: bench.files, to: folder + "/merged") }
    var writer = SafetensorsWriter()
    let logits = bench.logits
    writer.add("ids", integers: MethodBench.ids.map(Int.init), shape: [MethodBench.ids.count])
    writer.add("logits", logits, shape: [MethodBench.ids.count, logits.count / MethodBench.ids.count])
    try writer.write(to: folder + "/expected.safetensors")
    let identity: JSONValue = [
      "method": JSONValue(method.name), "options": JSONValue(method.options), "model": JSONValue(method.model),
    ]
    try AtomicFile.write(identity.prettyText + "\n", to: folder + "/case.json")
  }

  @Test("An adapter that was trained on a GGUF file is written, with the file as its base model")
  func exportFromGGUF() throws {
    let root = try #require(ProcessInfo.processInfo.environment["PEFT_BENCH_EXPORT"])
    let folder = "\(root)/\(MethodCase.all.count)-lora-gguf"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = GoldenFixture("gguf_models").folder.path + "/llama-q8_0.gguf"
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(path).load(as: .auto, context: context)
    let attachment = try makeMethod("lora", #"{"rank": 4, "target_modules": "all-linear"}"#).attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    for parameter in attachment.parameters where parameter.name.contains("lora_B") {
      parameter.assign(SeedStream(2).child(parameter.name).normals(parameter.elementCount, standardDeviation: 0.2))
    }
    try AdapterFile.save(attachment, to: folder + "/adapter", baseModel: path)
    let ids = MethodBench.ids
    let logits = MethodProbe(model: model, context: context).logits(ids)
    var writer = SafetensorsWriter()
    writer.add("ids", integers: ids.map(Int.init), shape: [ids.count])
    writer.add("logits", logits, shape: [ids.count, logits.count / ids.count])
    try writer.write(to: folder + "/expected.safetensors")
    let identity: JSONValue = ["method": "lora", "options": "trained on a GGUF file", "model": "gguf"]
    try AtomicFile.write(identity.prettyText + "\n", to: folder + "/case.json")
  }
}
