import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Weights in a file are used or refused by name, whatever the description says.
@Suite("Weights beside the description") struct StoredHeadTests {
  @Test("A head in the file that is not the embedding is used, though the description ties the two")
  func ownHead() throws {
    let files = try ModelFiles.open(GoldenFixture("models/llama-own-head").folder.path)
    #expect(files.untiesHead && !files.configuration.tiesEmbeddings)
    let model = try files.load(as: .auto, context: ComputeContext(threads: 1))
    #expect(model.head.weight !== model.embedding.weight)
    // The embedding and the head count each.
    let tied = try ModelFiles.open(GoldenFixture("models/llama-tied").folder.path)
    #expect(!tied.untiesHead && tied.configuration.tiesEmbeddings)
    #expect(try files.skeleton().parameterCount == tied.skeleton().parameterCount + 96 * 16)
  }

  /// A copy of a fixture's model with tensors put in place of others, or added.
  private func withTensors<Result>(
    of name: String, _ changes: [String: [Float]], _ body: (String) throws -> Result
  ) throws -> Result {
    let source = GoldenFixture("models/\(name)").folder.path
    return try withTemporaryFolder { folder in
      try FileManager.default.copyItem(atPath: source + "/config.json", toPath: folder + "/config.json")
      let checkpoint = try SafetensorsCheckpoint.open(directory: source)
      var writer = SafetensorsWriter()
      for tensor in checkpoint.tensors where changes[tensor.name] == nil {
        writer.add(tensor.name, shape: tensor.shape, as: tensor.type) { Array(tensor.bytes) }
      }
      for (name, values) in changes.sorted(by: { $0.key < $1.key }) {
        let shape = values.count == 96 * 16 ? [96, 16] : [values.count]
        writer.add(name, shape: shape, as: .float32) { values.withUnsafeBytes { Array($0) } }
      }
      try writer.write(to: folder + "/model.safetensors")
      return try body(folder)
    }
  }

  @Test("The same matrix stored a second time stays tied; one element makes it another") func sameHead() throws {
    let checkpoint = try SafetensorsCheckpoint.open(directory: GoldenFixture("models/llama-tied").folder.path)
    var values = try checkpoint.tensor(named: "model.embed_tokens.weight").floats()
    try withTensors(of: "llama-tied", ["lm_head.weight": values]) { folder in
      let files = try ModelFiles.open(folder)
      #expect(!files.untiesHead && files.configuration.tiesEmbeddings)
      try files.checkWeights()
    }
    values[700] += 0.5
    try withTensors(of: "llama-tied", ["lm_head.weight": values]) { folder in
      let files = try ModelFiles.open(folder)
      #expect(files.untiesHead)
      let model = try files.load(as: .auto, context: ComputeContext(threads: 1))
      var row = [Float](repeating: 0, count: 16)
      try row.withUnsafeMutableBufferPointer { buffer in
        try #require(model.head.weight).decodeRow(700 / 16, into: try #require(buffer.baseAddress))
      }
      #expect(row[700 % 16] == values[700])
    }
  }

  @Test(
    "A tensor that is neither a weight of the architecture nor a known buffer is refused by name",
    arguments: ["model.layers.0.self_attn.gate.weight", "layers.0.self_attn.sinks", "model.bias"])
  func unknownTensor(name: String) throws {
    try withTensors(of: "llama", [name: [1, 2, 3]]) { folder in
      let error = #expect(throws: CheckpointError.self) { try ModelFiles.open(folder).checkWeights() }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test("Partial rotation together with scaling, which Llama does not compute, is refused") func partialRotation()
    throws
  {
    let text = DocumentText(
      name: "config.json",
      bytes: Array(
        """
        {"model_type": "llama", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 8,
         "intermediate_size": 8,
         "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0, "partial_rotary_factor": 0.5}}
        """.utf8))
    let description = ModelDescription(root: try JSONParser.parse(text), text: text)
    let error = #expect(throws: DocumentError.self) { try Llama.configuration(from: description) }
    #expect(error?.description.contains("partial_rotary_factor") == true)
  }

  @Test(
    "A GGUF file without a number that its architecture needs is refused by the number's key",
    arguments: [
      ("llama-f32", "llama.attention.layer_norm_rms_epsilon"), ("gpt2-q8_0", "gpt2.attention.layer_norm_epsilon"),
      ("gptneox-q8_0", "gptneox.attention.layer_norm_epsilon"), ("llama-f32", "llama.context_length"),
    ])
  func missingNumber(file: String, key: String) throws {
    var bytes = [UInt8](try Data(contentsOf: GoldenFixture("gguf_models").url("\(file).gguf")))
    let name = Array(key.utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes[place + name.count - 1] = UInt8(ascii: "x")
    try withTemporaryFolder { folder in
      let path = folder + "/model.gguf"
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: CheckpointError.self) { try ModelFiles.open(path) }
      #expect(error?.description.contains(key) == true)
    }
  }
}
