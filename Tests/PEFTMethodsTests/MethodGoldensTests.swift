import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Golden values of the methods")
struct MethodGoldensTests {
  @Test("Each method's gradients, start and end belong to the same tensors")
  func methods() throws {
    let names = GoldenFixture.names(in: "methods")
    #expect(names.count >= 111)
    for name in names {
      let fixture = GoldenFixture("methods/\(name)")
      let tensors = try fixture.tensors("expected.safetensors")
      let description = try #require(try fixture.json("expected.json").object)
      let steps = try #require(description["steps"]?.integer)
      let losses = try tensors.tensor("losses").values
      #expect(losses.count == steps + 1, "\(name)")
      let (first, last) = (try #require(losses.first), try #require(losses.last))
      #expect(last < first, "\(name)")
      for index in 0..<(try #require(description["sequences"]?.integer)) {
        let ids = try tensors.integers("batch_ids_\(index)")
        let labels = try tensors.integers("batch_labels_\(index)")
        #expect(ids.count == labels.count, "\(name)")
        #expect(zip(ids, labels).allSatisfy { $1 == -100 || $0 == $1 }, "\(name)")
      }
      let gradients = tensors.tensors(under: "gradient/")
      #expect(!gradients.isEmpty, "\(name)")
      for gradient in gradients {
        #expect(try tensors.tensor("final/\(gradient.name)").shape == gradient.shape, "\(name) \(gradient.name)")
        #expect(gradient.values.contains { $0 != 0 }, "\(name) \(gradient.name)")
      }
      let total = try #require(description["trainable_parameters"]?.integer)
      let kept = gradients.reduce(0) { $0 + $1.values.count }
      #expect(name.hasPrefix("full") ? kept < total : kept == total, "\(name)")
    }
  }

  @Test("What PEFT writes for the tiny Llama has goldens on GPT-2, whose weights lie turned, too")
  func turnedWeights() throws {
    var types: [String: Set<String>] = [:]
    for name in GoldenFixture.names(in: "methods") {
      let fixture = GoldenFixture("methods/\(name)")
      guard FileManager.default.fileExists(atPath: fixture.url("adapter_config.json").path) else { continue }
      let model = try #require(try fixture.json("expected.json")["model"]?.string)
      let type = try #require(try fixture.json("adapter_config.json")["peft_type"]?.string)
      types[model, default: []].insert(type)
    }
    #expect(try #require(types["llama"]).subtracting(types["gpt2"] ?? []).isEmpty)
  }

  @Test(
    "Every family has goldens of LoRA, IA3 and prefix tuning", arguments: ModelFamilies.all.map { $0.modelTypes[0] })
  func families(type: String) throws {
    let covered = try GoldenFixture.names(in: "methods").compactMap { name -> String? in
      let description = try GoldenFixture("methods/\(name)").json("expected.json")
      guard let model = description["model"]?.string, let method = description["method"]?.string else { return nil }
      let configuration = try GoldenFixture("models/\(model)").json("config.json")
      return configuration["model_type"]?.string == type ? method : nil
    }
    #expect(Set(covered).isSuperset(of: ["lora", "ia3", "prefix-tuning"]))
  }
}
