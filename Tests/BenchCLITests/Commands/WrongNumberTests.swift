import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Numbers that go wrong in a run: found at once, told with run, step and tensor, and the sweep goes on.
@Suite("Numbers that go wrong") struct WrongNumberTests {
  /// Runs a sweep, and gives the causes of the failed runs by method.
  private func failures(_ workspace: Workspace, _ arguments: String...) throws -> [String: String] {
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    let result = try SpawnedProgram.run(
      [], shell: "cd '\(workspace.folder.path)' && exec \"$PROGRAM\" run config.json -o out \(words)")
    #expect(result.status == 1, "\(result)")
    var causes: [String: String] = [:]
    for id in try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs")) {
      let error = "out/runs/\(id)/error.json"
      guard FileManager.default.fileExists(atPath: workspace.path(error)) else { continue }
      #expect(!FileManager.default.fileExists(atPath: workspace.path("out/runs/\(id)/record.json")))
      let json = try workspace.json(file: error)
      let (method, cause) = (json["method"]?["label"]?.string ?? "", json["error"]?.string ?? "")
      causes[method] = cause
      #expect(result.diagnostics.contains("\(method)") && result.diagnostics.contains(cause), "\(result.diagnostics)")
    }
    return causes
  }

  @Test("A learning rate that explodes fails its own run alone") func learningRate() throws {
    let workspace = try Workspace()
    let methods = """
      [{"name": "lora", "label": "calm", "rank": 4}, {"name": "full", "label": "wild", "learning_rate": 1000},
       {"name": "full", "label": "unclipped", "learning_rate": 1000, "optimizer": "sgd", "max_grad_norm": 0}]
      """
    try workspace.write(Workspace.configuration(methods: methods, datasets: #"["sst2"]"#), to: "config.json")
    let causes = try failures(workspace)
    #expect(Set(causes.keys) == ["wild", "unclipped"], "\(causes)")
    for cause in causes.values {
      #expect(cause.hasPrefix("step ") && cause.contains("the learning rate may be too high"), "\(cause)")
      #expect(cause.contains("; tensor ") || cause.contains("diverged") || cause.contains("gradient"), "\(cause)")
    }
    #expect(try workspace.run("status", "out").output.contains("wild"))
  }

  @Test("A weight that is no number is named, in training and without any") func weights() throws {
    let workspace = try Workspace()
    let file = try GGUFFile(path: GoldenFixture("gguf_models").url("llama-f32.gguf").path)
    let tensor = try #require(file.tensors.first { $0.name == "blk.1.ffn_up.weight" })
    var bytes = tensor.file.contents
    // One element of the second row.
    let place = tensor.range.lowerBound + 4 * (tensor.shape[1] + 3)
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: Float.nan.bitPattern >> UInt32(8 * index)) }
    try workspace.write(bytes, to: "m.gguf")
    try workspace.write(
      Workspace.configuration(model: "m.gguf", methods: #"["ia3"]"#, datasets: #"["sst2"]"#), to: "config.json")
    let causes = try failures(workspace)
    #expect(causes.count == 2, "\(causes)")
    for cause in causes.values {
      #expect(cause.contains("; tensor model.layers.1.mlp.up_proj.weight holds nan"), "\(cause)")
    }
    #expect(causes["ia3"]?.hasPrefix("step 1: the loss is not a number") == true, "\(causes)")
  }
}
