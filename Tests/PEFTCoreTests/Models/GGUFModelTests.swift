import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("GGUF models against transformers") struct GGUFModelTests {
  static let names = [
    "llama-f32", "llama-f16", "llama-q8_0", "llama-q4_0", "llama-q4_1", "llama-q4_k", "llama3-rope-q8_0", "qwen2-q8_0",
    "qwen3-q8_0",
    "gemma-q8_0", "gpt2-q8_0", "gemma2-q8_0", "gemma3-q8_0", "phi3-q8_0", "phi3-longrope-q8_0", "olmo-q8_0",
    "olmo2-q8_0", "smollm3-q8_0", "gptneox-q8_0",
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

  @Test(
    "A model whose matrices are stored in any of the formats computes with the decoded values",
    arguments: WeightFormat.ggml)
  func formats(format: WeightFormat) throws {
    let stored = TinyGGUF(matrices: format)
    let decoded = stored.decoded()
    let context = ComputeContext(threads: 2)
    func logits(_ file: TinyGGUF) throws -> [Float] {
      try withTemporaryFolder { folder in
        let path = folder + "/model.gguf"
        try Data(file.bytes).write(to: URL(fileURLWithPath: path))
        let model = try ModelFiles.open(path).load(as: .auto, context: context)
        #expect(model.linears.allSatisfy { $0.weight?.format == file.format })
        let tape = Tape(context: context, recording: false)
        var forest = TokenForest()
        forest.add(.tokens([3, 1, 4, 1, 5, 9, 2, 6]), under: nil)
        let hidden = model.hiddenStates(forest, on: tape)
        return model.logits(rows: [0, 3, 7], of: hidden, on: tape).value.values
      }
    }
    let expected = try logits(decoded)
    #expect(Set(expected).count > 20 && expected.allSatisfy(\.isFinite))
    expectClose(try logits(stored), expected, relative: 1e-4, absolute: 1e-4, format.name)
  }
}

/// A Llama of one layer as a GGUF file, with random blocks in place of trained weights.
struct TinyGGUF {
  static let width = 256
  static let vocabulary = 32
  let format: WeightFormat
  private let matrices: [(name: String, outputs: Int, content: [UInt8])]

  init(matrices format: WeightFormat) {
    self.format = format
    let maps = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
    let table = WeightMatrixTests.randomBytes(format, outputs: Self.vocabulary, inputs: Self.width)
    matrices =
      [("token_embd.weight", Self.vocabulary, table)]
      + maps.enumerated().map { index, name in
        // Taller matrices begin with other random blocks.
        let rows = Self.width + 8 * index
        let content = WeightMatrixTests.randomBytes(format, outputs: rows, inputs: Self.width)
        return ("blk.0.\(name).weight", Self.width, Array(content.prefix(content.count / rows * Self.width)))
      }
  }

  private init(format: WeightFormat, matrices: [(name: String, outputs: Int, content: [UInt8])]) {
    self.format = format
    self.matrices = matrices
  }

  /// The same model with its matrices in float32.
  func decoded() -> TinyGGUF {
    TinyGGUF(
      format: .float32,
      matrices: matrices.map { matrix in
        let count = matrix.outputs * Self.width
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
          matrix.content.withUnsafeBytes { source in
            if let source = source.baseAddress, let target = buffer.baseAddress {
              format.decode(source, blockCount: count / format.blockLength, into: target)
            }
          }
          initialized = count
        }
        return (matrix.name, matrix.outputs, values.withUnsafeBytes { Array($0) })
      })
  }

  /// The file.
  var bytes: [UInt8] {
    func text(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }
    func key(_ name: String, _ value: Int) -> [UInt8] {
      text(name) + littleEndian(UInt32(4)) + littleEndian(UInt32(value))
    }
    let types: [WeightFormat: UInt32] = [
      .float32: 0, .float16: 1, .q40: 2, .q41: 3, .q50: 6, .q51: 7, .q80: 8, .q2K: 10, .q3K: 11, .q4K: 12, .q5K: 13,
      .q6K: 14, .iq4NL: 20, .bfloat16: 30,
    ]
    let keys = [
      text("general.architecture") + littleEndian(UInt32(8)) + text("llama"),
      key("llama.embedding_length", Self.width), key("llama.block_count", 1), key("llama.attention.head_count", 4),
      key("llama.feed_forward_length", Self.width), key("llama.context_length", 64),
      text("llama.attention.layer_norm_rms_epsilon") + littleEndian(UInt32(6)) + littleEndian(Float(1e-5).bitPattern),
    ]
    let ones = [Float](repeating: 1, count: Self.width).withUnsafeBytes { Array($0) }
    let norms = ["blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"]
    var head: [UInt8] = []
    var data: [UInt8] = []
    for (name, rows, content) in matrices + norms.map({ ($0, 0, ones) }) {
      let dimensions = rows == 0 ? [Self.width] : [Self.width, rows]
      head += text(name) + littleEndian(UInt32(dimensions.count)) + dimensions.flatMap { littleEndian(UInt64($0)) }
      head += littleEndian(rows == 0 ? 0 : types[format] ?? 99) + littleEndian(UInt64(data.count))
      data += content + [UInt8](repeating: 0, count: (32 - content.count % 32) % 32)
    }
    var file = Array("GGUF".utf8) + littleEndian(UInt32(3)) + littleEndian(UInt64(matrices.count + norms.count))
    file += littleEndian(UInt64(keys.count)) + keys.flatMap { $0 } + head
    return file + [UInt8](repeating: 0, count: (32 - file.count % 32) % 32) + data
  }
}
