import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Files of Tests/Fixtures/tokenizers, made by scripts/golden/make_tokenizers.py.
enum TokenizerFixture {
  static let folder = GoldenFixture("tokenizers").folder

  static func text(_ name: String) throws -> DocumentText {
    DocumentText(name: name, bytes: Array(try Data(contentsOf: folder.appendingPathComponent(name))))
  }

  static func lines() throws -> [String] {
    let json = try JSONParser.parse(text("corpus.json"))
    return try #require(json.array?.compactMap { $0.string })
  }

  static func tokenizer(_ family: String) throws -> Tokenizer {
    guard family == "gguf" else {
      let text = try text("\(family).json")
      return try Tokenizer.load(tokenizerJSON: JSONParser.parse(text), text: text)
    }
    return try Tokenizer.load(gguf: ggufMetadata(), file: "gguf.json")
  }

  static func ggufMetadata() throws -> GGUFTokenizerMetadata {
    let json = try JSONParser.parse(text("gguf.json"))
    var metadata = GGUFTokenizerMetadata(
      model: try #require(json["model"]?.string), tokens: try #require(json["tokens"]?.array?.compactMap { $0.string }))
    metadata.scores = try #require(json["scores"]?.array?.compactMap { $0.number.map(Float.init) })
    metadata.tokenTypes = try #require(json["token_type"]?.array?.compactMap { $0.integer.map(Int32.init) })
    metadata.beginningOfText = json["bos_token_id"]?.integer
    metadata.unknown = json["unknown_token_id"]?.integer
    return metadata
  }

  static func ids(_ value: DocumentValue?) throws -> [Int32] {
    try #require(value?.array?.compactMap { $0.integer.map(Int32.init) })
  }
}

@Suite("Tokenizers") struct TokenizerTests {
  @Test(
    "Ids and decoded text equal the tokenizers library's on every line",
    arguments: [
      "gpt2", "smollm2", "llama3", "o200k", "qwen2", "llama2", "mistral", "metaspace", "gemma", "unknown", "mixed",
      "gguf",
    ]) func equalsReference(family: String) throws
  {
    let tokenizer = try TokenizerFixture.tokenizer(family)
    let lines = try TokenizerFixture.lines()
    let expected = try JSONParser.parse(TokenizerFixture.text("\(family).expected.json"))
    let expectedIDs = try #require(expected["ids"]?.array).map { try TokenizerFixture.ids($0) }
    let halves = try #require(expected["halves"]?.array)
    #expect(lines.count == expectedIDs.count)
    for (index, (line, ids)) in zip(lines, expectedIDs).enumerated() {
      #expect(tokenizer.encode(line, addSpecialTokens: false) == ids, "line \(index): \(line.debugDescription)")
      let text = expected["texts"]?["\(index)"]?.string ?? line
      let clean = expected["clean"]?["\(index)"]?.string ?? text
      #expect(same(tokenizer.decode(ids, skipSpecialTokens: false), text), "line \(index)")
      #expect(same(tokenizer.decode(ids, skipSpecialTokens: true), clean), "line \(index) without special tokens")
      guard index % 4 == 0 else { continue }
      let half = ids.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
      let halfText = try #require(halves[index / 4].string)
      #expect(same(tokenizer.decode(half, skipSpecialTokens: false), halfText))
    }
    let framed = try TokenizerFixture.ids(expected["framed_a"])
    #expect(tokenizer.encode("a", addSpecialTokens: true) == framed)
  }

  /// `String` equality ignores how characters are composed; a tokenizer must not.
  private func same(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

  @Test("A vocabulary is asked for tokens, ids and what is special") func vocabulary() throws {
    let tokenizer = try TokenizerFixture.tokenizer("smollm2")
    let id = try #require(tokenizer.id(of: "<|im_end|>"))
    #expect(tokenizer.token(for: id) == "<|im_end|>")
    #expect(tokenizer.isSpecial(id))
    let word = try #require(tokenizer.id(of: "Ġt"))
    #expect(!tokenizer.isSpecial(word))
    #expect(tokenizer.id(of: "no such token") == nil)
    #expect(tokenizer.token(for: -1) == nil)
    #expect(tokenizer.token(for: Int32(tokenizer.vocabularySize)) == nil)
    #expect(!tokenizer.isSpecial(-1))
    #expect(tokenizer.decode([-1, id, 1 << 30], skipSpecialTokens: false) == "<|im_end|>")
    #expect(tokenizer.addedTokens.map(\.id) == tokenizer.addedTokens.map(\.id).sorted())
  }

  @Test("A long text without a pre-tokenizer is merged in the same order as a short one") func longPiece() throws {
    let tokenizer = try TokenizerFixture.tokenizer("gemma")
    let word = "committee hadn't read the report, but they'd "
    let once = tokenizer.encode(word, addSpecialTokens: false)
    let many = tokenizer.encode(String(repeating: word, count: 500), addSpecialTokens: false)
    #expect(tokenizer.decode(many, skipSpecialTokens: false) == String(repeating: word, count: 500))
    #expect(many.count <= once.count * 500)
  }

  @Test(
    "What is not supported is refused by name and place",
    arguments: [
      (#"{"model": {"type": "WordPiece", "vocab": {}}}"#, "x.json:1:20: tokenizer model \"WordPiece\""),
      (#"{"model": {"type": "Unigram", "vocab": []}}"#, "\"Unigram\""),
      (#"{"model": {"vocab": {}}}"#, "only BPE"),
      (#"{}"#, "no \"model\""),
      (#"[]"#, "expected an object"),
      (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}"#, "\"b\" is not in the vocabulary"),
      (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["ab"]}}"#, "two tokens"),
      (#"{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}"#, "id of token \"a\""),
      (#"{"model": {"type": "BPE", "vocab": {"a": 99999999999}, "merges": []}}"#, "id of token \"a\""),
      (#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}"#, "same id 0"),
      (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}}"#, "dropout"),
      (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>"}}"#, "end_of_word"),
      (
        #"{"normalizer": {"type": "BertNormalizer"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}"#,
        "normalizer BertNormalizer"
      ),
      (
        #"{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "x+"}, "behavior": "Isolated"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}"#,
        "regular expression \"x+\""
      ),
      (
        #"{"decoder": {"type": "WordPiece"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}"#, "decoder WordPiece"
      ),
      (
        #"{"post_processor": {"type": "BertProcessing"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}"#,
        "post-processor BertProcessing"
      ),
      (
        #"{"added_tokens": [{"id": 0, "content": "b"}], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}"#,
        "has the id of \"a\""
      ),
    ]) func refusals(json: String, complaint: String) throws
  {
    let text = DocumentText(name: "x.json", bytes: Array(json.utf8))
    let value = try JSONParser.parse(text)
    let error = #expect(throws: DocumentError.self) { try Tokenizer.load(tokenizerJSON: value, text: text) }
    #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
  }

  @Test("An inconsistent GGUF description is refused") func ggufRefusals() throws {
    func expect(_ complaint: String, _ change: (inout GGUFTokenizerMetadata) -> Void) throws {
      var metadata = try TokenizerFixture.ggufMetadata()
      change(&metadata)
      let error = #expect(throws: GGUFTokenizerError.self) { try Tokenizer.load(gguf: metadata, file: "m.gguf") }
      #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
    }
    try expect("m.gguf: tokenizer model \"bert\"") { $0.model = "bert" }
    try expect("scores has") { $0.scores.removeLast() }
    try expect("token_type has") { $0.tokenTypes.removeLast() }
    try expect("bos_token_id") { $0.beginningOfText = 1 << 40 }
    try expect("no tokenizer.ggml.merges") { $0.model = "gpt2" }
    try expect("the nearest known is smollm") {
      $0.model = "gpt2"
      $0.preTokenizer = "smolm"
    }
    try expect("merges[0]") {
      $0.model = "gpt2"
      $0.merges = ["no such"]
    }
  }

  @Test("A byte-level tokenizer from GGUF metadata equals the one from tokenizer.json") func ggufByteLevel() throws {
    let text = try TokenizerFixture.text("smollm2.json")
    let json = try JSONParser.parse(text)
    let reference = try Tokenizer.load(tokenizerJSON: json, text: text)
    var metadata = GGUFTokenizerMetadata(
      model: "gpt2", tokens: try (0..<reference.vocabularySize).map { try #require(reference.token(for: Int32($0))) })
    metadata.preTokenizer = "smollm"
    metadata.tokenTypes = metadata.tokens.indices.map { reference.isSpecial(Int32($0)) ? 3 : 1 }
    metadata.merges = try #require(json["model"]?["merges"]?.array).map { pair in
      try #require(pair.array?.compactMap { $0.string }).joined(separator: " ")
    }
    let tokenizer = try Tokenizer.load(gguf: metadata, file: "m.gguf")
    for line in try TokenizerFixture.lines() {
      let ids = reference.encode(line, addSpecialTokens: true)
      #expect(tokenizer.encode(line, addSpecialTokens: true) == ids)
      #expect(same(tokenizer.decode(ids, skipSpecialTokens: true), reference.decode(ids, skipSpecialTokens: true)))
    }
  }

  @Test("Special tokens are read as text or as objects, templates as one or as a list") func configuration() throws {
    func read(_ json: String) throws -> TokenizerConfiguration {
      let text = DocumentText(name: "tokenizer_config.json", bytes: Array(json.utf8))
      return try TokenizerConfiguration(json: JSONParser.parse(text), text: text)
    }
    let one = try read(
      #"{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null, "add_bos_token": true, "chat_template": "T"}"#
    )
    #expect(one.beginningOfText == "<s>")
    #expect(one.endOfText == "</s>")
    #expect(one.padding == nil)
    #expect(one.addsBeginningOfText == true)
    #expect(one.addsEndOfText == nil)
    #expect(one.chatTemplates.map(\.name) == ["default"])
    let list = try read(
      #"{"chat_template": [{"name": "default", "template": "A"}, {"name": "tool_use", "template": "B"}]}"#)
    #expect(list.chatTemplates.map(\.source) == ["A", "B"])
    #expect(throws: DocumentError.self) { try read(#"{"bos_token": 1}"#) }
    #expect(throws: DocumentError.self) { try read(#"{"chat_template": [1]}"#) }
  }
}
