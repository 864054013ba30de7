import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("GGUF models against transformers") struct GGUFModelTests {
  static let names = [
    "llama-f32", "llama-f16", "llama-q8_0", "llama-q4_0", "llama-q4_1", "llama3-rope-q8_0", "qwen2-q8_0", "qwen3-q8_0",
    "gemma-q8_0", "gpt2-q8_0",
  ]
  static let fixture = GoldenFixture("gguf_models")

  @Test("Logits equal those of transformers on the dequantised weights", arguments: names)
  func logits(name: String) throws {
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(Self.fixture.url("\(name).gguf").path).load(as: .auto, context: context)
    try expectLogits(
      of: model, try Self.fixture.json("\(name).expected.json"),
      try Self.fixture.tensors("\(name).expected.safetensors"), name, context: context)
  }

  @Test("The tokenizer inside gives the ids of Hugging Face's, and the texts back", arguments: names)
  func tokenizer(name: String) throws {
    let files = try ModelFiles.open(Self.fixture.url("\(name).gguf").path)
    let tokenizer = try files.tokenizer()
    let texts = try #require(try Self.fixture.json("\(name).expected.json")["texts"]?.array)
    #expect(!texts.isEmpty)
    for entry in texts {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]?.array).compactMap(\.integer)
      #expect(tokenizer.encode(text, addSpecialTokens: false).map(Int.init) == ids, "\(text)")
      #expect(tokenizer.decode(ids.map(Int32.init), skipSpecialTokens: false) == text)
    }
    let templates = try files.tokenizerConfiguration().chatTemplates
    #expect(templates.map(\.name) == ["default"] && templates[0].source.contains("<|begin|>"))
  }
}
