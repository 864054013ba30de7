import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Finding and refusing models") struct ModelFilesTests {
  let commit = String(repeating: "0123abcdef", count: 4)
  let llama = GoldenFixture("models/llama").folder.path

  /// Writes files into a folder, which is made.
  func write(_ files: [String: String], to folder: String) throws {
    for (name, content) in files {
      let url = URL(fileURLWithPath: "\(folder)/\(name)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: url, atomically: false, encoding: .utf8)
    }
  }

  /// The fixture's description with some keys set or, for nil, left out.
  func description(_ changes: [(String, String?)] = [], of name: String = "llama") throws -> String {
    var members = try #require(try GoldenFixture("models/\(name)").json("config.json").object).members.map {
      ($0.key, String(decoding: JSONValue($0.value).line, as: UTF8.self))
    }
    for (key, value) in changes {
      members.removeAll { $0.0 == key }
      if let value { members.append((key, value)) }
    }
    return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ",\n") + "}"
  }

  /// What opening the model and checking its weights throws.
  func complaint(_ path: String, revision: String? = nil, cache: HubCache = HubCache(path: "/nonexistent")) -> String {
    do {
      try ModelFiles.open(path, revision: revision, cache: cache).checkWeights()
      return "nothing"
    } catch let error as any InputError {
      #expect(!error.description.contains("\n"))
      return error.description
    } catch { return "no InputError: \(error)" }
  }

  @Test("A Hub id is looked up in the cache, with its revision; a folder of that name comes first") func hub() throws {
    try withTemporaryFolder { root in
      let repository = "\(root)/models--org--tiny"
      try write(["refs/main": commit, "refs/v1": commit], to: repository)
      try FileManager.default.createDirectory(atPath: repository + "/snapshots", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: llama, toPath: repository + "/snapshots/" + commit)
      let cache = HubCache(path: root)
      let files = try ModelFiles.open("org/tiny", cache: cache)
      #expect(files.name == "tiny" && files.path == repository + "/snapshots/" + commit)
      #expect(try ModelFiles.open("org/tiny", revision: "v1", cache: cache).path == files.path)
      let unknown = complaint("org/tinny", cache: cache)
      #expect(unknown.contains("no such model folder") && unknown.contains(root) && unknown.contains("org/tiny"))
      #expect(complaint("org/tiny", revision: "v2", cache: cache).contains("refs/v2"))
      #expect(complaint(llama, revision: "v1", cache: cache).contains("belongs to a Hub id"))
      #expect(complaint("/no/such/place", cache: cache).contains("no such model folder or file"))
      // A file's name that could be an id.
      #expect(complaint("models/tiny.gguf", cache: cache).hasSuffix("there is no such model folder or file"))

    }
  }

  @Test("A folder with one GGUF file is that model; with several, one must be named") func ggufFolder() throws {
    try withTemporaryFolder { root in
      let file = GoldenFixture("gguf_models").url("llama-q4_0.gguf").path
      try FileManager.default.copyItem(atPath: file, toPath: root + "/a.gguf")
      #expect(try ModelFiles.open(root).configuration.family == "llama")
      #expect(complaint(root) == "nothing")
      try FileManager.default.copyItem(atPath: file, toPath: root + "/b.gguf")
      #expect(complaint(root).contains("name one: a.gguf, b.gguf"))
    }
  }

  @Test("What is missing or half-downloaded is said, with the remains") func incomplete() throws {
    try withTemporaryFolder { root in
      #expect(complaint(root).contains("neither config.json nor a GGUF file"))
      try write(["adapter_config.json": "{}"], to: root + "/adapter")
      #expect(complaint(root + "/adapter").contains("an adapter and no model"))
      try write(["config.json": try description()], to: root + "/bare")
      #expect(try ModelFiles.open(root + "/bare").skeleton().parameterCount > 0)
      #expect(complaint(root + "/bare").contains("has no weights (model.safetensors)"))
      try write(["pytorch_model.bin": ""], to: root + "/bare")
      #expect(complaint(root + "/bare").contains("convert the model to safetensors"))

      let snapshot = root + "/models--org--tiny/snapshots/" + commit
      let sharded = GoldenFixture("models/llama-sharded").folder.path
      try write(["../../blobs/abc.incomplete": "x"], to: snapshot)
      try FileManager.default.removeItem(atPath: snapshot)
      try FileManager.default.copyItem(atPath: sharded, toPath: snapshot)
      #expect(complaint(snapshot) == "nothing")
      try FileManager.default.removeItem(atPath: snapshot + "/model-00002-of-00003.safetensors")
      let half = complaint(snapshot)
      #expect(half.contains("half-downloaded: of 3 files of weights model-00002-of-00003.safetensors is missing"))
      #expect(half.contains("blobs/abc.incomplete"))
      let context = ComputeContext(threads: 1)
      #expect(throws: FileError.self) { try ModelFiles.open(snapshot).load(as: .auto, context: context) }
      #expect(context.pool.peak.total == 0)
    }
  }

  @Test("Weights that do not fit the description are refused before one is loaded") func mislabelled() throws {
    let cases: [(String, [(String, String?)], String)] = [
      ("llama", [("num_hidden_layers", "1")], "is not part of the architecture llama"),
      ("llama", [("num_hidden_layers", "3")], "is missing from the checkpoint"),
      ("llama", [("intermediate_size", "32")], "has shape [24, 16], but the model's description asks for [32, 16]"),
      ("llama", [("model_type", "\"qwen2\"")], "q_proj.bias"), ("llama", [("model_type", "\"olmo2\"")], "is missing"),
      ("gpt2", [("n_embd", "32")], "has shape"),
    ]
    for (name, changes, expected) in cases {
      try withTemporaryFolder { root in
        try write(["config.json": try description(changes, of: name)], to: root)
        try FileManager.default.copyItem(
          atPath: GoldenFixture("models/\(name)").url("model.safetensors").path, toPath: root + "/model.safetensors")
        #expect(complaint(root).contains(expected), "\(complaint(root))")
        let context = ComputeContext(threads: 1)
        #expect(throws: (any Error).self) { try ModelFiles.open(root).load(as: .auto, context: context) }
        #expect(context.pool.peak.total == 0)
      }
    }
  }

  @Test(
    "Models of other kinds are refused by what they are",
    arguments: [
      ([("model_type", "\"llamma\"")], "did you mean llama?"), ([("model_type", nil)], "does not say its"),
      ([("quantization_config", "{\"quant_method\": \"gptq\", \"bits\": 4}")], "quantized by GPTQ"),
      ([("quantization_config", "{\"quant_method\": \"awq\"}")], "quantized by AWQ"),
      ([("model_type", "\"t5\"")], "an encoder-decoder model"),
      ([("model_type", "\"custom\""), ("is_encoder_decoder", "true")], "an encoder-decoder model"),
      ([("model_type", "\"bert\"")], "an encoder"), ([("model_type", "\"mamba\"")], "state-space"),
      ([("model_type", "\"mixtral\""), ("num_local_experts", "8")], "a mixture of 8 experts"),
      ([("model_type", "\"gemma3\""), ("text_config", "{}")], "images"),
      ([("architectures", "[\"LlamaForSequenceClassification\"]")], "head for SequenceClassification"),
      ([("rope_parameters", "{\"rope_type\": \"yarn\"}")], "rotary scaling \"yarn\" is not supported"),
      ([("hidden_act", "\"xielu\"")], "the activation \"xielu\" is not supported"),
      ([("rope_theta", "0")], "\"rope_theta\": expected a positive number, found 0.0"),
      ([("rope_parameters", "{\"rope_theta\": -1}")], "\"rope_theta\": expected a positive number"),
      ([("rms_norm_eps", "-1e-5")], "\"rms_norm_eps\": expected a positive number"),
      ([("num_key_value_heads", "3")], "cannot share"), ([("hidden_size", "\"wide\"")], "expected a whole number"),
    ] as [([(String, String?)], String)])
  func unsupported(changes: [(String, String?)], expected: String) throws {
    try withTemporaryFolder { root in
      try write(["config.json": try description(changes)], to: root)
      let complaint = complaint(root)
      #expect(complaint.contains(expected), "\(complaint)")
      #expect(complaint.contains("config.json:"))
    }
  }

  @Test("Variants of a family that it does not compute are refused by the setting") func variants() throws {
    let cases: [(String, String, String)] = [
      ("opt", "do_layer_norm_before", "false"), ("opt", "word_embed_proj_dim", "8"),
      ("gpt2", "scale_attn_by_inverse_layer_idx", "true"), ("gemma3_text", "use_bidirectional_attention", "true"),
      ("gemma2", "layer_types", "[\"chunked_attention\", \"full_attention\"]"), ("smollm3", "no_rope_layers", "[1]"),
      ("gemma2", "query_pre_attn_scalar", "0"), ("gemma3_text", "rope_local_base_freq", "0"),
      ("phi3-longrope", "rope_parameters", "{\"rope_type\": \"longrope\"}"),
    ]
    for (name, key, value) in cases {
      try withTemporaryFolder { root in
        try write(["config.json": try description([(key, value)], of: name)], to: root)
        let complaint = complaint(root)
        #expect(complaint.contains("config.json:"), "\(name): \(complaint)")
        #expect(complaint.contains(key) || complaint.contains("short_factor"), "\(complaint)")
      }
    }
  }

  @Test("Sizes that no machine could hold are refused before they are multiplied") func hugeSizes() throws {
    let sizes = [
      ("num_hidden_layers", "4096"), ("hidden_size", "9000000"), ("intermediate_size", "9000000"),
      ("head_dim", "2"), ("vocab_size", "9000000"),
    ]
    try withTemporaryFolder { root in
      for changes in [sizes, [("head_dim", "1000000"), ("num_attention_heads", "1000000")], [("vocab_size", "1e18")]] {
        try write(["config.json": try description(changes)], to: root)
        do {
          _ = try ModelFiles.open(root).skeleton()
          Issue.record("accepted \(changes)")
        } catch { #expect(error is any InputError) }
      }
    }
  }

  @Test("A longrope model offers the context for which its factors hold") func longContext() throws {
    let configuration = try ModelFiles.open(GoldenFixture("models/phi3-longrope").folder.path).configuration
    #expect(configuration.contextLength == 128)
    guard case .rotary(let rotary) = configuration.positions else {
      Issue.record("no rotary embedding")
      return
    }
    #expect(rotary.dimension == 6 && rotary.divisors == [1, 1.25, 2.5] && rotary.attentionFactor > 1.1)
  }
}
