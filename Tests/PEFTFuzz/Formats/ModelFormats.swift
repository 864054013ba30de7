import Foundation
import PEFTCore
import PEFTMethods

/// A model's folder: config.json and generation_config.json beside weights that fit the first one.
struct ModelDescriptionFormat: FuzzedFormat {
  static let name = "config.json"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let families = try FileManager.default.contentsOfDirectory(
      atPath: corpus.project.appending(path: "Tests/Fixtures/models").path
    ).sorted().filter {
      FileManager.default.fileExists(atPath: corpus.project.path + "/Tests/Fixtures/models/\($0)/model.safetensors")
    }
    let pieces = [
      "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}", "\"sliding_window\": 0", "\"head_dim\": 3",
      "\"eos_token_id\": [1, 2, -3]",
    ]
    samples = try families.map { family in
      let folder = "Tests/Fixtures/models/\(family)"
      return Sample([
        .init(name: "config.json", bytes: try corpus.bytes("\(folder)/config.json"), mutation: .text(pieces: pieces)),
        .init(
          name: "generation_config.json", bytes: try corpus.bytes("\(folder)/generation_config.json"),
          mutation: .text(pieces: pieces)),
        .init(name: "model.safetensors", bytes: try corpus.bytes("\(folder)/model.safetensors"), mutation: nil),
      ])
    }
  }

  func read(_ sample: Sample, in folder: String) throws {
    let files = try ModelFiles.open(folder)
    _ = try files.skeleton().parameterCount
    _ = try files.weightBytes(as: .auto)
    let context = ComputeContext(threads: 1)
    let model = try files.load(as: .auto, context: context)
    // What fits its weights must also run.
    var forest = TokenForest()
    forest.add(.tokens([1, 2, 3]), under: nil)
    let tape = Tape(context: context, recording: false)
    _ = model.hiddenStates(forest, reading: [2], on: tape)
  }
}

/// A tokenizer.json.
struct TokenizerFormat: FuzzedFormat {
  static let name = "tokenizer.json"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let pieces = [
      "\"normalizer\": {\"type\": \"NFC\"},", "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a+)+$\"}}",
      "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"aa\"}", "\"byte_fallback\": true,",
    ]
    let published = try ["mixed", "llama3", "gemma"].map { try corpus.text("Tests/Fixtures/tokenizers/\($0).json") }
    samples = ([Self.byteLevel, Self.metaspace] + published).map { Sample("tokenizer.json", $0, pieces: pieces) }
  }

  func read(_ sample: Sample, in folder: String) throws {
    let (root, text) = try JSONParser.parse(file: folder + "/" + sample.main)
    let tokenizer = try Tokenizer.load(tokenizerJSON: root, text: text)
    for text in ["Hello, world 123!", " a\u{301}\u{0} \u{1F600}\n\n<s>ab", String(repeating: "ab ", count: 40)] {
      let ids = tokenizer.encode(text, addSpecialTokens: true)
      _ = tokenizer.decode(ids + [-1, .max], skipSpecialTokens: false)
    }
  }

  private static let byteLevel = """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [{"id": 9, "content": "<s>", "special": true, "normalized": false, "single_word": false,
       "lstrip": false, "rstrip": true}],
     "normalizer": {"type": "NFC"},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
       {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]},
     "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [9], "tokens": ["<s>"]}}},
     "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
     "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
       "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
       "vocab": {"a": 0, "b": 1, "l": 2, "o": 3, "\u{120}": 4, "ab": 5, "lo": 6, "\u{120}ab": 7, "H": 8},
       "merges": ["a b", ["l", "o"], "\u{120} ab"]}}
    """

  private static let metaspace = """
    {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}],
     "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u{2581}"},
       {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]},
     "pre_tokenizer": null,
     "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
       {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
     "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
       "vocab": {"<unk>": 0, "<0x41>": 1, "\u{2581}": 2, "a": 3, "b": 4, "\u{2581}a": 5, "ab": 6},
       "merges": ["\u{2581} a", "a b"]}}
    """
}

/// A chat template, and the tokenizer_config.json that carries it.
struct ChatTemplateFormat: FuzzedFormat {
  static let name = "chat-template"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let pieces = [
      "{% for x in range(99999) %}", "{% endfor %}", "{% set x = [x, x] %}", "{% set ns.a = [ns.a] %}",
      "{% set ns = namespace(a=[]) %}", "{{ 'ab' * 99999999 }}", "{{ x|tojson }}",
      "{% macro f(a) %}{{ f(a) }}{% endmacro %}",
      "{{ f(1) }}", "|join", "[::0]", "[-9223372036854775808:]", " ** 9", " // 0", " % -1",
      "{{ messages|list|tojson(indent=9) }}",
      "{% set m = dict(a=messages) %}", ".split('')", "|map('upper')", "|select('odd')", "{#", "{% raw %}", "{%- if",
    ]
    let configuration = """
      {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": null, "add_bos_token": true,
       "chat_template": [{"name": "default", "template": "{% for m in messages %}{{ m.content }}{% endfor %}"}]}
      """
    let given = try JSONParser.parse(file: corpus.project.path + "/Tests/Fixtures/templates/templates.json").value
    samples =
      [Sample("tokenizer_config.json", configuration, pieces: pieces)]
      + Self.texts(in: given).map { Sample("chat_template.jinja", $0, pieces: pieces) }
  }

  /// The texts of the fixture that are templates.
  private static func texts(in value: DocumentValue) -> [String] {
    if let text = value.string { return text.contains("{%") ? [text] : [] }
    return (value.array ?? value.object?.members.map(\.value) ?? []).flatMap(texts)
  }

  func read(_ sample: Sample, in folder: String) throws {
    let path = folder + "/" + sample.main
    var sources = [String(decoding: try MemoryMappedFile(path: path).contents, as: UTF8.self)]
    if sample.main.hasSuffix(".json") {
      let (root, text) = try JSONParser.parse(file: path)
      sources = try TokenizerConfiguration(json: root, text: text).chatTemplates.map(\.source)
    }
    for source in sources {
      let messages = [
        ChatMessage(role: "system", content: "Be brief."),
        ChatMessage(role: "user", content: "Is it \u{1F600} or not?"),
        ChatMessage(role: "assistant", content: "It is."),
      ]
      _ = try ChatTemplate(source: source, name: path).render(
        messages: messages, addGenerationPrompt: true, bosToken: "<s>", eosToken: "</s>")
    }
  }
}

/// A saved adapter, which is attached to the model that it belongs to.
struct AdapterFormat: FuzzedFormat {
  static let name = "adapter"
  let samples: [Sample]
  private let reader: AdapterReader

  init(corpus: Corpus) throws {
    let methods = try FileManager.default.contentsOfDirectory(
      atPath: corpus.project.appending(path: "Tests/Fixtures/methods").path
    ).sorted().filter { method in
      let folder = corpus.project.path + "/Tests/Fixtures/methods/\(method)"
      return method.hasSuffix("-llama") && FileManager.default.fileExists(atPath: folder + "/adapter_config.json")
    }
    let pieces = [
      "\"r\": 0,", "\"r\": 1000000000,", "\"target_modules\": \"(.*)*x\",", "\"rank_pattern\": {\"((a*)*)*\": 3},",
      "\"num_virtual_tokens\": 100000000,", "\"lora_alpha\": 1e999,", "\"init_lora_weights\": \"../x\",",
    ]
    samples = try methods.map { method in
      let folder = "Tests/Fixtures/methods/\(method)"
      return Sample([
        .init(
          name: "adapter_config.json", bytes: try corpus.bytes("\(folder)/adapter_config.json"),
          mutation: .text(pieces: pieces)),
        .init(
          name: "adapter_model.safetensors", bytes: try corpus.bytes("\(folder)/adapter_model.safetensors"),
          mutation: .safetensors),
      ])
    }
    reader = try AdapterReader(corpus)
  }

  func read(_ sample: Sample, in folder: String) throws { try reader.read(folder) }
}
